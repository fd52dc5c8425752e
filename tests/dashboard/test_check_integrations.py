"""`manage.py check_integrations` tells each thing that can be wrong with a set-up, and asks all of them."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from providers.sandbox_faults import Fault


def checked(*names: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("check_integrations", *names, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_what_is_in_order_is_said_so(remote: Any) -> None:
    assert checked("linkar") == (0, "linkar: in order.\n", "")


def test_what_is_wrong_is_said_with_what_to_do_and_the_others_are_asked_too(remote: Any) -> None:
    remote.sandboxes["linkar"].faults.add(Fault("answer", path="*/scopes", status=403, body=""))

    code, out, err = checked()

    assert code == 1
    assert "belvo: in order." in out and "linkar" not in out
    assert err.startswith("linkar: Our key may not do this at Linkar") and "crud.read" in err


def test_a_check_that_breaks_off_is_said_so_and_the_others_are_asked_too(remote: Any, settings: Any) -> None:
    configured = settings.INTEGRATIONS.integrations
    first = next(iter(configured))
    # No reading of the environment lets such settings through: what they meet is no answer, but a fault.
    configured[first] = replace(configured[first], values={})

    code, out, err = checked()

    assert code == 1
    assert err.startswith(f"{first}: The check broke off by a fault of Linkdesk (") and "tell whoever" in err
    assert out.count("in order.") == len(configured) - 1


def test_a_database_that_does_not_answer_is_told_from_linkar_being_down(remote: Any) -> None:
    body = '{"ERRORS": [{"CODE": "1", "MESSAGE": "No session free"}]}'
    remote.sandboxes["linkar"].faults.add(Fault("answer", path="*/GetVersion", status=400, body=body))
    assert "No session free" in checked("linkar")[2]

    remote.sandboxes["linkar"].faults.add(Fault("answer", path="*/health", status=200, body='"DOWN"'))
    assert "does not say that it is Linkar" in checked("linkar")[2]


def test_an_integration_that_is_not_there_is_named(remote: Any) -> None:
    with pytest.raises(CommandError, match="no integration “erp”"):
        checked("erp")
