"""The slug is the folder: `providers.<slug>.provider_class`. No scan, no import order."""

from __future__ import annotations

import re
from importlib import import_module

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
