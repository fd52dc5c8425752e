"""Belvo keeps the contract of all providers; each row of its catalogue has a sample here."""

from __future__ import annotations

from ..canned import Answer, as_json
from ..contract import Entries, ProviderContract, Sample
from .support import SAMPLES as FOLDER
from .support import sample


def refusal(status: int, code: str, message: str = "", **extra: str) -> Answer:
    """Return a refusal that is documented in words only, in the documented envelope."""
    return as_json([{"code": code, "message": message, "request_id": "0" * 32, **extra}], status)


def rows(by: str, **files: str) -> tuple[Sample, ...]:
    """Return the sample of each row, by the last part of its code (`__` for a dot)."""
    return tuple(Sample(f"belvo.{code.replace('__', '.')}", sample(file), by) for code, file in files.items())


NOWHERE = as_json({"count": 1, "next": "https://elsewhere.example/api/links/?page=2", "previous": None, "results": []})
SAMPLES = (
    *rows(
        "credentials",
        login_error__wrong_password="error_400_login_error.json",
        login_error__not_attempted="error_400_login_error_not_attempted.json",
        login_error__missing_credentials="error_400_login_error_missing.json",
        login_error__locked="error_400_login_error_account_locked.json",
        login_error__forbidden="error_400_login_error_forbidden.json",
        login_error__code_not_supported="error_400_login_error_mfa_unsupported.json",
        login_error__institution_trouble="error_400_login_error_try_later.json",
        too_many_sessions="error_400_too_many_sessions.json",
        activation_required="update_428_activation_required.json",
        activation_failed="error_400_activation_failed.json",
        institution_down="error_400_institution_down.json",
        institution_unavailable="error_400_institution_unavailable.json",
        institution_inactive="error_400_institution_inactive.json",
        expired_credentials="error_404_expired_credentials.json",
        consent_without_accounts="error_401_consent_without_accounts.json",
        duplicated="error_400_duplicated.json",
        required="error_400_required.json",
        blank="error_400_blank.json",
        validation_error="error_400_validation_error.json",
        parse_error="error_400_parse_error.json",
        does_not_exist="error_400_does_not_exist.json",
        authentication_failed="error_401_authentication_failed.json",
        access_to_resource_denied="error_403_access_to_resource_denied.json",
        access_to_production_denied="error_403_access_to_production_denied.json",
        quota_limit_reached="error_403_quota_limit_reached.json",
        edge_block="error_403_blocked.html",
        too_many_requests="error_429_too_many_requests.json",
        request_timeout="error_408_request_timeout.json",
        unexpected_error="error_500_unexpected_error.json",
        service_unavailable="error_500_service_unavailable.json",
        method_not_allowed="error_405_method_not_allowed.json",
    ),
    *rows(
        "settings",
        invalid_choice="error_400_invalid_choice.json",
        invalid_credentials_storage="error_400_invalid_credentials_storage.json",
        invalid_fetch_resources="error_400_invalid_fetch_resources.json",
        not_a_list="error_400_not_a_list.json",
    ),
    *rows(
        "refresh",
        invalid="error_400_invalid_resources.json",
        invalid_link="error_400_invalid_link.json",
        unconfirmed_link="error_400_unconfirmed_link.json",
        unsupported_operation="error_400_unsupported_operation.json",
        unavailable_data="error_400_unavailable_data.json",
        operational_limits_reached="error_400_operational_limits_reached.json",
        link_refreshed="error_409_link_refreshed.json",
    ),
    *rows("resume", session_expired="error_400_session_expired.json", session_unknown="error_404_not_found.json"),
    *rows("repair_link", session_expired_ob="error_400_session_expired_ob.json"),
    *rows("fetch", not_found="error_404_not_found.json"),
    *rows("list", wrong_address="error_404_not_found.json"),
    *rows("fetch_schema", institution_not_found="link_list_empty.json"),
    # Where the sources disagree, and other answers that lead to the same row.
    *rows("credentials", too_many_sessions="error_404_too_many_sessions.json", blank="error_400_null.json"),
    Sample("belvo.request_timeout", Answer(408, b"<html>", "text/html"), "credentials"),
    Sample("belvo.too_many_requests", Answer(429, b"slow down", "text/plain"), "delete"),
    Sample("belvo.blank", refusal(400, "blank", field="password"), "credentials"),
    # Documented in words, or assumed, without a sample.
    Sample("belvo.login_error.other", refusal(400, "login_error", "The branch asks for a visit."), "credentials"),
    Sample("belvo.token_required.no_session", refusal(428, "token_required", "A MFA token is required"), "credentials"),
    Sample("belvo.invalid_period", refusal(400, "invalid_period", "At least 90 days"), "refresh"),
    Sample("belvo.permission_denied", refusal(403, "permission_denied"), "credentials"),
    Sample("belvo.unauthorised", Answer(401, b"", "text/plain"), "credentials"),
    Sample("belvo.gateway", Answer(502, b"<html>Bad gateway</html>", "text/html"), "credentials"),
    Sample("belvo.next_page_unusable", NOWHERE, "list again"),
)
_TYPED = {"password": "pass_valid", "user_document": "11144477735"}


ENTRIES = {
    "credentials": Entries(secrets=_TYPED),
    "settings": Entries(values={"stale_in": "42"}),
    "consents": Entries(secrets=_TYPED),
}


class TestBelvoContract(ProviderContract):
    slug = "belvo"
    samples = SAMPLES
    entries = ENTRIES
    token = "111111"
    webhook = (FOLDER / "webhook_link_invalid_credentials.json").read_bytes()
