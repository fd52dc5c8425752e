"""What every template has in common: nothing inline, fragments with one root, a comment that says what they need."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import engines

ROOT = Path(__file__).parents[2] / "templates"
TEMPLATES = sorted(ROOT.rglob("*.html"))
FRAGMENTS = [path for path in TEMPLATES if path.name.startswith("_") and path.parent != ROOT]
# What a view answers with by itself is swapped by its id; the others are pieces of these.
VIEWS = "".join(path.read_text() for path in (ROOT.parent / "dashboard" / "views").glob("*.py"))
SWAPPED = [path for path in FRAGMENTS if f'"dashboard/{path.name}"' in VIEWS]
IDS = {path.stem.removeprefix("_").replace("_", "-") for path in FRAGMENTS}
VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "use", "path", "wbr"}
SPRITE = (ROOT.parent / "static" / "icons.svg").read_text()


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


class Elements(HTMLParser):
    """The elements of a template, its tags left out; branches of an if count once each."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((len(self.open), tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def plain_html(path: Path) -> str:
    """Return a template's HTML with what Django would fill in left out."""
    source = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)
    source = re.sub(r"\{\{.*?\}\}", "x", source, flags=re.DOTALL)
    return re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_nothing_is_inline(path: Path) -> None:
    """The content security policy would refuse it in the browser; here it is named."""
    for _, tag, attributes in Elements(plain_html(path)).found:
        assert tag != "style"
        assert tag != "script" or attributes.get("src") is not None or attributes.get("type") == "application/json"
        for attribute, value in attributes.items():
            assert attribute != "style", f"style on <{tag}>"
            assert not attribute.startswith(("on", "hx-on", "data-hx-on")), f"{attribute} on <{tag}>"
            assert not (value or "").lstrip().startswith(("js:", "javascript:")), f"{attribute} on <{tag}>"


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_triggers_have_no_filters(path: Path) -> None:
    """A filter is code; under our policy it would stop the request without a word."""
    for _, _, attributes in Elements(plain_html(path)).found:
        assert "[" not in (attributes.get("hx-trigger") or "")


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_htmx_element_works_without_javascript(path: Path) -> None:
    """What a person presses needs an address of its own; what polls, loads or listens by itself does not."""
    for _, tag, attributes in Elements(plain_html(path)).found:
        by_itself = re.search(r"every|load|input|from:", attributes.get("hx-trigger") or "")
        if "hx-post" in attributes and not by_itself:
            is_button = tag == "button" and "formaction" in attributes
            assert is_button or (tag == "form" and {"action", "method"} <= attributes.keys()), f"hx-post on <{tag}>"
        if "hx-get" in attributes and not by_itself:
            assert {"href", "action"} & attributes.keys(), f"hx-get on <{tag}>"


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_it_compiles(path: Path) -> None:
    engines["django"].get_template(name_of(path))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_it_begins_with_a_comment(path: Path) -> None:
    first_lines = "\n".join(path.read_text().split("\n")[:2])

    assert re.match(r"\s*(\{% (extends|load) [^%]*%\}\s*)*(\{#|\{% comment %\})", first_lines)


@pytest.mark.parametrize("path", SWAPPED, ids=name_of)
def test_a_fragment_has_one_root_named_as_its_file(path: Path) -> None:
    """A fragment that stands in for another (a refusal where a panel was) bears the other's name."""
    roots = [attributes.get("id") or "" for depth, _, attributes in Elements(plain_html(path)).found if depth == 0]

    assert roots
    assert set(roots) <= IDS | {f"{name}-x" for name in IDS}


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_icon_is_in_the_sprite(path: Path) -> None:
    for name in re.findall(r'\{% icon "([^"]+)"', path.read_text()):
        assert f'id="{name}"' in SPRITE, name


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_words_have_no_exclamation_marks(path: Path) -> None:
    assert "!" not in re.sub(r"<[^>]*>|!doctype", "", plain_html(path))
