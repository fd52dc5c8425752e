"""The slug is the folder; and what a class declares but does not do is refused when the class is made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import providers
from providers.base import Action, Capability, Effect, Provider
from providers.belvo import provider_class as belvo
from providers.registry import UnknownProvider, provider_class


def test_a_folder_is_found_by_its_name() -> None:
    assert provider_class("belvo") is belvo
    assert belvo.slug == "belvo"


@pytest.mark.parametrize(
    "slug", ["nobody", "", "Belvo", "belvo.client", "../belvo", "belvo/client", "os", "1belvo", "belvo\n", "bélvo"]
)
def test_what_is_no_folder_is_named(slug: str) -> None:
    with pytest.raises(UnknownProvider):
        provider_class(slug)


@pytest.mark.parametrize("slug", ["http", "secrets", "errors"])
def test_a_module_without_a_provider_is_named(slug: str) -> None:
    with pytest.raises(UnknownProvider, match="declares no provider_class"):
        provider_class(slug)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder whose packages are found below `providers`."""
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    yield tmp_path
    # Only those of the folder: a second copy of another provider's modules would be another world.
    made = [name for name, module in sys.modules.items() if str(tmp_path) in (getattr(module, "__file__", "") or "")]
    for name in made:
        del sys.modules[name]


def test_what_a_provider_fails_to_import_is_not_called_a_missing_folder(folder: Path) -> None:
    (folder / "broken").mkdir()
    (folder / "broken" / "__init__.py").write_text("import a_package_that_nobody_has\n")

    with pytest.raises(ModuleNotFoundError, match="a_package_that_nobody_has"):
        provider_class("broken")


def test_a_new_folder_is_all_that_it_takes(folder: Path) -> None:
    (folder / "newcomer").mkdir()
    (folder / "newcomer" / "__init__.py").write_text(
        "from providers.base import Provider\n"
        "class Newcomer(Provider):\n"
        "    slug = 'newcomer'\n"
        "provider_class = Newcomer\n"
    )

    assert provider_class("newcomer").slug == "newcomer"


def test_a_provider_class_must_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("providers.impostor")
    module.provider_class = dict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "providers.impostor", module)

    with pytest.raises(UnknownProvider):
        provider_class("impostor")


# -- capabilities, verified when the class is made


@pytest.mark.parametrize("capability", Capability)
def test_a_capability_without_its_methods_is_refused(capability: Capability) -> None:
    with pytest.raises(TypeError, match=f"declares {capability.value} but does not implement"):
        type("Boaster", (Provider,), {"capabilities": frozenset({capability})})


def test_a_capability_with_its_methods_is_taken() -> None:
    def resume(self: Provider, challenge: object, token: object) -> None: ...

    made = type("Honest", (Provider,), {"capabilities": frozenset({Capability.RESUME}), "resume": resume})

    assert made.capabilities == {Capability.RESUME}  # type: ignore[attr-defined]


def test_an_action_needs_its_capability() -> None:
    action = Action("delete", "Delete", Capability.DELETE, Effect.DELETE, "trash")

    with pytest.raises(TypeError, match="action delete needs the capability delete"):
        type("Forgetful", (Provider,), {"capabilities": frozenset(), "actions": (action,)})


def test_a_provider_keeps_what_its_parent_does() -> None:
    child = type("Child", (belvo,), {})

    assert child.capabilities == belvo.capabilities  # type: ignore[attr-defined]
