"""What MoneyKit says about a link, an institution or a link session."""

from __future__ import annotations

from ...attention import Attention, Who
from ...errors import Becomes, ErrorRule

_OUR_FAULT = "This is a fault of Linkdesk or of its settings: give the code and the time to an administrator."

NOT_FOUND = ErrorRule(
    code="moneykit.not_found",
    becomes=Becomes.GONE,
    sentence="MoneyKit does not know this link.",
    next_step="If the customer still needs it, they have to connect again: that makes a new link.",
    who=Who.AGENT,
    remote_codes=("link_error.not_found",),
    source="Owner's document: 404 link_error.not_found.",
)
DELETED = ErrorRule(
    code="moneykit.deleted",
    becomes=Becomes.GONE,
    sentence="This link was deleted. A deleted link cannot be brought back.",
    next_step="If the customer still needs it, they have to connect again: that makes a new link.",
    who=Who.AGENT,
    remote_codes=("link_error.deleted",),
    source="Owner's document: 410 link_error.deleted; or 200 with the state deleted, for up to 90 days.",
)
FORBIDDEN_ACTION = ErrorRule(
    code="moneykit.forbidden_action",
    becomes=Becomes.REFUSED,
    sentence="MoneyKit may not do this: the account holder has not allowed it. Nothing was changed.",
    next_step="Send the repair link with the missing product added; the customer is then asked for it.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_RECONNECT,
    remote_codes=("link_error.forbidden_action",),
    script="You have not shared this with us yet. I send you a link where your bank asks you for it; it takes a "
    "minute.",
    source="Owner's document and MoneyKit's pages: 403 link_error.forbidden_action.",
)
OTHER_APP = ErrorRule(
    code="moneykit.other_app",
    becomes=Becomes.REFUSED,
    sentence="This link belongs to another app at MoneyKit, which our keys do not open. Nothing was changed.",
    next_step="Tell an administrator: the keys of that app are needed, or the link was moved.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("link_error.unauthorized_access",),
    source="SDK: 401 link_error.unauthorized_access; it is not about the token.",
)
BAD_CONFIG = ErrorRule(
    code="moneykit.bad_config",
    becomes=Becomes.REFUSED,
    sentence="This link has no webhook, so MoneyKit sent nothing.",
    next_step="Set a webhook first.",
    who=Who.AGENT,
    remote_codes=("link_error.bad_config",),
    source="SDK and MoneyKit's pages: 400 link_error.bad_config, test webhook.",
)
FORBIDDEN_CONFIG = ErrorRule(
    code="moneykit.forbidden_config",
    becomes=Becomes.DENIED,
    sentence="MoneyKit does not allow our app this kind of link session, or this return address. Nothing was changed.",
    next_step="Tell an administrator: MONEYKIT_REDIRECT_URI must be registered in MoneyKit's dashboard, and the "
    "products enabled.",
    who=Who.ADMIN,
    remote_codes=("link_session_error.forbidden_config",),
    source="SDK: 403 link_session_error.forbidden_config.",
)
INVALID_EXCHANGE = ErrorRule(
    code="moneykit.invalid_token_exchange",
    becomes=Becomes.REFUSED,
    sentence="MoneyKit does not take this token: it was used already, or it is too old. Nothing was changed.",
    next_step="Begin a new link session.",
    who=Who.AGENT,
    remote_codes=("link_session_error.invalid_token_exchange",),
    source="SDK: 400 link_session_error.invalid_token_exchange.",
)
INSTITUTION_NOT_FOUND = ErrorRule(
    code="moneykit.institution_not_found",
    becomes=Becomes.GONE,
    sentence="MoneyKit does not list this institution.",
    next_step="Nothing is lost: the link still shows its name.",
    who=Who.PROVIDER,
    remote_codes=("institution_error.not_found",),
    source="SDK: 404 institution_error.not_found.",
)
VALIDATION = ErrorRule(
    code="moneykit.validation_failed",
    becomes=Becomes.FIELD_ERRORS,
    sentence="MoneyKit did not accept what was entered. Nothing was changed.",
    next_step="Correct the marked fields and send it again.",
    who=Who.AGENT,
    remote_codes=("api_error.request.validation_failed",),
    source="SDK: api_error.request.validation_failed. Assumed: its status is 422; any is taken.",
)

LINK: tuple[ErrorRule, ...] = (
    NOT_FOUND,
    DELETED,
    FORBIDDEN_ACTION,
    OTHER_APP,
    BAD_CONFIG,
    FORBIDDEN_CONFIG,
    INVALID_EXCHANGE,
    INSTITUTION_NOT_FOUND,
    VALIDATION,
)
