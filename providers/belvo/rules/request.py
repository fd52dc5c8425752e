"""Belvo refused what was sent: field by field, or as a whole."""

from __future__ import annotations

from ...attention import Who
from ...errors import Becomes, ErrorRule

_PAGE = "Belvo errors page and OAS 1.223.0: "
_CORRECT = "Correct the marked fields and send it again."
_OUR_FAULT = "This is a fault of Linkdesk: give the code and request id below to an administrator."

REQUIRED = ErrorRule(
    code="belvo.required",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Belvo requires this field.",
    next_step=_CORRECT,
    who=Who.AGENT,
    remote_codes=("required",),
    source=_PAGE + "400 required.",
)
BLANK = ErrorRule(
    code="belvo.blank",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Belvo does not accept an empty value here.",
    next_step=_CORRECT,
    who=Who.AGENT,
    remote_codes=("null", "blank"),
    source=_PAGE + "400 null and blank; the documented “blank” sample has the code null.",
)
INVALID_CHOICE = ErrorRule(
    code="belvo.invalid_choice",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Belvo does not offer this choice.",
    next_step=_CORRECT,
    who=Who.AGENT,
    remote_codes=("invalid_choice",),
    source="Belvo errors page: 400 invalid_choice.",
)
INVALID = ErrorRule(
    code="belvo.invalid",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Belvo does not accept this value.",
    next_step=_CORRECT,
    who=Who.AGENT,
    remote_codes=("invalid",),
    source=_PAGE + "400 invalid: wrong format, or a resource that the institution does not support (field resources).",
)
VALIDATION_ERROR = ErrorRule(
    code="belvo.validation_error",
    becomes=Becomes.FIELD_ERRORS,
    sentence="What was typed does not have the form that the institution expects. Nothing was changed.",
    next_step="Compare each field with the hint beside it, correct it, and send it again.",
    who=Who.AGENT,
    remote_codes=("validation_error",),
    source="Belvo errors page: 400 validation_error, credentials that do not fit form_fields.",
)
NOT_A_LIST = ErrorRule(
    code="belvo.not_a_list",
    becomes=Becomes.REFUSED,
    sentence="Belvo expected a list. Nothing was changed.",
    next_step=_OUR_FAULT,
    who=Who.ADMIN,
    remote_codes=("not_a_list",),
    source="Belvo errors page: 400 not_a_list.",
)
PARSE_ERROR = ErrorRule(
    code="belvo.parse_error",
    becomes=Becomes.REFUSED,
    sentence="Belvo could not read what Linkdesk sent. Nothing was changed.",
    next_step=_OUR_FAULT,
    who=Who.ADMIN,
    remote_codes=("parse_error",),
    source="Belvo errors page: 400 parse_error.",
)
DOES_NOT_EXIST = ErrorRule(
    code="belvo.does_not_exist",
    becomes=Becomes.REFUSED,
    sentence="Belvo does not know something that this request names. Nothing was changed.",
    next_step="Check the link now; if it happens again, give the request id to an administrator.",
    who=Who.ADMIN,
    remote_codes=("does_not_exist",),
    source=_PAGE + "400 does_not_exist.",
)
INVALID_CREDENTIALS_STORAGE = ErrorRule(
    code="belvo.invalid_credentials_storage",
    becomes=Becomes.REFUSED,
    sentence="A recurrent link must store its credentials, and this one does not. Nothing was changed.",
    next_step="Leave the access mode at single, or ask the customer to connect again with stored credentials.",
    who=Who.AGENT,
    remote_codes=("invalid_credentials_storage",),
    source=_PAGE + "400 invalid_credentials_storage.",
)
INVALID_FETCH_RESOURCES = ErrorRule(
    code="belvo.invalid_fetch_resources",
    becomes=Becomes.REFUSED,
    sentence="A link that does not store its credentials must name the resources to fetch. Nothing was changed.",
    next_step="Choose at least one resource and send it again.",
    who=Who.AGENT,
    remote_codes=("invalid_fetch_resources",),
    source=_PAGE + "400 invalid_fetch_resources.",
)
INVALID_PERIOD = ErrorRule(
    code="belvo.invalid_period",
    becomes=Becomes.REFUSED,
    sentence="Belvo needs a period of at least 90 days for incomes. Nothing was changed.",
    next_step=_OUR_FAULT,
    who=Who.ADMIN,
    remote_codes=("invalid_period",),
    source=_PAGE + "400 invalid_period; Linkdesk asks for no incomes.",
)
METHOD_NOT_ALLOWED = ErrorRule(
    code="belvo.method_not_allowed",
    becomes=Becomes.REFUSED,
    sentence="Belvo does not offer this call at this address. Nothing was changed.",
    next_step=_OUR_FAULT,
    who=Who.ADMIN,
    remote_codes=("method_not_allowed",),
    source="Belvo errors page: 405 method_not_allowed.",
)

REQUEST: tuple[ErrorRule, ...] = (
    REQUIRED,
    BLANK,
    INVALID_CHOICE,
    INVALID,
    VALIDATION_ERROR,
    NOT_A_LIST,
    PARSE_ERROR,
    DOES_NOT_EXIST,
    INVALID_CREDENTIALS_STORAGE,
    INVALID_FETCH_RESOURCES,
    INVALID_PERIOD,
    METHOD_NOT_ALLOWED,
)
