"""Integrations come from the environment; what is missing or wrong becomes a sentence that names the variable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from providers.belvo import provider_class as belvo
from providers.config import read_configuration
from providers.secrets import Secret

SOUND = {"INTEGRATIONS": "belvo", "BELVO_URL": "https://sandbox.belvo.com"} | {
    f"BELVO_{setting.suffix}": "something" for setting in belvo.settings if setting.required and not setting.default
}


def values_of(environment: dict[str, str], name: str = "belvo") -> dict[str, str | Secret]:
    found = read_configuration(environment)
    assert found.problems == []
    return dict(found.integrations[name].values)


def variables_of(environment: dict[str, str]) -> list[str]:
    return [problem.variable for problem in read_configuration(environment).problems]


def test_an_integration_is_read() -> None:
    found = read_configuration(SOUND)

    assert found.problems == []
    assert [(each.name, each.slug, each.provider) for each in found.integrations.values()] == [
        ("belvo", "belvo", belvo)
    ]
    assert found.integrations["belvo"].values["URL"] == "https://sandbox.belvo.com"


def test_secret_settings_are_secrets() -> None:
    values = values_of(SOUND)

    for setting in belvo.settings:
        assert isinstance(values[setting.suffix], Secret) is setting.secret
    assert "something" not in repr([values[setting.suffix] for setting in belvo.settings if setting.secret])


@pytest.mark.parametrize("integrations", ["", " ", ",", " , ,"])
def test_no_integration_is_no_problem(integrations: str) -> None:
    found = read_configuration({"INTEGRATIONS": integrations})

    assert (found.integrations, found.problems) == ({}, [])


def test_an_alias_has_variables_of_its_own() -> None:
    environment = SOUND | {name.replace("BELVO", "MEXICO"): value for name, value in SOUND.items()}
    environment |= {"INTEGRATIONS": " belvo , mexico:belvo ", "MEXICO_URL": "https://api.belvo.com"}

    assert values_of(environment, "mexico")["URL"] == "https://api.belvo.com"
    assert values_of(environment, "belvo")["URL"] == "https://sandbox.belvo.com"


@pytest.mark.parametrize(
    "setting", [each for each in belvo.settings if each.required and not each.default], ids=lambda each: each.suffix
)
def test_a_missing_variable_is_named(setting: object) -> None:
    variable = f"BELVO_{setting.suffix}"  # type: ignore[attr-defined]

    found = read_configuration({name: value for name, value in SOUND.items() if name != variable})

    assert [problem.variable for problem in found.problems] == [variable]
    assert "belvo" not in found.integrations


@pytest.mark.parametrize(
    "integrations", ["Belvo", "1belvo", "bel-vo", "a" * 41 + ":belvo", "bel vo:belvo", ":belvo", "é:belvo"]
)
def test_a_name_that_cannot_be_a_variable_is_refused(integrations: str) -> None:
    assert variables_of(SOUND | {"INTEGRATIONS": integrations}) == ["INTEGRATIONS"]


@pytest.mark.parametrize("integrations", ["nobody", "mexico:nobody", "belvo:../etc", "belvo:Belvo", "belvo:http"])
def test_an_unknown_provider_is_refused(integrations: str) -> None:
    assert variables_of(SOUND | {"INTEGRATIONS": integrations}) == ["INTEGRATIONS"]


def test_a_name_given_twice_is_refused_and_the_first_stays() -> None:
    found = read_configuration(SOUND | {"INTEGRATIONS": "belvo,belvo:belvo"})

    assert [problem.variable for problem in found.problems] == ["INTEGRATIONS"]
    assert set(found.integrations) == {"belvo"}


@pytest.mark.parametrize(
    "url",
    [
        "api.belvo.com",
        "ftp://api.belvo.com",
        "https://",
        "https://a:b@host",
        "http://host:port",
        "http://[::1",
        "https://h/?q=1",
    ],
)
def test_an_address_of_another_form_is_refused_and_not_shown(url: str) -> None:
    found = read_configuration(SOUND | {"BELVO_URL": url})

    assert [problem.variable for problem in found.problems] == ["BELVO_URL"]
    assert url not in found.problems[0].message
    assert found.integrations == {}


@pytest.mark.parametrize(
    "host", ["api.belvo.com", "belvo", "10.0.0.7", "localhost.example", "[fd00::1]", "127.0.0.1.nip.io"]
)
def test_an_address_that_would_be_asked_in_clear_is_refused(host: str) -> None:
    found = read_configuration(SOUND | {"BELVO_URL": f"http://{host}/"})

    assert [problem.variable for problem in found.problems] == ["BELVO_URL"]
    assert "https://" in found.problems[0].message
    assert host not in found.problems[0].message
    assert found.integrations == {}


@pytest.mark.parametrize("host", ["localhost:12000", "127.0.0.1:8100/belvo", "127.8.8.8", "[::1]:81"])
def test_this_machine_is_asked_in_clear(host: str) -> None:
    assert values_of(SOUND | {"BELVO_URL": f"http://{host}"})["URL"] == f"http://{host}"


def test_every_address_that_gets_our_keys_is_looked_at() -> None:
    environment = {"INTEGRATIONS": "erp:linkar", "ERP_URL": "https://erp.example", "ERP_MAP": "map.toml"}
    environment |= {"ERP_API_KEY": "key", "ERP_TOKEN_URL": "http://login.example/connect/token"}

    assert "ERP_TOKEN_URL" in variables_of(environment)


# -- values from files


@pytest.fixture
def variable() -> str:
    return next(f"BELVO_{setting.suffix}" for setting in belvo.settings if setting.secret)


def test_a_value_may_stand_in_a_file(variable: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n", encoding="utf-8")
    environment = {name: value for name, value in SOUND.items() if name != variable} | {f"{variable}_FILE": str(file)}

    value = values_of(environment)[variable.removeprefix("BELVO_")]

    assert isinstance(value, Secret)
    assert value.reveal() == "from a file"


def test_the_variable_itself_wins_over_the_file(variable: str, tmp_path: Path) -> None:
    value = values_of(SOUND | {f"{variable}_FILE": str(tmp_path / "missing")})[variable.removeprefix("BELVO_")]

    assert isinstance(value, Secret)
    assert value.reveal() == "something"


@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "empty"])
def test_a_file_that_cannot_be_read_is_named_but_not_shown(kind: str, variable: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    match kind:
        case "folder":
            file.mkdir()
        case "binary":
            file.write_bytes(b"\xff\xfe\xfa")
        case "empty":
            file.write_text("\n", encoding="utf-8")
    environment = {name: value for name, value in SOUND.items() if name != variable} | {f"{variable}_FILE": str(file)}

    found = read_configuration(environment)

    assert [problem.variable.removesuffix("_FILE") for problem in found.problems] == [variable]
    assert str(tmp_path) not in found.problems[0].message


def test_a_provider_judges_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: Mapping[str, str | Secret]) -> tuple[tuple[str, str], ...]:
        return (("SECRET_ID", f"is “{config['SECRET_ID']}”, which is nobody's."),)

    monkeypatch.setattr(belvo, "find_problems", refuse)

    found = read_configuration(SOUND)

    assert found.integrations == {}
    assert [(each.variable, each.message) for each in found.problems] == [
        ("BELVO_SECRET_ID", "is “something”, which is nobody's.")
    ]


def test_settings_are_judged_only_when_they_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belvo, "find_problems", lambda config: pytest.fail("asked too early"))

    assert variables_of(SOUND | {"BELVO_SECRET_ID": ""}) == ["BELVO_SECRET_ID"]
