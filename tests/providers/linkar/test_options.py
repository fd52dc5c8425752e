"""Settings and the map are checked at start: what is wrong is said with the variable, the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.config import read_configuration
from providers.linkar.sandbox import MAP, LinkarSandbox

SOUND = {"INTEGRATIONS": "linkar", **LinkarSandbox(accounts=1).environment("http://127.0.0.1:9/linkar")}
TEXT = MAP.read_text(encoding="utf-8")


def problems(**changes: str) -> list[tuple[str, str]]:
    environment = SOUND | {f"LINKAR_{name}": value for name, value in changes.items()}
    return [(each.variable, each.message) for each in read_configuration(environment).problems]


def map_problem(tmp_path: Path, text: str) -> str:
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    [(variable, message)] = problems(MAP=str(path))
    assert variable == "LINKAR_MAP"
    assert message.startswith(str(path)) and message.endswith(".")
    return message.removeprefix(f"{path}: ")


def test_the_demo_is_sound() -> None:
    assert problems() == []


def test_the_map_can_be_named_by_a_file_of_its_own() -> None:
    environment = {name: value for name, value in SOUND.items() if name != "LINKAR_MAP"}

    [problem] = read_configuration(environment).problems

    assert problem.variable == "LINKAR_MAP"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH", "basic"),
        ("FORMAT", "yaml"),
        ("MODE", "crud"),
        ("UPDATE_WITH", "post"),
        ("LOCKING", "maybe"),
        ("MARK_LETTERS", "keep"),
        ("SVR_TIMEOUT_S", "0"),
        ("SVR_TIMEOUT_S", "61"),
        ("SVR_TIMEOUT_S", "-1"),
        ("SVR_TIMEOUT_S", "١٥"),
        ("PAGE_SIZE", "0"),
        ("PAGE_SIZE", "many"),
        ("TOKEN_URL", "not a url"),
        ("URL", "http://169.254.169.254"),
        ("TOKEN_URL", "http://[fe80::1]/token"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    assert f"LINKAR_{name}" in [variable for variable, _ in problems(**{name: value})]


@pytest.mark.parametrize(
    ("auth", "missing"), [("api_key", "API_KEY"), ("oauth2", "CLIENT_ID"), ("oauth2", "CLIENT_SECRET")]
)
def test_keys_are_asked_for_where_they_are_needed(auth: str, missing: str) -> None:
    assert problems(AUTH=auth, **{missing: ""}) == [(f"LINKAR_{missing}", f"is missing: AUTH is {auth}.")]
    assert problems(AUTH="none", **{missing: ""}) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('apiresource = "apidemo"', "", "“apiresource” is missing"),
        ('apiresource = "apidemo"', 'apiresource = "api/demo"', "letters and digits only"),
        ('apiresource = "apidemo"', 'apiresource = "apidemo"\nnoun = "x"', "“noun” is not known here"),
        ('file = "ACCOUNTS"', "", "“file” in [[files]] 1 is missing"),
        ('file = "LK.ORDERS"', 'file = "ACCOUNTS"', "names apidemo/ACCOUNTS twice"),
        ('title = "NAME"', 'title = "NAMES"', "“title” in [[files]] 1 (ACCOUNTS) is “NAMES”, which is not among"),
        ('title = "NAME"', 'title = "TOKEN"', "is TOKEN, which is secret and would be shown"),
        ('title = "NAME"', "title = 2", "must be a text"),
        ('status = "STATUS"', 'status = "STATUS"\nstatuses = []', "“statuses” in [[files]] 1 (ACCOUNTS) is not known"),
        ('secret = ["TOKEN"]', 'secret = "TOKEN"', "must be a list of texts"),
        ('secret = ["TOKEN"]', 'secret = ["TOKEN", "TOKEN"]', "holds TOKEN twice"),
        ('read_only = ["CUSTOMER"', 'read_only = ["NAME", "CUSTOMER"', "holds NAME, which is editable"),
        ("NAME = 2", "NAME = 1", "which another attribute has already"),
        ("NAME = 2", "NAME = 0", "must be the number of an attribute"),
        ("NAME = 2", "NAME = true", "must be the number of an attribute"),
        ("NAME = 2", "NAME = 2\nLKFLD20 = 21", "is attribute 20, not 21"),
        ('Services = ["SERVICE", ', 'Services = ["TOKEN", "SERVICE", ', "which is secret: its lines"),
        ("[files.groups]\nServices", '[files.groups]\nOne = ["NAME"]\nServices', "needs two attributes or more"),
        ("[files.groups]\nServices", '[files.groups]\nX = ["NAME", "SEATS"]\nServices', "has SEATS in two places"),
        ('active = ["active"]', 'alive = ["active"]', "is none of active, suspended, closed"),
        ('suspended = ["suspended"]', 'suspended = ["active"]', "which means active already"),
        ('who = "agent"', 'who = "boss"', "“who” in errors 90005 is “boss” and must be customer, agent, institution, "),
        ('who = "agent"', "", "“who” in errors 90005 is missing"),
        ("next_step = ", "next = ", "“next_step” in errors 90005 is missing"),
        ('sentence = "', 'script = 7\nsentence = "', "“script” in errors 90005 must be a text"),
        ('sentence = "', 'text = "x"\nsentence = "', "“text” in errors 90005 is not known here"),
        ('sentence = "', 'sentence = "\\n', "“sentence” in errors 90005 must be one line of words"),
        ("[errors.90005]", "[errors]\n1 = 2\n[errors.90005]", "“1” in errors must be a table"),
        ("[files.status_words]", "[files.status_words", "is not TOML"),
    ],
)
def test_a_wrong_map_is_a_sentence_that_names_the_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT

    assert said in map_problem(tmp_path, TEXT.replace(old, new, 1)) or said == "is not TOML"


def test_a_map_without_files_is_refused(tmp_path: Path) -> None:
    assert "needs at least one [[files]]" in map_problem(tmp_path, 'apiresource = "apidemo"\n')


def test_a_map_that_is_not_there_is_named() -> None:
    assert problems(MAP="/no/such/map.toml") == [("LINKAR_MAP", "/no/such/map.toml cannot be read: FileNotFoundError.")]
