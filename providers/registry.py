"""The slug is the folder: `providers.<slug>.provider_class`. Settings name what is used; no import order."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import providers

from .base import Provider


class UnknownProvider(LookupError):
    """There is no folder of that name, or it declares no provider."""


def provider_class(slug: str) -> type[Provider]:
    """Return the provider class of a folder below `providers`."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise UnknownProvider(f"“{slug}” is not the name of a provider folder")
    try:
        module = import_module(f"providers.{slug}")
    except ModuleNotFoundError as error:
        if error.name != f"providers.{slug}":
            raise
        raise UnknownProvider(f"there is no folder providers/{slug}/") from None
    found = getattr(module, "provider_class", None)
    if not (isinstance(found, type) and issubclass(found, Provider)):
        raise UnknownProvider(f"providers/{slug}/ declares no provider_class")
    return found


def provider_classes() -> list[type[Provider]]:
    """Return every provider that has a folder, by name: what an installation could name in its settings."""
    slugs = [folder.name for folder in pkgutil.iter_modules(providers.__path__) if folder.ispkg]
    found = []
    for slug in slugs:
        try:
            found.append(provider_class(slug))
        except UnknownProvider:
            continue
    return sorted(found, key=lambda provider: provider.name)
