"""What every test stands on: settings of their own, never the machine's, and databases that are never flushed."""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

_IS_FIRST_PROCESS = "PYTEST_XDIST_WORKER" not in os.environ
if _IS_FIRST_PROCESS:
    os.environ["LINKDESK_TEST_FOLDER"] = tempfile.mkdtemp(prefix="linkdesk-tests-")
_FOLDER = Path(os.environ["LINKDESK_TEST_FOLDER"])
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
# `tests/run.py --database postgresql` names its own server here; DATABASE_URL of the machine is never used.
_DATABASE_URL = os.environ.get("LINKDESK_TEST_DATABASE_URL") or f"sqlite:///{_FOLDER / f'{_WORKER}.sqlite3'}"

for _name in list(os.environ):
    if _name.startswith(("INTEGRATIONS", "BELVO_", "FLXPOINT_", "LINKAR_", "MONEYKIT_")):
        del os.environ[_name]
os.environ.update(
    LINKDESK_SETTINGS=os.devnull,
    SECRET_KEY="for-tests-only-for-tests-only-for-tests-only-for-tests-only",
    AUDIT_KEYS="a1:" + base64.b64encode(b"a" * 32).decode(),
    FIELD_KEYS="f1:" + base64.b64encode(b"f" * 32).decode(),
    ANCHOR_KEYS="s1:" + base64.b64encode(b"s" * 32).decode(),
    # Tests that want anchors name a sink.
    AUDIT_ANCHORS="",
    HTTPS="false",
    # Who tests deletions does not test approvals; tests of these switch them on.
    APPROVALS="",
    DEBUG="false",
    DEMO="false",
    DATABASE_URL=_DATABASE_URL,
    TASKS_URL=f"sqlite:///{_FOLDER / f'tasks-{_WORKER}.sqlite3'}",
    STATIC_ROOT=str(_FOLDER / "static"),
    EXPORTS_DIR=str(_FOLDER / f"exports-{_WORKER}"),
    DJANGO_SETTINGS_MODULE="dashboard.settings",
)

import django  # noqa: E402
import hypothesis  # noqa: E402
import pytest  # noqa: E402
from pytest_django import DjangoDbBlocker  # noqa: E402

from dashboard import settings as _settings  # noqa: E402

# Before Django reads the settings: repeated queries fail a page, and pages need no collected static files.
_settings.INSTALLED_APPS.append("zeal")
_settings.MIDDLEWARE.append("zeal.middleware.zeal_middleware")
_settings.ZEAL_RAISE = True  # type: ignore[attr-defined]
# The head of the chain is read for each entry, and one request may write two. allauth looks at each session by itself.
_settings.ZEAL_ALLOWLIST = [  # type: ignore[attr-defined]
    {"model": "dashboard.AuditHead"},
    {"model": "sessions.Session"},
]
_settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
(_FOLDER / "static").mkdir(exist_ok=True)
django.setup()
# How long an example takes says more about the machine's load than about the code.
hypothesis.settings.register_profile("linkdesk", deadline=None)
hypothesis.settings.load_profile("linkdesk")

from django.test import Client  # noqa: E402

from dashboard.models import User  # noqa: E402
from dashboard.services import audit_gate  # noqa: E402
from providers.config import read_configuration  # noqa: E402

from . import databases, people, shadow  # noqa: E402
from .emulator import Emulator, running  # noqa: E402

Client.force_login = people.force_login  # type: ignore[method-assign]

# A gate that was open in one test says nothing about the next one.
audit_gate.OPEN_FOR_S = 0.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests of the issue's full size")
    parser.addoption("--places", type=int, help="at how many places each way of tampering with the audit log is tried")
    parser.addoption("--seed", type=int, help="the seed of those places; a random one is printed")
    parser.addoption("--write-screenshots", action="store_true", help="make the README's pictures anew")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "fault_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.faults)
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


shadow.start_watching()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _IS_FIRST_PROCESS:
        shutil.rmtree(_FOLDER, ignore_errors=True)


# -- databases: see tests/databases.py


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process its own copy of the migrated template; tests that commit get one each."""
    from django.test import TransactionTestCase

    opened: list[AbstractContextManager[str]] = []

    def copy_instead_of_fixtures(cls: type) -> None:
        opened.append(databases.fresh(databases.migrated()))
        opened[-1].__enter__()

    def drop_instead_of_flush(self: object) -> None:
        opened.pop().__exit__(None, None, None)

    with django_db_blocker.unblock(), databases.fresh(databases.migrated()), pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(copy_instead_of_fixtures))
        patch.setattr(TransactionTestCase, "_fixture_teardown", drop_instead_of_flush)
        # Blocked outside tests as usual; each test that asks for the database unblocks it for itself.
        with django_db_blocker.block():
            yield


@pytest.fixture(autouse=True)
def _every_change_is_on_record() -> Iterator[None]:
    """Fail the test in which the product changed what is audited without an entry: see tests/shadow.py."""
    with shadow.watch.over_test():
        yield
    assert shadow.watch.found == []


# -- people and remotes


@pytest.fixture
def staff(db: None) -> dict[str, User]:
    """Return one member of staff for each role, by role. They have no password: sign in with `client.force_login`."""
    return people.one_for_each_role()


@pytest.fixture
def emulator(settings: Any) -> Iterator[Emulator]:
    """Run the emulators with a fresh world and point the integrations at them."""
    with running() as emulator:
        settings.INTEGRATIONS = read_configuration(emulator.environment)
        yield emulator
