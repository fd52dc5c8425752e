"""Integrations from the environment: `INTEGRATIONS=belvo,erp:linkar` and each provider's own settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from .base import Provider
from .http import BASE_URL_FORM, is_base_url
from .registry import UnknownProvider, provider_class
from .secrets import Secret

IN_CLEAR = "must begin with https://, or our keys and customers' passwords go unencrypted; http:// is for this machine."


@dataclass(frozen=True, slots=True)
class IntegrationConfig:
    """One configured account at a provider. `name` is its alias; two servers of one provider are two integrations."""

    name: str
    slug: str
    provider: type[Provider]
    values: Mapping[str, str | Secret]


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """A sentence that names the variable to set."""

    variable: str
    message: str


@dataclass(slots=True)
class Configuration:
    integrations: dict[str, IntegrationConfig] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """Read every integration; what is missing or wrong becomes a problem, never an exception."""
    found = Configuration()
    for entry in filter(None, (part.strip() for part in environment.get("INTEGRATIONS", "").split(","))):
        name, _, slug = entry.partition(":")
        slug = slug or name
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
            found.problems.append(ConfigProblem("INTEGRATIONS", f"“{name}” must be lower-case letters, digits and _."))
            continue
        if name in found.integrations:
            found.problems.append(ConfigProblem("INTEGRATIONS", f"“{name}” is named twice; give one an alias."))
            continue
        try:
            provider = provider_class(slug)
        except UnknownProvider as error:
            found.problems.append(ConfigProblem("INTEGRATIONS", f"{name}: {error}."))
            continue
        values, problems = _read_values(name, provider, environment)
        found.problems.extend(problems)
        if not problems:
            found.integrations[name] = IntegrationConfig(name, slug, provider, values)
    return found


def _read_values(
    name: str, provider: type[Provider], environment: Mapping[str, str]
) -> tuple[dict[str, str | Secret], list[ConfigProblem]]:
    values: dict[str, str | Secret] = {}
    problems: list[ConfigProblem] = []
    for setting in provider.settings:
        variable = f"{name.upper()}_{setting.suffix}"
        raw = environment.get(variable, "")
        file = environment.get(f"{variable}_FILE", "")
        if not raw and file:
            try:
                raw = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(ConfigProblem(f"{variable}_FILE", f"cannot be read: {type(error).__name__}."))
                continue
        raw = raw or setting.default
        if setting.required and not raw:
            problems.append(ConfigProblem(variable, f"is missing: {setting.help} (or name a file in {variable}_FILE)."))
            continue
        if setting.suffix == "URL" and not is_base_url(raw):
            problems.append(ConfigProblem(variable, f"must be {BASE_URL_FORM}."))
            continue
        if setting.suffix.endswith("URL") and _goes_in_clear(raw):
            problems.append(ConfigProblem(variable, IN_CLEAR))
            continue
        values[setting.suffix] = Secret(raw) if setting.secret else raw
    if not problems:
        found = provider.find_problems(values)
        problems += [ConfigProblem(f"{name.upper()}_{suffix}", message) for suffix, message in found]
    return values, problems


def _goes_in_clear(url: str) -> bool:
    """Say whether what is sent to `url` leaves this machine unencrypted."""
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        return False
    if address.scheme != "http" or host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True
