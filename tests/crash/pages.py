"""What a client reads in our pages: the inputs of a form as they come, the digest of a plan, how it ended."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser


class _Inputs(HTMLParser):
    """Collects name and value of all that a browser would send of an untouched form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[tuple[str, str]] = []
        self._select = ""
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "input" and name:
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.values.append((name, value))
        elif tag == "textarea":
            self._text = name
            self.values.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.values.append((self._select, value))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            name, so_far = self.values[-1]
            self.values[-1] = (name, so_far + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = None


def inputs_in(html: str) -> list[tuple[str, str]]:
    parser = _Inputs()
    parser.feed(html)
    return [(name, value.removeprefix("\n")) for name, value in parser.values if name.startswith("field-")]


def draft_in(html: str) -> str:
    return _first(r"/operations/([0-9a-f-]{36})/(?:apply|preview)/", html)


def digest_in(html: str) -> str:
    return _first(r'name="digest" value="([0-9a-f]+)"', html)


def name_in(html: str) -> str:
    """Return what has to be typed before something dangerous."""
    return unescape(_first(r"Type “([^”]+)” to confirm", html))


def approval_in(html: str) -> str:
    """Return the request that an operation waits for."""
    return _first(r"/approvals/([0-9a-f-]{36})/", html) if 'id="awaiting-approval"' in html else ""


def waiting_in(html: str) -> str:
    """Return the first request in a list of them."""
    return _first(r'id="row-([0-9a-f-]{36})"', html)


def is_approved(html: str) -> bool:
    return bool(re.search(r'id="approval-state">.{0,2000}?Approved and done', html, re.S))


def is_room(html: str) -> bool:
    return 'id="mfa-room"' in html


def attempt_in(html: str) -> str:
    return _first(r'name="attempt" value="(\d+)"', html)


def tells_done(html: str) -> bool:
    return 'id="receipt"' in html


def tells_end(html: str) -> bool:
    """Say whether nothing more will be told soon."""
    return bool(re.search(r'data-state="(?:done|accepted|refused|failed|cancelled|expired)"', html))


def _first(pattern: str, html: str) -> str:
    found = re.search(pattern, html)
    return found[1] if found else ""
