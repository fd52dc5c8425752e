"""How a row of an error catalogue is found: by code first, by status second, and never by chance."""

from __future__ import annotations

import pytest

from providers.attention import Who
from providers.errors import BUILT_IN, Becomes, ErrorRule, find_rule


def row(code: str, **match: object) -> ErrorRule:
    return ErrorRule(code, Becomes.REFUSED, "It happened.", "Wait.", Who.AGENT, "Tests only.", **match)  # type: ignore[arg-type]


ROWS = (
    row("locked", remote_codes=("login_error",), message=r"locked|blocked"),
    row("login", remote_codes=("login_error", "invalid_credentials")),
    row("login_at_428", statuses=(428,), remote_codes=("token_required",)),
    row("blocked_by_edge", statuses=(403,), message="openresty"),
    row("down", statuses=(500, 502)),
    row("maintenance", message="maintenance"),
)


@pytest.mark.parametrize(
    ("status", "remote_code", "message", "code"),
    [
        (400, "login_error", "", "login"),
        (418, "invalid_credentials", "Wrong.", "login"),
        (400, "login_error", "The account is LOCKED.", "locked"),
        (428, "token_required", "", "login_at_428"),
        (400, "token_required", "", None),
        (403, "", "<center>openresty</center>", "blocked_by_edge"),
        (403, "", "", None),
        (500, "", "", "down"),
        (502, "", "anything", "down"),
        (500, "brand_new_code", "", None),
        (503, "", "", None),
        (200, "", "Down for Maintenance", "maintenance"),
        (500, "brand_new_code", "maintenance", "maintenance"),
        (400, "", "", None),
        (400, "LOGIN_ERROR", "", None),
    ],
)
def test_the_row_that_matches_is_found(status: int, remote_code: str, message: str, code: str | None) -> None:
    found = find_rule(ROWS, status, remote_code, message)

    assert (found.code if found else None) == code


def test_a_row_that_names_nothing_matches_nothing() -> None:
    assert find_rule((row("empty"),), 400, "", "") is None
    assert find_rule((row("empty"),), 400, "code", "message") is None


def test_the_first_of_two_rows_wins() -> None:
    rows = (row("first", remote_codes=("code",)), row("second", remote_codes=("code",)))

    found = find_rule(rows, 400, "code", "")

    assert found is rows[0]


def test_an_unknown_code_is_not_explained_by_its_status() -> None:
    assert find_rule((row("bad_request", statuses=(400,)),), 400, "never_seen", "") is None


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.code)
def test_our_own_rows_speak_to_people(rule: ErrorRule) -> None:
    assert rule.sentence.endswith(".")
    assert rule.next_step.endswith(".")
    assert "!" not in rule.sentence + rule.next_step
    assert rule.source


def test_our_own_codes_are_unique() -> None:
    assert len({rule.code for rule in BUILT_IN}) == len(BUILT_IN)
