"""JSON, XML and LkString say the same: whatever goes through one of them comes out as through the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.json_safe import parse_json
from providers.linkar import sandbox_formats as theirs
from providers.linkar.lkstring import LKSTRING
from providers.linkar.multivalue import AM, FS, RS, SM, TM, VM
from providers.linkar.xml_body import XML
from providers.media import UnsoundBody

from .support import linkar, patient

SAMPLES = Path(__file__).parent / "samples"
# Letters that are marks, blanks that are none, escapes of JSON and XML, and what Python takes for the end of a line.
PIECES = st.sampled_from(
    [*"aZ 0&<>\"'/\\\t\n\r", VM, SM, TM, "\x85", "\u2028", "ü", "ý", "þórr".replace("þ", "Þ"), "û", "日", "😀", "]]>"]
)
VALUE = st.lists(PIECES, max_size=8).map("".join)
# What only JSON can say: XML has no control characters at all, LkString none of its own.
CONTROL = st.lists(PIECES | st.sampled_from(["\x1d", "\x1f", "\x14", "\x01", "\x0b"]), max_size=8).map("".join)
IDS = st.text(alphabet="abc*/# .ü", min_size=1, max_size=8)


@st.composite
def records(draw: st.DrawFn, value: Any = VALUE) -> theirs.Answer:
    width = draw(st.integers(1, 5))
    ids = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    buffers = [draw(st.lists(value, min_size=width, max_size=width)) for _ in ids]
    named = width - draw(st.integers(0, 1))
    names = [f"NAME.{place}" if place < named else f"LKFLD{place + 1}" for place in range(width)]
    calculated = [{"ICALC": draw(value)} for _ in ids] if draw(st.booleans()) else None
    return theirs.Answer(
        ids=ids,
        records=[dict(zip(names, buffer, strict=True)) for buffer in buffers],
        calculated=calculated,
        originals=[AM.join(buffer) for buffer in buffers],
        errors=[theirs.Error("90002", "Not found", "9")] if draw(st.booleans()) else [],
    )


@patient
@given(records())
def test_an_answer_says_the_same_in_every_format(answer: theirs.Answer) -> None:
    as_json = parse_json(theirs.written(answer, theirs.JSON))

    assert XML.read(theirs.written(answer, theirs.XML)) == as_json
    assert LKSTRING.read(theirs.written(answer, theirs.TEXT)) == as_json


@patient
@given(records(CONTROL))
def test_control_characters_of_a_value_survive_as_text(answer: theirs.Answer) -> None:
    as_json = parse_json(theirs.written(answer, theirs.JSON))

    assert LKSTRING.read(theirs.written(answer, theirs.TEXT)) == as_json


@patient
@given(records())
def test_a_request_arrives_the_same_in_every_format(answer: theirs.Answer) -> None:
    rows = [
        {"LKITEMID": item_id} | row | {"ORIGINAL_RECORD": original}
        for item_id, row, original in zip(answer.ids, answer.records, answer.originals or [], strict=True)
    ]
    body = {"RECORDS": rows}

    by_json = theirs.sent_in(json.dumps(body).encode(), theirs.JSON)
    by_xml = theirs.sent_in(XML.write(body), theirs.XML)
    by_text = theirs.sent_in(LKSTRING.write(body), theirs.TEXT)

    assert by_xml == by_json
    assert [(s.item_id, s.placed, s.original) for s in by_text] == [
        (s.item_id, list((s.named or {}).values()), s.original) for s in by_json
    ]


# -- byte by byte, as the contract has them


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("customers_read_2_3.200.lkstring.txt", "customers_read_2_3.200.json"),
        ("customers_update_2_read_after.200.lkstring.txt", "customers_update_2_read_after.200.json"),
        ("orders_read_2.200.lkstring.txt", "orders_read_2.200.json"),
        ("customers_update_2.200.lkstring.txt", "customers_update_2.200.json"),
        ("customers_two_errors.400.lkstring.txt", "customers_two_errors.400.json"),
    ],
)
def test_a_text_sample_reads_as_its_json_twin(text: str, like: str) -> None:
    assert LKSTRING.read((SAMPLES / text).read_bytes()) == json.loads((SAMPLES / like).read_bytes())


@pytest.mark.parametrize(
    "name",
    [
        "customers_read_2.200",
        "customers_update_2_read_after.200",
        "orders_read_2_dict.200",
        "orders_read_2_sch.200",
    ],
)
def test_an_xml_sample_reads_as_its_json_twin(name: str) -> None:
    assert XML.read((SAMPLES / f"{name}.xml").read_bytes()) == json.loads((SAMPLES / f"{name}.json").read_bytes())


def test_calculated_values_may_be_empty_in_text() -> None:
    read = LKSTRING.read((SAMPLES / "customers_read_2_3_calculated.200.lkstring.txt").read_bytes())

    assert [record["LKITEMID"] for record in read["RECORDS"]] == ["2", "3"]
    assert read["RECORDS"][1]["ADDR"] == f"ADDRESS 3{VM}SECOND FLOOR"


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("customers_update_2.request.lkstring.txt", "customers_update_2.request.json"),
        ("customers_patch_2.request.lkstring.txt", "customers_patch_2.request.json"),
        ("customers_update_2_3.request.lkstring.txt", "customers_update_batch.request.json"),
    ],
)
def test_a_text_request_is_the_sample_byte_by_byte(text: str, like: str) -> None:
    assert LKSTRING.write(json.loads((SAMPLES / like).read_bytes())) == (SAMPLES / text).read_bytes()


def test_without_the_lock_there_is_no_third_block() -> None:
    body = json.loads((SAMPLES / "customers_update_2.request.json").read_bytes())
    del body["RECORDS"][0]["ORIGINAL_RECORD"]

    assert LKSTRING.write(body) == (SAMPLES / "customers_update_2_no_lock.request.lkstring.txt").read_bytes()


@pytest.mark.parametrize("name", ["customers_update_2.request", "customers_update_5_escaped.request"])
def test_an_xml_request_says_what_the_sample_says(name: str) -> None:
    written = XML.write(json.loads((SAMPLES / f"{name}.json").read_bytes()))

    assert theirs.sent_in(written, theirs.XML) == theirs.sent_in((SAMPLES / f"{name}.xml").read_bytes(), theirs.XML)


# -- what must not be believed, and what cannot be said


def test_text_in_latin_1_is_read_too() -> None:
    assert LKSTRING.read(f"THIS_LIST{AM}RECORD_ID{AM}ERRORS{FS}M\xfcller{FS}".encode("latin-1")) == {
        "RECORDS": [{"LKITEMID": "Müller"}]
    }


@pytest.mark.parametrize(
    "body", [b"UP", b"", b"<html></html>", b"THIS_LIST", f"THIS_LIST{AM}A{AM}A{FS}{FS}".encode(), b"\xff\xfe"]
)
def test_what_is_no_lkstring_is_not_read(body: bytes) -> None:
    if body == b"THIS_LIST":
        assert LKSTRING.read(body) == {}
        return
    with pytest.raises(UnsoundBody):
        LKSTRING.read(body)


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><LINKAR><TOTAL_RECORDS>&b;</TOTAL_RECORDS></LINKAR>'
FILE = b'<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]><LINKAR><TOTAL_RECORDS>&f;</TOTAL_RECORDS></LINKAR>'


@pytest.mark.parametrize(
    "body",
    [BOMB, FILE, b"<html/>", b"<LINKAR>", b"", b"<LINKAR>" + b"<A>" * 99 + b"</A>" * 99 + b"</LINKAR>", b"\xff\x00"],
    ids=["bomb", "file", "html", "cut", "empty", "deep", "bytes"],
)
def test_what_is_no_sound_xml_is_not_read(body: bytes) -> None:
    with pytest.raises(UnsoundBody):
        XML.read(body)


def test_xml_cannot_carry_a_list_mark() -> None:
    with pytest.raises(UnsoundBody):
        XML.write({"RECORDS": [{"LKITEMID": f"2{RS}3"}]})


@pytest.mark.parametrize("mark", [FS, RS])
def test_text_cannot_carry_its_own_marks(mark: str) -> None:
    with pytest.raises(UnsoundBody):
        LKSTRING.write({"RECORDS": [{"LKITEMID": "2", "NAME": f"a{mark}b"}]})


@pytest.mark.parametrize(
    ("form", "typed", "sayable"),
    [
        ("json", r"a\x1cb", True),
        ("json", r"a\x07b", True),
        ("xml", r"a\x1eb", False),
        ("xml", r"a\x07b", False),
        ("text", r"a\x1cb", False),
        ("text", r"a\x1eb", False),
        ("text", r"a\x07b", True),
    ],
)
def test_what_a_format_cannot_say_is_refused_at_its_field(form: str, typed: str, sayable: bool) -> None:
    with linkar(FORMAT=form) as remote:
        base = remote.snapshot("AC*1006")

        plan = remote.provider.plan_update("edit", base, {"REMARK": typed}, frozenset(), None)

        assert list(getattr(plan, "errors", {})) == ([] if sayable else ["REMARK"])


def test_an_empty_element_of_errors_is_no_error() -> None:
    assert XML.read(b"<LINKAR><RECORDS/><ERRORS/></LINKAR>") == {"RECORDS": [], "ERRORS": []}
