"""The arrows between the packages, checked from the imports themselves; `lint-imports` checks them once more."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import grimp
import pytest

import providers

FOLDERS = sorted(path.name for path in Path(providers.__path__[0]).iterdir() if (path / "__init__.py").exists())
# What stands higher may import what stands lower, never the other way round.
LAYERS = (
    {"urls"},
    {"management", "views"},
    {"tasks"},
    {"forms", "services"},
    {"registry"},
    {"ratelimit"},
    {"models"},
    {"status"},
)


@lru_cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("dashboard", "providers", include_external_packages=True, cache_dir=None)


def imported_by(package: str) -> set[tuple[str, str]]:
    graph = imports()
    modules = {package} | graph.find_descendants(package) if package in graph.modules else set()
    return {(module, target) for module in modules for target in graph.find_modules_directly_imported_by(module)}


def test_providers_never_import_the_dashboard() -> None:
    assert [pair for pair in imported_by("providers") if pair[1].startswith("dashboard")] == []


def test_providers_are_plain_python() -> None:
    assert [pair for pair in imported_by("providers") if pair[1] in {"django", "allauth", "huey", "structlog"}] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_provider_never_imports_another(folder: str) -> None:
    others = tuple(f"providers.{other}" for other in FOLDERS if other != folder)

    assert [pair for pair in imported_by(f"providers.{folder}") if pair[1].startswith(others)] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_ground_knows_no_provider_by_name(folder: str) -> None:
    ground = {pair for pair in imported_by("providers") if pair[0].count(".") == 1 and pair[0] != f"providers.{folder}"}

    assert [pair for pair in ground if pair[1].startswith(f"providers.{folder}")] == []


@pytest.mark.parametrize("package", ["dashboard.views", "dashboard.forms", "dashboard.models"])
def test_screens_and_tables_never_speak_http(package: str) -> None:
    assert [pair for pair in imported_by(package) if pair[1] in {"requests", "urllib3"}] == []


def test_inside_the_dashboard_the_arrows_point_down() -> None:
    height = {name: len(LAYERS) - depth for depth, names in enumerate(LAYERS) for name in names}
    upwards = []
    for module, target in imported_by("dashboard"):
        here, there = (f"{name}..".split(".")[1] for name in (module, target))
        if not target.startswith("dashboard.") or here == there or here not in height or there not in height:
            continue
        # Neighbours of one layer do not know each other either.
        if height[here] <= height[there]:
            upwards.append(f"{module} imports {target}")

    assert sorted(upwards) == []


def test_services_never_see_a_request() -> None:
    assert [pair for pair in imported_by("dashboard.services") if pair[1].startswith("dashboard.views")] == []
