"""Settings come from the environment, from files it names, or from one settings file; what is missing is named."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from logging.config import DictConfigurator
from pathlib import Path

import pytest
import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory

from dashboard.request_log import RequestLogMiddleware

ROOT = Path(__file__).resolve().parents[2]
READ = """
import json
from dashboard import settings
print(json.dumps({name: getattr(settings, name, None) for name in %r}, default=str))
"""


def read(*names: str, **environment: str) -> dict[str, object]:
    answer = run("-c", READ % (names,), **environment)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def run(*arguments: str, without: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    combined = {name: value for name, value in {**os.environ, **environment}.items() if name != without}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=combined, capture_output=True, text=True, check=False
    )


def formatter() -> logging.Formatter:
    """Return the formatter of every log line, made as Django makes it."""
    configured = DictConfigurator(settings.LOGGING)
    made: logging.Formatter = configured.configure_formatter(dict(settings.LOGGING["formatters"]["line"]))
    return made


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")

    assert read("SECRET_KEY", SECRET_KEY_FILE=str(tmp_path / "key"))["SECRET_KEY"] == "from a file"


def test_the_environment_wins_over_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("LOG_LEVEL=ERROR\nTIME_ZONE=America/Bogota\n")

    found = read("LOG_LEVEL", "TIME_ZONE", LINKDESK_SETTINGS=str(tmp_path / "env"), LOG_LEVEL="DEBUG")

    assert found == {"LOG_LEVEL": "DEBUG", "TIME_ZONE": "America/Bogota"}


@pytest.mark.parametrize("name", ["SECRET_KEY", "AUDIT_KEYS", "FIELD_KEYS", "ANCHOR_KEYS"])
def test_a_missing_key_is_named_in_one_sentence(name: str) -> None:
    answer = run("manage.py", "check", without=name)

    assert answer.returncode != 0
    assert name in answer.stderr
    assert "Traceback" not in answer.stderr


def test_cookies_and_redirects_want_tls_unless_told_otherwise() -> None:
    secure = read("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", HTTPS="true")

    assert set(secure.values()) == {True}


@pytest.mark.parametrize(
    ("url", "storage"),
    [
        ("sqlite:////tmp/linkdesk-settings-test/tasks.sqlite3", "huey.SqliteHuey"),
        ("redis://127.0.0.1:6379/0", "huey.RedisHuey"),
        ("postgres://linkdesk@127.0.0.1/linkdesk", "huey.PostgresHuey"),
    ],
)
def test_the_address_of_the_tasks_chooses_where_they_wait(url: str, storage: str) -> None:
    huey = read("HUEY", TASKS_URL=url)["HUEY"]

    assert isinstance(huey, dict)
    assert huey["huey_class"] == storage
    assert huey["immediate"] is False


def test_sqlite_waits_for_other_writers_and_forgets_what_was_deleted() -> None:
    database = read("DATABASES", DATABASE_URL="sqlite:////tmp/linkdesk-settings-test/desk.sqlite3")["DATABASES"]

    assert isinstance(database, dict)
    options = database["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "recursive_triggers=ON"):
        assert pragma in options["init_command"]


def test_the_example_names_every_setting_that_is_read() -> None:
    example = (ROOT / ".env.example").read_text()
    source = (ROOT / "dashboard" / "settings.py").read_text()
    read_there = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source)) | {"INTEGRATIONS", "LINKDESK_SETTINGS"}

    assert {name for name in read_there if not re.search(rf"^(# )?{name}=", example, re.MULTILINE)} == set()


def test_the_readme_names_every_setting_of_the_example() -> None:
    names = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    readme = (ROOT / "README.md").read_text()

    assert [name for name in names if f"`{name}`" not in readme] == []


def test_the_policy_allows_nothing_inline() -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]

    assert directives["default-src"] == ["'none'"]
    assert not [value for values in directives.values() for value in values if "unsafe" in value]


def test_the_log_line_of_a_request_has_no_query_string() -> None:
    request = RequestFactory().get("/linked-accounts/", {"q": "maria@example.com"})

    line = RequestLogMiddleware.format_request(request)

    assert line == "GET /linked-accounts/"


def test_a_request_is_one_log_line_without_header_values() -> None:
    with structlog.testing.capture_logs() as lines:
        middleware = RequestLogMiddleware(lambda request: HttpResponse("fine"))
        middleware(RequestFactory().get("/x/", {"q": "maria"}, headers={"user-agent": "a browser of theirs"}))

    assert [line["event"] for line in lines] == ["request_finished"]
    assert "maria" not in str(lines)
    assert "a browser of theirs" not in str(lines)


def test_djangos_own_log_lines_have_no_query_string_either() -> None:
    record = logging.makeLogRecord(
        {"name": "django.request", "msg": "Not Found: %s", "args": ("/x/",), "levelno": 30, "levelname": "WARNING"}
    )
    record.request = RequestFactory().get("/x/", {"q": "maria@example.com"})
    record.status_code = 404

    line = formatter().format(record)

    assert "Not Found: /x/" in line
    assert "maria" not in line


@pytest.mark.django_db
def test_the_cache_is_a_table_that_migrate_has_made() -> None:
    cache.set("counted", 3)

    assert cache.get("counted") == 3
