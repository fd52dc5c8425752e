"""A browser that tells on the page: console errors, policy violations and broken answers fail a test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Locator, Page, Response

# Opens a page of its own for a role: sign_in("agent", path="/", theme="dark").
SignIn = Callable[..., Page]
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
AXE_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# As root Chromium wants no sandbox; the rest keeps it from looking up its maker's hosts.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy violation: " + event.violatedDirective + " " + event.blockedURI));
"""


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is missing; on Debian: apt-get install chromium"
    return found


@dataclass
class Watch:
    """What went wrong on the pages of one person. `expects` names the statuses that a test provokes."""

    expected_statuses: set[int] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    pages_seen: list[str] = field(default_factory=list)
    keeps_bodies: bool = False

    def expects(self, *statuses: int) -> None:
        self.expected_statuses.update(statuses)

    def attach(self, context: BrowserContext) -> None:
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.troubles.append(f"uncaught: {error.error}"))
        context.on("response", self._on_response)

    def wait_for_body_with(self, page: Page, words: str) -> None:
        """Let the browser hand over the body of a page that is already shown: bodies arrive after their pages."""
        for _ in range(100):
            if any(words in body for body in self.pages_seen):
                return
            page.wait_for_timeout(50)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        text = message.text
        # Chromium's own line for an answer of 4xx or 5xx that the test has named.
        if any(f"status of {status}" in text for status in self.expected_statuses):
            return
        self.troubles.append(f"console {message.type}: {text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected_statuses:
            self.troubles.append(f"{response.status} for {response.request.method} {response.url}")
        if self.keeps_bodies and "text/html" in response.headers.get("content-type", ""):
            try:
                self.pages_seen.append(response.text())
            except Error:  # a redirect, or a page that was left, has no body
                return


@dataclass
class Hand:
    """A person at the page, who counts: one click is one press or Enter on a control, one entry is one filled field."""

    page: Page
    clicks: int = 0
    entries: int = 0

    def click(self, control: Locator) -> None:
        control.click()
        self.clicks += 1

    def enter(self, field_: Locator) -> None:
        """Press Enter in a field after typing: no click of its own, as in the journey of the search box."""
        field_.press("Enter")

    def type(self, field_: Locator, text: str) -> None:
        field_.fill(text)
        self.entries += 1

    def choose(self, field_: Locator, label: str) -> None:
        field_.select_option(label=label)
        self.entries += 1


_LISTEN = """
window.heard = [];
const region = document.getElementById("announcements");
new MutationObserver(() => { if (region.textContent) window.heard.push(region.textContent.trim()); })
  .observe(region, {childList: true, characterData: true, subtree: true});
"""
_NEEDS_A_NAME = "button|link|textbox|searchbox|combobox|listbox|checkbox|radio|spinbutton|heading|region|dialog|img"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that control has the focus."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {selector}.")


def listen(page: Page) -> None:
    """Keep what the page announces to a screen reader from now on; `heard` returns it."""
    page.evaluate(f"() => {{ {_LISTEN} }}")


def heard(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.heard")
    return found


def nameless(part: Locator) -> list[str]:
    """Return the lines of the tree that a screen reader walks in which something that needs a name has none."""
    return re.findall(rf'^ *- (?:{_NEEDS_A_NAME})(?![a-z])(?! ").*$', part.aria_snapshot(), re.MULTILINE)


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def axe_violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands, a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
        list(AXE_RULES),
    )
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:160]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
