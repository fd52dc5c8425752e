"""Three versions of an account, entry by entry: what is told, what is entered again, and what is never shown."""

from __future__ import annotations

from providers.fields import AuditClass, Choice, Field, FieldKind
from providers.merge import Side, Verdict
from providers.versions import Entry, Mine, Section, compare, entries_of, merged, unchosen


def entry(name: str, value: str, *, unit: str = "", locked: bool = False) -> Entry:
    return Entry(name, name.title(), repr(value), value, value or None, unit=unit, locked=locked)


def secret(name: str, digest: str) -> Entry:
    return Entry(name, name.title(), digest, kept_back=True, audit=AuditClass.SECRET)


def mine(value: str, *, is_theirs: bool = False) -> Mine:
    return Mine("Mine", value, value, is_theirs=is_theirs)


def verdicts(sections: tuple[Section, ...]) -> dict[str, Verdict]:
    return {section.name: section.verdict for section in sections}


def test_what_nobody_changed_is_left_out() -> None:
    version = (entry("name", "Ada"), entry("city", "Lund"))

    assert compare(version, version, {}) == ()


def test_each_change_is_told_with_whose_it_is() -> None:
    base = (entry("name", "Ada"), entry("city", "Lund"), entry("mail", "a@x"), entry("phone", "1"))
    theirs = (entry("name", "Ada"), entry("city", "Oslo"), entry("mail", "b@x"), entry("phone", "2"))

    sections = compare(base, theirs, {"name": mine("Eva"), "mail": mine("c@x"), "phone": mine("2", is_theirs=True)})

    assert verdicts(sections) == {
        "name": Verdict.MINE,
        "city": Verdict.THEIRS,
        "mail": Verdict.CHOOSE,
        "phone": Verdict.EITHER,
    }
    [line] = next(section for section in sections if section.name == "mail").lines
    assert (line.base_text, line.my_text, line.their_text) == ("a@x", "c@x", "b@x")


def test_only_what_differs_from_theirs_is_entered_again() -> None:
    base = (entry("name", "Ada"), entry("city", "Lund"), entry("mail", "a@x"))
    theirs = (entry("name", "Ada"), entry("city", "Oslo"), entry("mail", "b@x"))
    sections = compare(base, theirs, {"name": mine("Eva"), "mail": mine("c@x")})

    assert merged(sections, {"mail": Side.MINE}) == {"name": "Eva", "mail": "c@x"}
    assert merged(sections, {"mail": Side.THEIRS}) == {"name": "Eva"}
    assert merged(sections, {"mail": Side.ORIGINAL}) == {"name": "Eva", "mail": "a@x"}


def test_an_open_section_waits_for_a_choice() -> None:
    sections = compare((entry("name", "Ada"),), (entry("name", "Eva"),), {"name": mine("Ida")})

    assert unchosen(sections, {}) == ("name",)
    assert unchosen(sections, {"name": Side.THEIRS}) == ()


def test_lines_that_run_in_parallel_are_decided_as_one() -> None:
    base = (entry("item", "a\nb", unit="Lines"), entry("price", "1\n2", unit="Lines"))
    theirs = (entry("item", "a\nb\nc", unit="Lines"), entry("price", "1\n2\n3", unit="Lines"))

    sections = compare(base, theirs, {"price": mine("1\n5")})

    assert verdicts(sections) == {"Lines": Verdict.CHOOSE}
    assert merged(sections, {"Lines": Side.MINE}) == {"item": "a\nb", "price": "1\n5"}
    assert merged(sections, {"Lines": Side.THEIRS}) == {}


def test_what_no_form_changes_is_theirs_and_is_told() -> None:
    sections = compare((entry("id", "1", locked=True),), (entry("id", "2", locked=True),), {})

    assert verdicts(sections) == {"id": Verdict.THEIRS}
    assert sections[0].locked
    assert merged(sections, {}) == {}


def test_a_secret_is_told_without_any_text() -> None:
    given = Mine("Password", "hunter2", "hunter2", kept_back=True)

    [section] = compare((secret("password", "k:1"),), (secret("password", "k:2"),), {"password": given})

    [line] = section.lines
    assert section.verdict is Verdict.CHOOSE
    assert (line.changed_by_me, line.changed_by_them) == (True, True)
    assert (line.base_text, line.my_text, line.their_text) == (None, None, None)
    assert merged((section,), {"password": Side.MINE}) == {}


def test_an_entry_that_came_or_went_is_a_change() -> None:
    sections = compare((entry("old", "1"),), (entry("new", "2"),), {})

    assert verdicts(sections) == {"old": Verdict.THEIRS, "new": Verdict.THEIRS}


def test_a_form_that_shows_everything_makes_the_entries() -> None:
    fields = (
        Field("colour", "Colour", FieldKind.SELECT, choices=(Choice("r", "Red"),), initial="r"),
        Field("tags", "Tags", FieldKind.LIST, initial=("a", "b")),
        Field("pin", "PIN", FieldKind.PASSWORD, secret=True, initial="1234"),
        Field("shape", "Shape", editable=False),
        Field("kind", "Kind", hidden_value="x"),
    )

    entries = {each.name: each for each in entries_of(fields)}

    assert list(entries) == ["colour", "tags", "pin", "shape"]
    assert (entries["colour"].text, entries["tags"].text) == ("Red", "a, b")
    assert (entries["pin"].kept_back, entries["pin"].value, entries["pin"].text) == (True, None, None)
    assert "1234" not in repr(entries["pin"])
    assert entries["shape"].locked
