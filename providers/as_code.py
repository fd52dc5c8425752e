"""A request as something to paste: curl, and Python with `requests`. Pure; no secret is among what it is given.

Our own keys are environment variables, named as the settings are; what a customer's secret stands for is <its name>.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pprint import pformat
from typing import Any
from urllib.parse import urlencode, urlsplit

from .media import Media, UnsoundBody
from .plan import CallTemplate
from .redaction import MASK

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
# The variable that holds an access token where one has to be fetched first.
TOKEN = "ACCESS_TOKEN"  # noqa: S105 - a name
# The usual form for a token (RFC 6749, section 4.4), for settings of these names.
CLIENT_CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "{CLIENT_ID}",
    "client_secret": "{CLIENT_SECRET}",
}
_PLACEHOLDER = re.compile(r"\{\{([A-Za-z0-9_]+)\}\}")
_SETTING = re.compile(r"\{([A-Z][A-Z0-9_]*)\}")
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class TokenCall:
    """How an access token is fetched: a form with `{SUFFIX}` where a setting goes; `key` holds it in the answer."""

    url: str
    form: Mapping[str, str]
    key: str = "access_token"


@dataclass(frozen=True, slots=True)
class Signing:
    """How calls of one integration are addressed and signed, without any value of a setting that is secret.

    `basic` names the settings of user and password; `headers` hold `{SUFFIX}` where a setting goes, and
    `{ACCESS_TOKEN}` for the token of `token`. `media` are the formats of bodies beside JSON and forms.
    """

    base_url: str
    basic: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    token: TokenCall | None = None
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as it may be shown. `body` is None for none; `is_cut` says that only its beginning was kept."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    curl: str
    python: str
    note: str = ""


def of_plan(call: CallTemplate) -> Shown:
    """Return the request of a plan; what is secret is named in angle brackets."""
    headers = dict(call.headers or {})
    if call.body is None:
        return Shown(call.method, call.path, headers)
    body = _named(dict(call.body))
    if call.method == "GET":
        # What a read asks for stands in the address.
        query = urlencode(body, doseq=True, safe="<>")
        return Shown(call.method, f"{call.path}?{query}" if query else call.path, headers)
    return Shown(call.method, call.path, {"Content-Type": JSON_TYPE, **headers}, body)


def of_log(method: str, path: str, headers: Mapping[str, str], body: str) -> Shown:
    """Return the request of a line of the call log; what was masked is named by its key."""
    told = {name: _unmasked(value, name) for name, value in headers.items()}
    if not body:
        return Shown(method, path, told)
    try:
        return Shown(method, path, told, _unmasked(json.loads(body), "secret"))
    except ValueError:
        return Shown(method, path, told, _unmasked(body, "secret"), is_cut=True)


def code_of(shown: Shown, signing: Signing, integration: str) -> Code:
    """Write a request out in both languages. `integration` is the alias that the settings' names begin with."""
    writer = _Writer(shown, signing, lambda suffix: f"{integration.upper()}_{suffix}")
    return Code(writer.curl(), writer.python(), writer.note())


