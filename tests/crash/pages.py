"""What a client reads in our pages: the inputs of a form as they come, the digest of a plan, the receipt."""

from __future__ import annotations

import re
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
    found = re.search(r"/operations/([0-9a-f-]{36})/(?:apply|preview)/", html)
    return found[1] if found else ""


def digest_in(html: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]+)"', html)
    return found[1] if found else ""


def tells_done(html: str) -> bool:
    return 'id="receipt"' in html
