"""Whether an installation is as the settings say, and what describes its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.as_code import code_of, of_plan
from providers.linkar.plans import read_again
from providers.linkar.sandbox import MAP
from providers.linkar.schemas import attribute_of, attributes_in, source_of
from providers.outcomes import Denied, Ok, Refused, Unavailable
from providers.sandbox_faults import Fault

from .support import Remote, got, linkar


def with_items(tmp_path: Path) -> str:
    """Return a map with a file that has no Linkar schema."""
    path = tmp_path / "map.toml"
    extra = '\n[[files]]\nfile = "LK.ITEMS"\neditable = ["STOCK"]\n[files.attributes]\nDESCRIPTION = 1\nSTOCK = 2\n'
    path.write_text(MAP.read_text(encoding="utf-8") + extra, encoding="utf-8")
    return str(path)


def test_labels_choices_and_lengths_come_from_the_schema() -> None:
    with linkar() as remote:
        snapshot = remote.snapshot("AC*1006")
        fields = {each.name: each for each in remote.provider.fields("edit", snapshot, remote.schema(snapshot))}

        assert fields["STATUS"].label == "Status"
        assert [choice.label for choice in fields["STATUS"].choices] == ["Active", "Suspended", "Closed"]
        assert fields["NAME"].required and fields["NAME"].max_length == 60
        assert fields["EMAIL"].kind == "lines"
        assert fields["TOKEN"].secret and fields["TOKEN"].initial is None
        assert "CUSTOMER" not in fields


def test_without_a_schema_the_dictionary_serves(tmp_path: Path) -> None:
    with linkar(MAP=with_items(tmp_path)) as remote:
        schema = got(remote.provider.fetch_schema("apidemo/LK.ITEMS"))
        file = remote.provider.options.map.files[-1]

        assert source_of(schema) == "dictionaries"
        assert attribute_of(schema, file, "DESCRIPTION").label == "Description"
        assert attribute_of(schema, file, "DESCRIPTION").max_length == 40


@pytest.mark.parametrize("status", [400, 403])
def test_without_either_the_map_has_to_do(status: int) -> None:
    with linkar() as remote:
        body = '{"ERRORS": [{"CODE": "1", "MESSAGE": "no"}]}' if status == 400 else ""
        remote.box.faults.add(Fault("answer", path="*LkProperties*", status=status, body=body))
        remote.box.faults.add(Fault("answer", path="*Dictionaries*", status=status, body=body))

        schema = got(remote.provider.fetch_schema("apidemo/ACCOUNTS"))

        assert (source_of(schema), attributes_in(schema)) == ("map", ())
        snapshot = remote.snapshot("AC*1006")
        assert remote.provider.fields("edit", snapshot, schema)[0].label == "NAME"


def test_each_thing_that_can_be_wrong_is_told_apart() -> None:
    with linkar() as remote:
        provider = remote.provider
        assert isinstance(provider.check(), Ok)
        outcomes = []
        for path, status, body in (
            ("*/health", 200, '"DOWN"'),
            ("*/health", 502, ""),
            ("*/scopes", 403, ""),
            ("*/GetVersion", 400, '{"ERRORS": [{"CODE": "90007", "MESSAGE": "Timeout"}]}'),
        ):
            remote.box.faults.add(Fault("answer", path=path, status=status, body=body))
            outcomes.append(provider.check())

    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable, Denied, Refused]
    assert outcomes[0].rule.code == "linkar.not_up"


def test_health_may_be_bare_text() -> None:
    with linkar() as remote:
        remote.box.faults.add(Fault("answer", path="*/health", status=200, body="UP", content_type="text/plain"))

        assert isinstance(remote.provider.check(), Ok)


def test_an_apiresource_that_is_not_there_is_our_map(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(MAP.read_text(encoding="utf-8").replace('"apidemo"', '"nosuch"'), encoding="utf-8")
    with linkar(MAP=str(path)) as remote:
        outcome = remote.provider.check()

    assert isinstance(outcome, Denied) and outcome.rule.code == "linkar.no_apiresource"


def test_an_id_that_can_be_said_in_no_way_is_refused() -> None:
    with linkar() as remote:
        outcome = remote.provider.fetch("apidemo/ACCOUNTS/a%2F%22%27")

    assert isinstance(outcome, Refused) and outcome.rule.code == "linkar.not_addressable"


@pytest.mark.parametrize("timeout", ["0", "61", "abc", "-5", "1.5"])
def test_to_wait_for_ever_is_not_offered(timeout: str) -> None:
    with linkar() as remote:
        base = remote.snapshot("AC*1006")
        plan = remote.provider.plan_update("edit", base, {"PHONE": "1", "svr_timeout": timeout}, frozenset(), None)

        assert list(getattr(plan, "errors", {})) == ["svr_timeout"]


def test_the_parameters_of_the_manual_are_sent() -> None:
    with linkar(CUSTOM_VARS="NIGHT", UPDATE_WITH="patch", FORMAT="text") as remote:
        values = {"PHONE": "1", "NAME": "x", "svr_timeout": "9"}
        plan = remote.plan("AC*1006", values, secrets={"TOKEN": "t"})
        assert isinstance(remote.edit("AC*1006", values, secrets={"TOKEN": "t"}), Ok)
        sent = next(each for each in remote.exchanges if each.method == "PATCH")
        assert sent.path == plan.call.path
        assert _query_of(plan.call.path) == {
            "dictionaries": "NAME PHONE TOKEN",
            "optimistic_locking": "true",
            "read_after": "true",
            "original_record": "true",
            "svr_timeout": "9",
            "custom_vars": "NIGHT",
        }
        assert any("NIGHT" in warning for warning in plan.warnings)


def test_only_an_administrator_sets_what_the_lock_and_the_routine_get() -> None:
    asked = {"custom_vars": "SUPPORT", "optimistic_locking": "false", "read_after": "false", "original_record": "false"}
    with linkar() as remote:
        base = remote.snapshot("AC*1006")
        for action in ("edit", "look"):
            assert not set(asked) & {each.name for each in remote.provider.fields(action, base, remote.schema(base))}

        outcome = remote.edit("AC*1006", {"PHONE": "1", **asked})

        assert isinstance(outcome, Ok)
        [sent] = [each for each in remote.exchanges if each.method == "PUT"]
        query = _query_of(sent.path)
        assert "custom_vars" not in query
        assert {query[name] for name in ("optimistic_locking", "read_after", "original_record")} == {"true"}


FORMATS = {
    "json": ("application/json", "{"),
    "xml": ("application/xml; charset=utf-8", "<?xml"),
    "text": ("text/plain; charset=utf-8", "AC*1006\x1c"),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("verb", ["put", "patch"])
def test_a_plan_shows_the_call_as_it_is_sent(form: str, verb: str) -> None:
    with linkar(FORMAT=form, UPDATE_WITH=verb) as remote:
        provider = remote.provider
        plan = remote.plan("AC*1006", {"PHONE": "1"}, secrets={"TOKEN": "t"})

        shown = of_plan(plan.call)
        curl = code_of(shown, provider.signing(), "linkar").curl
        [record] = (plan.call.body or {})["RECORDS"]
        assert (shown.headers["Content-Type"], shown.method) == (FORMATS[form][0], verb.upper())
        assert FORMATS[form][1] in curl
        assert (record["PHONE"], record["TOKEN"], record["ORIGINAL_RECORD"]) == ("1", "{{TOKEN}}", "<ORIGINAL_RECORD>")
        whole = [*provider.options.map.files[0].numbers, "LKFLD13"]
        names = [name for name in record if name not in ("LKITEMID", "ORIGINAL_RECORD")]
        assert names == (whole if verb == "put" else ["PHONE", "TOKEN"])
        kept = {name for name in names if name not in ("PHONE", "TOKEN")}
        assert all(record[name] == read_again(name) for name in kept)
        assert bool(kept) == (verb == "put")


def _query_of(path: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(path.partition("?")[2]))


def test_the_emulator_makes_the_same_world_for_the_same_seed() -> None:
    with linkar() as one, linkar() as other:
        assert one.box.world.records == other.box.world.records
        before: Remote = one
        one.box.change("ACCOUNTS", "AC*1006", {2: "x"})
        one.box.reset()
        assert before.box.world.records == other.box.world.records