class _Writer:
    def __init__(self, shown: Shown, signing: Signing, variable: Callable[[str], str]) -> None:
        self._url = signing.base_url.rstrip("/") + shown.path
        if signing.token is not None and urlsplit(signing.token.url).path == urlsplit(self._url).path:
            # The call for the token itself is signed by what it holds.
            self._url, signing = signing.token.url, Signing(signing.base_url)
        self._shown, self._signing, self._variable = shown, signing, variable
        self._kind = next((v for k, v in shown.headers.items() if k.lower() == "content-type"), "")
        # What is the call's own is literal; what signs it names settings.
        own = {name: value for name, value in shown.headers.items() if name not in signing.headers}
        self._headers = [(name, value, False) for name, value in own.items()]
        self._headers += [(name, value, True) for name, value in signing.headers.items()]

    def note(self) -> str:
        return "Only the beginning of this body was kept: the end is missing here." if self._shown.is_cut else ""

    # -- curl

    def curl(self) -> str:
        parts = [f"curl --request {shlex.quote(self._shown.method)} {shlex.quote(self._url)}"]
        if self._signing.basic:
            user, password = map(self._variable, self._signing.basic)
            parts.append(f'--user "${user}:${password}"')
        for name, value, is_template in self._headers:
            header = f"{name}: {value}"
            parts.append(f"--header {self._in_shell(header) if is_template else shlex.quote(header)}")
        if (content := self._content()) is not None:
            parts.append(f"--data-binary {shlex.quote(content)}")
        return self._token_in_shell() + " \\\n  ".join(parts)

    def _token_in_shell(self) -> str:
        token = self._signing.token
        if token is None:
            return ""
        fields = "".join(f" \\\n  --data-urlencode {self._in_shell(f'{k}={v}')}" for k, v in token.form.items())
        read = f"import json, sys; print(json.load(sys.stdin)[{token.key!r}])"
        call = f"curl --silent {shlex.quote(token.url)}{fields}"
        return f"{self._variable(TOKEN)}=$({call} \\\n  | python3 -c {shlex.quote(read)})\n"

    def _in_shell(self, text: str) -> str:
        """Quote a text for the shell, its settings as variables that the shell fills in."""
        pieces = _SETTING.split(text)
        quoted = [
            f'"${self._variable(piece)}"' if index % 2 else shlex.quote(piece) if piece else ""
            for index, piece in enumerate(pieces)
        ]
        return "".join(quoted)

    # -- Python

    def python(self) -> str:
        arguments = [repr(self._shown.method), repr(self._url)]
        if self._signing.basic:
            user, password = (f"os.environ[{self._variable(suffix)!r}]" for suffix in self._signing.basic)
            arguments.append(f"auth=({user}, {password})")
        is_json = self._kind == JSON_TYPE and not self._shown.is_cut and self._shown.body is not None
        kept = [header for header in self._headers if not (is_json and header[0].lower() == "content-type")]
        if kept:
            lines = (
                f"        {k!r}: {self._in_python(v) if is_template else repr(v)},\n" for k, v, is_template in kept
            )
            arguments.append(f"headers={{\n{''.join(lines)}    }}")
        if is_json:
            arguments.append(f"json={_literal(self._shown.body)}")
        elif (content := self._content()) is not None:
            arguments.append(f"data={content!r}.encode()")
        arguments += ["timeout=60", "allow_redirects=False"]
        call = "response = requests.request(\n" + "".join(f"    {each},\n" for each in arguments) + ")\n"
        uses_settings = bool(self._signing.basic or self._signing.token) or "os.environ" in call
        imports = "import os\n\nimport requests\n\n" if uses_settings else "import requests\n\n"
        return f"{imports}{self._token_in_python()}{call}print(response.status_code, response.text)\n"

    def _token_in_python(self) -> str:
        token = self._signing.token
        if token is None:
            return ""
        fields = "".join(f"        {name!r}: {self._in_python(value)},\n" for name, value in token.form.items())
        call = f"requests.post(\n    {token.url!r},\n    data={{\n{fields}    }},\n    timeout=60,\n)"
        return f"access_token = {call}.json()[{token.key!r}]\n"

    def _in_python(self, text: str) -> str:
        """Write a text as an expression, its settings as what the environment holds."""
        pieces = [
            (self._python_name(piece) if index % 2 else repr(piece))
            for index, piece in enumerate(_SETTING.split(text))
            if piece
        ]
        return " + ".join(pieces) or "''"

    def _python_name(self, suffix: str) -> str:
        return "access_token" if suffix == TOKEN else f"os.environ[{self._variable(suffix)!r}]"

    # -- both

    def _content(self) -> str | None:
        """Return the body as the text that goes over the wire."""
        body = self._shown.body
        if body is None:
            return None
        if self._shown.is_cut:
            return str(body)
        if self._kind.startswith(FORM_TYPE) and isinstance(body, Mapping):
            return urlencode(body, doseq=True, safe="<>")
        media = next((each for each in self._signing.media if each.reads(self._kind)), None)
        if media is None:
            return json.dumps(body, ensure_ascii=False)
        try:
            return media.write(body).decode("utf-8")
        except (UnsoundBody, UnicodeError):
            return json.dumps(body, ensure_ascii=False)


def _literal(value: Any) -> str:
    """Return a value as Python reads it, over several lines where it is long."""
    text = pformat(value, width=_WIDTH, sort_dicts=False)
    return text.replace("\n", "\n    " + " " * len("json="))


def _named(value: Any) -> Any:
    """Return a body with each placeholder of a secret as <its name>."""
    match value:
        case Mapping():
            return {key: _named(item) for key, item in value.items()}
        case list() | tuple():
            return [_named(item) for item in value]
        case str():
            return _PLACEHOLDER.sub(lambda found: f"<{found[1]}>", value)
        case _:
            return value


def _unmasked(value: Any, key: str) -> Any:
    """Return what the call log kept, with the name of its key in place of what was masked."""
    match value:
        case Mapping():
            return {name: _unmasked(item, str(name)) for name, item in value.items()}
        case list() | tuple():
            return [_unmasked(item, key) for item in value]
        case str():
            return value.replace(MASK, f"<{key}>")
        case _:
            return value
