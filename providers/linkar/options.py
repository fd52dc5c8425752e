"""An integration's settings, checked and typed. Only an administrator sets them: in the environment."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..base import Setting
from ..http import BASE_URL_FORM, is_base_url
from ..media import Media
from ..secrets import Secret
from .file_map import BadMap, RecordMap, read_map
from .lkstring import LKSTRING, LkString
from .xml_body import XML, Xml

Config = Mapping[str, str | Secret]

# Seconds that Linkar waits for the database. 0 means for ever, and is not offered.
MIN_SVR_TIMEOUT_S, MAX_SVR_TIMEOUT_S = 1, 60
FORMATS: Mapping[str, Xml | LkString | None] = {"json": None, "xml": XML, "text": LKSTRING}
ACCEPT = {"json": "application/json", "xml": "application/xml", "text": "text/plain"}
MODES = {"normal": "crud", "dict": "crud/dict", "sch": "crud/sch"}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "AUTH": ("none", "api_key", "oauth2"),
    "FORMAT": tuple(FORMATS),
    "MODE": tuple(MODES),
    "UPDATE_WITH": ("put", "patch"),
    "LOCKING": ("on", "off"),
    "MARK_LETTERS": ("refuse", "spell_out"),
}
_NUMBERS = {"SVR_TIMEOUT_S": (MIN_SVR_TIMEOUT_S, MAX_SVR_TIMEOUT_S), "PAGE_SIZE": (1, 1_000)}
_NEEDED_FOR = {"api_key": ("API_KEY",), "oauth2": ("CLIENT_ID", "CLIENT_SECRET")}

SETTINGS = (
    Setting("URL", "the address of Linkar Web Services, without /api/v1", default="http://localhost:12000"),
    Setting("MAP", "the TOML file that says which file holds the accounts and what its attributes mean"),
    Setting("AUTH", "how Linkar knows us: none, api_key or oauth2", default="api_key"),
    Setting("API_KEY", "the API key of our apiresource", required=False, secret=True),
    Setting("CLIENT_ID", "the client id, for oauth2", required=False),
    Setting("CLIENT_SECRET", "the client secret, for oauth2", required=False, secret=True),
    Setting("TOKEN_URL", "where a token is asked for, for oauth2; URL + /connect/token if empty", required=False),
    Setting("SCOPE", "the scopes to ask for, separated by blanks, for oauth2", required=False),
    Setting("FORMAT", "the format of bodies: json, xml or text", default="json"),
    Setting("MODE", "how multivalues are answered: normal, dict or sch", default="normal"),
    Setting("UPDATE_WITH", "put (the whole record) or patch (what changed)", default="put"),
    Setting("LOCKING", "on: Linkar compares before it writes; off: the last writer wins", default="on"),
    Setting("CUSTOM_VARS", "a fixed text for the site's own routine SUB.LK.MAIN.CONTROL.CUSTOM", required=False),
    Setting("SVR_TIMEOUT_S", "how many seconds Linkar waits for the database: 1 to 60", default="15"),
    Setting("PAGE_SIZE", "records a page of the list: 1 to 1000", default="200"),
    Setting("MARK_LETTERS", "ü ý þ û as typed: refuse, or spell_out (ue, y, th, u)", default="refuse"),
    Setting("CA_FILE", "the certificate of a private authority to trust", required=False),
)


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of one integration, sound."""

    map: RecordMap
    auth: str
    format: str
    mode: str
    update_with: str
    locks: bool
    spells_out: bool
    custom_vars: str
    svr_timeout_s: int
    page_size: int

    @property
    def media(self) -> Media | None:
        return FORMATS[self.format]

    def can_say(self, text: str) -> bool:
        """Say whether the format of bodies can carry a text unchanged; JSON carries all of them."""
        media = FORMATS[self.format]
        return media is None or media.can_say(text)


def options_of(config: Config) -> Options:
    """Return the options. What is not sound was found by `problems_of` at start, and takes its default here."""
    return Options(
        map=read_map(str(config["MAP"])),
        auth=_text(config, "AUTH"),
        format=_text(config, "FORMAT"),
        mode=_text(config, "MODE"),
        update_with=_text(config, "UPDATE_WITH"),
        locks=_text(config, "LOCKING") == "on",
        spells_out=_text(config, "MARK_LETTERS") == "spell_out",
        custom_vars=_text(config, "CUSTOM_VARS"),
        svr_timeout_s=int(_text(config, "SVR_TIMEOUT_S")),
        page_size=int(_text(config, "PAGE_SIZE")),
    )


def problems_of(config: Config) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with each setting, as sentences."""
    found: list[tuple[str, str]] = []
    try:
        read_map(_text(config, "MAP"))
    except BadMap as bad:
        found.append(("MAP", str(bad)))
    for suffix, choices in _CHOICES.items():
        if _text(config, suffix) not in choices:
            found.append((suffix, f"is “{_text(config, suffix)}” and must be {_or(choices)}."))
    for suffix, (lowest, highest) in _NUMBERS.items():
        text = _text(config, suffix)
        if not (text.isascii() and text.isdigit() and len(text) < 6 and lowest <= int(text) <= highest):
            found.append((suffix, f"is “{text}” and must be a whole number from {lowest} to {highest}."))
    for suffix in _NEEDED_FOR.get(_text(config, "AUTH"), ()):
        if not config.get(suffix):
            found.append((suffix, f"is missing: AUTH is {_text(config, 'AUTH')}."))
    token_url = _text(config, "TOKEN_URL")
    if token_url and not is_base_url(token_url):
        found.append(("TOKEN_URL", f"must be {BASE_URL_FORM}."))
    for suffix in ("URL", "TOKEN_URL"):
        if _is_link_local(_text(config, suffix)):
            found.append((suffix, "is a link-local address; those belong to machines' own metadata services."))
    return tuple(found)


def token_address(config: Config) -> tuple[str, str]:
    """Return base URL and path of the token endpoint. Assumed: /connect/token, which is not documented."""
    url = _text(config, "TOKEN_URL") or f"{base_url(config)}/connect/token"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def base_url(config: Config) -> str:
    return _text(config, "URL").rstrip("/").removesuffix("/api/v1")


def _text(config: Config, suffix: str) -> str:
    """Return a setting, or its default: a test may give only some of them."""
    default = next(setting.default for setting in SETTINGS if setting.suffix == suffix)
    value = config.get(suffix) or default
    return value if isinstance(value, str) else ""


def _or(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _is_link_local(url: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_link_local
    except ValueError:
        return False
