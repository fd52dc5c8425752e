"""A plan's placeholders: what they stand for, and that nothing else is taken for one."""

from __future__ import annotations

import json

from providers.fields import AuditClass
from providers.plan import CallTemplate, Change, Plan, fill_body, is_placeholder, missing_secrets, placeholder
from providers.secrets import Secret

CALL = CallTemplate("PUT", "/x/", {"a": placeholder("password"), "b": ["{{token}}", {"c": "{{ no }}"}], "d": 5})


def test_placeholders_are_replaced_at_any_depth_by_sealed_secrets() -> None:
    password, token = Secret("p"), Secret("t")

    body = fill_body(CALL, {"password": password, "token": token})

    assert body == {"a": password, "b": [token, {"c": "{{ no }}"}], "d": 5}
    assert fill_body(CallTemplate("GET", "/x/"), {}) is None


def test_a_secret_that_is_not_there_or_blank_is_missing() -> None:
    assert missing_secrets(CALL, {"password": Secret("p"), "token": Secret("")}) == ("token",)
    assert missing_secrets(CALL, {}) == ("password", "token")
    assert missing_secrets(CallTemplate("GET", "/x/"), {}) == ()


def test_only_a_whole_value_is_a_placeholder() -> None:
    assert is_placeholder("{{password}}")
    assert not any(map(is_placeholder, ("x{{password}}", "{{}}", "{{a b}}", "{{a}}\n", 5, None)))


def test_a_plan_survives_the_database() -> None:
    change = Change("a", "A", "1", None, audit=AuditClass.PUBLIC)
    plan = Plan("update", "r1", "Change it", (change,), CALL, "base", ("password",), ("Careful.",))

    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))).digest == plan.digest
