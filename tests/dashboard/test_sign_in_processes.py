"""Codes that are sent a hundred times at once, and guessing from many processes: real processes, one database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from dashboard.models import Tries
from tests import databases, people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
ROOT = Path(__file__).resolve().parents[2]
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def together(processes: int, *arguments: object, tried: Callable[[], str]) -> list[int]:
    """Start processes, tell all of them at the same moment what to try, and return what each of them counted."""
    environment = {**os.environ, "DATABASE_URL": databases.database_url(databases.current())}
    command = [sys.executable, "-m", "tests.dashboard.door_child", *map(str, arguments)]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    what = tried()
    for process in started:
        assert process.stdin is not None
        process.stdin.write(f"{what}\n")
        process.stdin.flush()
    return [int(process.communicate(timeout=120)[0]) for process in started]


@pytest.fixture
def factors() -> None:
    ana = people.member("agent")
    Authenticator.objects.create(user=ana, type="totp", data={"secret": SEED})
    Authenticator.objects.create(user=ana, type="recovery_codes", data={"seed": "ab" * 40, "used_mask": 0})


def test_a_code_works_once_though_two_processes_send_it_a_hundred_times(factors: None) -> None:
    recovery = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()[4]

    assert sum(together(2, "spend", "totp", 50, tried=_code)) == 1
    assert sum(together(2, "spend", "recovery_codes", 50, tried=lambda: recovery)) == 1


@pytest.mark.parametrize("processes", [4, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("limit", ["PASSWORD", "CODE"])
def test_the_limit_on_guessing_is_one_for_all_processes(limit: str, processes: int) -> None:
    let_through = together(processes, "guess", limit, 10, tried=lambda: "ana@desk.example")

    assert sum(let_through) == 5
    assert not Tries.objects.filter(subject__contains="ana").exists()


def _code() -> str:
    """Return the code of the step after this one: it is right for longest."""
    return format_hotp_value(hotp_value(SEED, int(time.time()) // 30 + 1))
