"""Real browser, real server processes, real HTTP to the emulator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import DjangoDbBlocker

from .browser import CHROMIUM_FLAGS, Watch, chromium
from .desk import Desk, open_desk

# Playwright runs an event loop in the thread of the tests, which Django would take for asynchronous code of ours.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A busy machine is slow, not wrong; the limits that matter are measured in the tests themselves.
expect.set_options(timeout=10_000)

DESKTOP = {"width": 1280, "height": 720}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and "desk" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium(), "args": list(CHROMIUM_FLAGS), "headless": True}


@pytest.fixture
def desk(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Desk]:
    with django_db_blocker.unblock(), open_desk(tmp_path) as desk:
        yield desk


@pytest.fixture(scope="module")
def shared_desk(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Desk]:
    """A desk for a whole module: where tests only read, or each works on an account of its own."""
    with django_db_blocker.unblock(), open_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fail the test for anything that went wrong on its pages and that it did not name."""
    watch = Watch()
    yield watch
    assert watch.troubles == []


@pytest.fixture
def sign_in(browser: Browser, desk: Desk, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of its own for a role: `sign_in("agent", path="/", theme="dark")`."""
    opened: list[BrowserContext] = []

    def open_page(role: str, path: str = "/", *, theme: str = "light", width: int = 1280, **options: Any) -> Page:
        size = {**DESKTOP, "width": width}
        context = browser.new_context(viewport=size, color_scheme=theme, **options)  # type: ignore[arg-type]
        opened.append(context)
        context.set_default_timeout(15_000)
        watch.attach(context)
        if role:
            context.add_cookies([{"name": "sessionid", "value": desk.session_of(role), "url": desk.url}])
        page = context.new_page()
        page.goto(desk.address(path))
        return page

    yield open_page
    for context in opened:
        context.close()
