"""What became of an update: read off the record itself, because Linkar says 400 for everything and 200 for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.linkar.sandbox import MAP
from providers.outcomes import Conflict, FieldErrors, Gone, Ok, Refused, Unavailable
from providers.sandbox_faults import Fault

from .support import AM, VM, Remote, linkar

FORMATS = ("json", "xml", "text")


@pytest.fixture
def remote() -> Iterator[Remote]:
    with linkar() as remote:
        yield remote


def updates(remote: Remote) -> int:
    return sum(each["count"] for each in remote.box.requests() if each["method"] in ("PUT", "PATCH"))


# -- the lock


def test_a_record_that_has_changed_since_it_was_opened_is_not_sent(remote: Remote) -> None:
    outcome = remote.edit("AC*1006", {"PHONE": "1"}, meanwhile={2: "Theirs"})

    assert isinstance(outcome, Conflict)
    assert outcome.theirs is not None and outcome.theirs.body["attributes"]["NAME"] == "Theirs"
    assert updates(remote) == 0


@pytest.mark.parametrize("number", [11, 13], ids=["secret", "unnamed"])
def test_a_change_of_what_no_form_shows_is_a_conflict_too(number: int, remote: Remote) -> None:
    assert isinstance(remote.edit("AC*1006", {"PHONE": "1"}, meanwhile={number: "other"}), Conflict)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("verb", ["put", "patch"])
def test_somebody_who_writes_in_the_same_moment_is_noticed_by_the_lock(form: str, verb: str, remote: Remote) -> None:
    provider = remote.with_settings(FORMAT=form, UPDATE_WITH=verb)
    plan = remote.plan("RACE*1", {"NAME": "Mine"}, provider=provider)
    remote.box._races = {"RACE*1"}
    base = plan.base_digest

    outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, Conflict), outcome
    assert outcome.evidence.http_status in (400, None)
    assert remote.record("RACE*1")[1] != "Mine"
    assert base


def test_with_the_lock_off_the_last_writer_wins_and_the_plan_says_so(remote: Remote) -> None:
    provider = remote.with_settings(LOCKING="off")
    remote.box._races = set()
    plan = remote.plan("RACE*1", {"NAME": "Mine"}, provider=provider)
    remote.box._races = {"RACE*1"}

    outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, Ok)
    assert any("switched off" in warning for warning in plan.warnings)
    assert "ORIGINAL_RECORD" not in remote.exchanges[-1].request_body


def test_a_second_conflict_is_one_again_and_then_it_goes_through(remote: Remote) -> None:
    assert isinstance(remote.edit("AC*1006", {"PHONE": "1"}, meanwhile={2: "Theirs"}), Conflict)
    assert isinstance(remote.edit("AC*1006", {"PHONE": "1"}, meanwhile={2: "Theirs again"}), Conflict)

    assert isinstance(remote.edit("AC*1006", {"PHONE": "1"}), Ok)
    assert remote.record("AC*1006")[1] == "Theirs again"
    assert remote.record("AC*1006")[4] == "1"


# -- 400 is everything


def test_a_refusal_is_told_in_the_words_of_the_database(remote: Remote) -> None:
    outcome = remote.edit("HOLD*1", {"PHONE": "1"})

    assert isinstance(outcome, Refused)
    assert outcome.rule.code == "linkar.database_refused"
    assert (outcome.evidence.remote_code, outcome.evidence.remote_message) == (
        "90005",
        "Account on hold by finance, call extension 12",
    )


def test_a_code_of_the_installation_is_told_in_the_words_of_its_map(remote: Remote, tmp_path: Path) -> None:
    words = 'sentence = "Finance holds this."\nnext_step = "Ask finance."\nwho = "customer"\nscript = "Hm."\n'
    own = tmp_path / "map.toml"
    demo = MAP.read_text(encoding="utf-8")
    own.write_text(re.sub(r"(?s)\[errors\.90005\].*?(?=\[\[files)", f"[errors.90005]\n{words}", demo, count=1))
    provider = remote.with_settings(MAP=str(own))

    held, frozen, slow = (
        remote.edit(each, {"PHONE": "1"}, provider=provider) for each in ("HOLD*1", "FROZEN*1", "SLOW*1")
    )

    assert isinstance(held, Refused)
    assert (held.rule.code, held.rule.sentence, held.rule.next_step) == (
        *("linkar.database_refused", "Finance holds this.", "Ask finance."),
    )
    assert (held.rule.who, held.rule.script, held.rule.becomes) == ("customer", "Hm.", "refused")
    assert held.evidence.remote_message == "Account on hold by finance, call extension 12"
    assert isinstance(frozen, FieldErrors) and frozen.rule is not None
    assert (frozen.rule.code, frozen.rule.sentence, list(frozen.errors)) == (
        *("linkar.input_refused", "Finance holds this."),
        ["PHONE"],
    )
    assert isinstance(slow, Refused) and slow.rule.sentence.startswith("The database refused this")


def test_a_code_of_the_map_decides_nothing(remote: Remote, tmp_path: Path) -> None:
    own = tmp_path / "map.toml"
    words = '[errors.90001]\nsentence = "No."\nnext_step = "Stop."\nwho = "admin"\n'
    own.write_text(MAP.read_text(encoding="utf-8").replace("[errors.90005]", f"{words}\n[errors.90005]", 1))
    provider = remote.with_settings(MAP=str(own))
    plan = remote.plan("RACE*1", {"NAME": "Mine"}, provider=provider)
    remote.box._races = {"RACE*1"}

    outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, Conflict) and outcome.rule.code == "linkar.conflict"
    assert outcome.rule.sentence.startswith("Somebody else")


def test_a_refusal_that_names_an_attribute_stands_at_its_field(remote: Remote) -> None:
    outcome = remote.edit("FROZEN*1", {"PHONE": "1"})

    assert isinstance(outcome, FieldErrors)
    assert list(outcome.errors) == ["PHONE"]
    assert "frozen until the year is closed" in outcome.errors["PHONE"][0]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("EMAIL must be unique", "EMAIL"),
        ("Attribute LKFLD4 must be unique", "EMAIL"),
        ("see EMAIL.OLD and XEMAIL", ""),
        ("CUSTOMER is on hold", ""),
    ],
)
def test_an_entry_stands_at_the_field_of_the_form_that_it_names(message: str, field: str, remote: Remote) -> None:
    body = json.dumps({"ERRORS": [{"CODE": "7", "MESSAGE": message}]})
    remote.box.faults.add(Fault("answer", method="PUT", status=400, body=body))

    outcome = remote.edit("AC*1006", {"PHONE": "1"})

    assert list(outcome.errors if isinstance(outcome, FieldErrors) else [""]) == [field]


def test_an_error_after_the_write_is_no_refusal(remote: Remote) -> None:
    outcome = remote.edit("LANDED*1", {"PHONE": "1"})

    assert isinstance(outcome, Ok)
    assert outcome.evidence.remote_message.startswith("Trigger failed")


def test_a_timeout_of_the_database_that_wrote_nothing_is_a_refusal(remote: Remote) -> None:
    outcome = remote.edit("SLOW*1", {"PHONE": "1"})

    assert isinstance(outcome, Refused)
    assert outcome.evidence.remote_code == "90007"


def test_a_record_that_was_deleted_meanwhile_is_gone(remote: Remote) -> None:
    assert isinstance(remote.edit("VANISH*1", {"PHONE": "1"}), Gone)


@pytest.mark.parametrize("form", FORMATS)
def test_a_codes_and_texts_never_decide(form: str, remote: Remote) -> None:
    """A refusal whose text says “optimistic lock” is none if the record is as it was sent."""
    from providers.linkar import sandbox_formats as theirs

    entry = theirs.Answer(errors=[theirs.Error("90001", "Optimistic lock: modified by another user")])
    media = {"json": theirs.JSON, "xml": theirs.XML, "text": theirs.TEXT}[form]
    body = theirs.written(entry, media).decode()
    remote.box.faults.add(Fault("answer", method="PUT", status=400, body=body, content_type=media))

    outcome = remote.edit("AC*1006", {"PHONE": "1"}, provider=remote.with_settings(FORMAT=form))

    assert isinstance(outcome, Refused)


def test_a_refusal_that_cannot_be_looked_into_is_an_unknown(remote: Remote) -> None:
    plan = remote.plan("HOLD*1", {"PHONE": "1"})
    remote.box.faults.add(Fault("answer", method="GET", path="*HOLD*", status=500))
    provider = remote.provider
    first = provider.send(plan, {}, {})
    assert isinstance(first, Unavailable) and not first.maybe_applied

    remote.box.faults.add(Fault("slow", method="GET", path="*HOLD*", seconds=0))
    remote.box.faults.add(Fault("answer", method="GET", path="*HOLD*", status=500))
    outcome = provider.send(plan, {}, {})

    assert isinstance(outcome, Unavailable)
    assert outcome.maybe_applied and outcome.rule.code == "linkar.undecided"


# -- 200 is not everything either


@pytest.mark.parametrize("form", FORMATS)
def test_an_update_that_was_dropped_without_a_word_is_said(form: str, remote: Remote) -> None:
    outcome = remote.edit("QUIET*1", {"PHONE": "1"}, provider=remote.with_settings(FORMAT=form))

    assert isinstance(outcome, Refused)
    assert outcome.rule.code == "linkar.dropped"


def test_a_dry_run_by_custom_vars_is_said(remote: Remote) -> None:
    outcome = remote.edit("AC*1006", {"PHONE": "1"}, provider=remote.with_settings(CUSTOM_VARS="DRYRUN"))

    assert isinstance(outcome, Refused) and outcome.rule.code == "linkar.dropped"


def test_what_a_routine_made_of_it_is_shown_and_not_confirmed(remote: Remote) -> None:
    plan = remote.plan("SHOUT*1", {"NAME": "quiet"})
    before = remote.snapshot("SHOUT*1")

    outcome = remote.provider.send(plan, {"NAME": "quiet"}, {})

    assert isinstance(outcome, Ok) and outcome.value is not None
    assert outcome.value.body["attributes"]["NAME"] == "QUIET"
    assert remote.provider.confirms(plan, before, outcome.value, remote.box.clock.now()) is False


@pytest.mark.parametrize("body", ["", '{"TOTAL_RECORDS": "1", "RECORDS": [{"LKITEMID": "AC*1006"}]}'])
def test_a_short_answer_is_made_good_by_reading(body: str, remote: Remote) -> None:
    remote.box.faults.add(Fault("answer", method="PUT", status=200, body=body))

    outcome = remote.edit("AC*1006", {"PHONE": "1"})

    # The fault answered instead of the database, so nothing was written: reading shows it.
    assert isinstance(outcome, Refused) and outcome.rule.code == "linkar.dropped"


# -- silence


@pytest.mark.parametrize("kind", ["apply_then_cut", "cut"])
def test_silence_after_an_update_is_an_unknown_that_reading_settles(kind: str, remote: Remote) -> None:
    plan = remote.plan("AC*1006", {"PHONE": "1"})
    before = remote.snapshot("AC*1006")
    remote.box.faults.add(Fault(kind, method="PUT"))

    outcome = remote.provider.send(plan, {"PHONE": "1"}, {})

    assert isinstance(outcome, Unavailable) and outcome.maybe_applied
    after = remote.snapshot("AC*1006")
    assert remote.provider.confirms(plan, before, after, remote.box.clock.now()) is (kind == "apply_then_cut")


def test_silence_before_the_update_is_none(remote: Remote) -> None:
    plan = remote.plan("AC*1006", {"PHONE": "1"})
    remote.box.faults.add(Fault("cut", method="GET", path="*AC*"))

    outcome = remote.provider.send(plan, {"PHONE": "1"}, {})

    assert isinstance(outcome, Unavailable) and not outcome.maybe_applied
    assert updates(remote) == 0


def test_a_fault_of_the_service_is_an_unknown(remote: Remote) -> None:
    outcome = remote.edit("FAULT*1", {"PHONE": "1"})

    assert isinstance(outcome, Unavailable) and outcome.maybe_applied


# -- the bytes


def test_a_put_sends_everything_back_as_it_was(remote: Remote) -> None:
    before = remote.record("AC*1005")

    assert isinstance(remote.edit("AC*1005", {"PHONE": "1"}), Ok)

    assert remote.record("AC*1005") == [*before[:4], "1", *before[5:]]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_control_character_is_kept(form: str, remote: Remote) -> None:
    assert isinstance(remote.edit("ODD*1", {"NAME": "New"}, provider=remote.with_settings(FORMAT=form)), Ok)

    assert remote.record("ODD*1")[4] == "bell \x07 in it"


def test_what_xml_cannot_say_is_not_believed(remote: Remote) -> None:
    outcome = remote.with_settings(FORMAT="xml").fetch("apidemo/ACCOUNTS/ODD%2A1")

    assert isinstance(outcome, Unavailable)


def test_numbers_without_quotes_are_put_back_as_they_are_stored(remote: Remote) -> None:
    remote.box.typed = True
    remote.box.change("ACCOUNTS", "AC*1006", {8: "12.50", 7: "007", 6: "one"})
    before = remote.record("AC*1006")

    outcome = remote.edit("AC*1006", {"PHONE": "1"})

    assert isinstance(outcome, Ok), outcome
    assert remote.record("AC*1006") == [*before[:4], "1", *before[5:]]


def test_a_record_without_its_original_is_never_changed(remote: Remote) -> None:
    snapshot = remote.snapshot("BARE*1")
    offered = {each.action.name: each for each in remote.provider.availability(snapshot, None)}

    assert not offered["edit"].is_available
    outcome = remote.edit("BARE*1", {"PHONE": "1"})
    assert isinstance(outcome, Refused) and outcome.rule.code == "linkar.no_original"


def test_a_map_with_wrong_numbers_writes_nothing(remote: Remote, tmp_path: Path) -> None:
    swapped = tmp_path / "map.toml"
    text = MAP.read_text(encoding="utf-8").replace("NAME = 2", "NAME = 5").replace("PHONE = 5", "PHONE = 2")
    swapped.write_text(text, encoding="utf-8")
    before = remote.record("AC*1006")
    provider = remote.with_settings(MAP=str(swapped))

    outcome = remote.edit("AC*1006", {"NAME": "New"}, provider=provider)

    assert isinstance(outcome, Refused) and outcome.rule.code == "linkar.map_differs"
    assert isinstance(provider.check(), Refused)
    assert remote.record("AC*1006") == before


# -- secrets


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("verb", ["put", "patch"])
def test_a_new_secret_is_written_and_told_nowhere(form: str, verb: str, remote: Remote) -> None:
    provider = remote.with_settings(FORMAT=form, UPDATE_WITH=verb)
    before = remote.snapshot("AC*1006", provider=provider)
    plan = remote.plan("AC*1006", {}, secrets={"TOKEN": "canary-7Zq4"}, provider=provider)

    outcome = remote.edit("AC*1006", {}, secrets={"TOKEN": "canary-7Zq4"}, provider=provider)

    assert isinstance(outcome, Ok), outcome
    assert remote.record("AC*1006")[10] == "canary-7Zq4"
    assert "canary" not in repr([plan, plan.to_json(), outcome, remote.exchanges])
    after = remote.snapshot("AC*1006", provider=provider)
    assert before.body["kept_back"]["TOKEN"] == "" or before.body["kept_back"] != after.body["kept_back"]


def test_a_secret_with_a_mark_is_refused_before_anything_is_sent(remote: Remote) -> None:
    outcome = remote.edit("AC*1006", {}, secrets={"TOKEN": "Schlüssel"})

    assert isinstance(outcome, FieldErrors)
    assert "Schl" not in repr(outcome)
    assert updates(remote) == 0


def test_letters_that_are_marks_can_be_spelled_out(remote: Remote) -> None:
    provider = remote.with_settings(MARK_LETTERS="spell_out")

    assert isinstance(remote.edit("AC*1006", {"NAME": "Müller"}, provider=provider), Ok)
    assert remote.record("AC*1006")[1] == "Mueller"


def test_parallel_lines_stay_parallel(remote: Remote) -> None:
    remote.box.change("ACCOUNTS", "AC*1006", {6: f"a{VM}b", 7: f"1{VM}2", 8: f"3{VM}4", 9: f"5{VM}6"})
    provider = remote.provider
    base = remote.snapshot("AC*1006")

    torn = provider.plan_update("edit", base, {"SERVICE": "a\nb\nc"}, frozenset(), remote.schema(base))

    assert isinstance(torn, FieldErrors) and list(torn.errors) == ["SERVICE"]
    assert "Service 3, Seats 2, Price of a seat 2, Renewals 2" in torn.errors["SERVICE"][0]
    whole = {"SERVICE": "a\nb\nc", "SEATS": "1\n2\n3", "PRICE": "3\n4\n5", "RENEWAL": "5\n6\n7"}
    assert isinstance(remote.edit("AC*1006", whole), Ok)
    assert AM not in remote.record("AC*1006")[5]
