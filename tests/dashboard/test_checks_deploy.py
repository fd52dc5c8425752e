"""Django's own list of what a production site must have; and our checks, which name the variable to set."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(tmp_path: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    def ring() -> str:
        return "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()

    production: dict[str, str | None] = {
        **os.environ,
        "DJANGO_ALLOW_ASYNC_UNSAFE": None,  # of the browser tests
        "SECRET_KEY": secrets.token_urlsafe(60),
        "AUDIT_KEYS": ring(),
        "FIELD_KEYS": ring(),
        "ANCHOR_KEYS": ring(),
        "AUDIT_ANCHORS": "https://witness.example/anchors",
        "HTTPS": "true",
        "ALLOWED_HOSTS": "desk.example",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'desk.sqlite3'}",
        "TASKS_URL": f"sqlite:///{tmp_path / 'tasks.sqlite3'}",
        "INTEGRATIONS": "belvo",
        "BELVO_URL": "https://belvo.example",
        "BELVO_SECRET_ID": "id",
        "BELVO_SECRET_PASSWORD": "password",
        **changes,
    }
    environment = {name: value for name, value in production.items() if value is not None}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_production_environment_has_no_issues(tmp_path: Path) -> None:
    answer = check(tmp_path)

    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout


@pytest.mark.parametrize("name", ["BELVO_SECRET_ID", "BELVO_SECRET_PASSWORD"])
def test_a_missing_setting_of_a_provider_is_named(tmp_path: Path, name: str) -> None:
    answer = check(tmp_path, **{name: None})

    assert answer.returncode != 0
    assert name in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_key_that_is_no_key_is_named_without_showing_it(tmp_path: Path) -> None:
    answer = check(tmp_path, AUDIT_KEYS="k1:not-a-key-at-all")

    assert answer.returncode != 0
    assert "AUDIT_KEYS" in answer.stderr
    assert "not-a-key-at-all" not in answer.stderr


def test_an_address_that_would_be_asked_in_clear_is_named(tmp_path: Path) -> None:
    answer = check(tmp_path, BELVO_URL="http://belvo.example")

    assert answer.returncode != 0
    assert "BELVO_URL: must begin with https://" in answer.stderr
    assert "Traceback" not in answer.stderr
