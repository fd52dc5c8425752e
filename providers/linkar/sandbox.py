"""An emulator of Linkar Web Services over a small MultiValue database: files, rights, locks, three body formats.

Where to look in the demo
-------------------------
========================  ============================================================================================
`RACE*1`                  somebody else changes it just after it was read, once: the update meets the lock
`VANISH*1`                is deleted just before it is updated
`HOLD*1`                  the site's own routine refuses every update, in its own words
`FROZEN*1`                the database refuses, and names the attribute
`QUIET*1`                 the update is dropped without a word: 200, nothing written
`SHOUT*1`                 the site's own routine writes everything in capitals
`LANDED*1`                the update is written, and then an error is answered
`SLOW*1`                  the database does not answer within svr_timeout: an error entry about it
`SHUT*1`                  cannot be read, though it can be selected
`BARE*1`                  comes without ORIGINAL_RECORD
`FAULT*1`                 an update brings the service down: 500 with HTML
`ODD*1`                   holds a control character, which XML has no way to say
`SPOILT*1`                holds the sign that stands for a character nobody could read
`TORN*1`                  an update is answered with an error, and the record cannot be read after it
`NOKEY*1` `NOSCOPE*1`     an update finds our key refused (401), or without the right (403)
`NOWHERE*1` `BUSY*1`      an update finds no apiresource (404), or a proxy that says 429
`A/B 7` `X#1*2` `Q'1` …   ids that addresses and clauses have trouble with; `B/'s' "C"`
                          cannot be said at all
`AC*1001` …               a status that the map does not explain; a name split by ü; a phone that is missing; no name at
                          all; remarks with blanks, empty values and backslashes
========================  ============================================================================================

Keys: API_KEY may do everything, READ_KEY reads only, any other is refused. With `auth` “oauth2” tokens are handed
out at /connect/token for CLIENT_ID and CLIENT_SECRET; with “none” nobody is asked. Codes and texts of errors
are the samples'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.sandbox import Request, Response, Sandbox, json_response

from . import sandbox_crud as crud
from . import sandbox_routine as routine
from .sandbox_access import API_KEY, APIRESOURCE, CLIENT_ID, CLIENT_SECRET, Access, Refused, said
from .sandbox_files import AM, FILES, File, dictionary_of, properties_of
from .sandbox_formats import JSON, TEXT, XML, Answer, Error, Sent, Unreadable, sent_in, written
from .sandbox_world import World, build, is_case

MAP = Path(__file__).with_name("sandbox_map.toml")
ACCOUNTS_IN_DEMO = 82
_BROKEN = b"<html><body>Internal Server Error</body></html>"
_VERSION = {
    "LKITEMID": "1",
    "LKMVCOMPONENTSVERSION": "3.2.1",
    "LKSERVERVERSION": "3.2.1.0",
    "LKCLIENTVERSION": "3.2.1.0",
    "DATABASE": "QM",
    "OS": "LINUX",
    "DATEZERO": "19671231",
    "DATEOUTPUTCONVERSION": "D4-",
    "TIMEOUTPUTCONVERSION": "MTS",
    "MVDATETIMESEPARATOR": ",",
    "MVBOOLTRUE": "1",
    "MVBOOLFALSE": "0",
    "OUTPUTBOOLTRUE": "true",
    "OUTPUTBOOLFALSE": "false",
    "MVDECIMALSEPARATOR": ".",
    "OTHERLANGUAGES": "",
    "TABLEROWSEPARATOR": "11",
    "TABLECOLSEPARATOR": "9",
}


class LinkarSandbox(Sandbox):
    """One installation. `accounts` is the size of the file ACCOUNTS; `typed` is the switch CONVERTNUMBOOLJSON.

    `read_after_body`: short or empty, what an update without `read_after` answers.
    """

    slug = "linkar"
    world: World

    def __init__(self, *, accounts: int = ACCOUNTS_IN_DEMO, seed: int = 1, auth: str = "api_key") -> None:
        super().__init__(seed=seed)
        self._accounts = accounts
        self._auth = auth
        self.reset()

    def build_world(self) -> None:
        self.auth = self._auth
        self.typed = False
        self.read_after_body = "short"
        self.slow_s = 2.0
        self.token_life_s = 3600
        self.world = build(self.seed, self.clock.now(), self._accounts)
        self._races = {"RACE*1"}
        self._torn: set[str] = set()
        self.access = Access(self.clock.now, self.fingerprint)

    def environment(self, url: str) -> dict[str, str]:
        return {
            "LINKAR_URL": url.rstrip("/"),
            "LINKAR_AUTH": self._auth,
            "LINKAR_API_KEY": API_KEY,
            "LINKAR_CLIENT_ID": CLIENT_ID,
            "LINKAR_CLIENT_SECRET": CLIENT_SECRET,
            "LINKAR_MAP": str(MAP),
        }

    def settings(self) -> dict[str, Any]:
        names = ("auth", "typed", "read_after_body", "slow_s", "token_life_s")
        return super().settings() | {name: getattr(self, name) for name in names}

    def control(self, action: str, body: Mapping[str, Any]) -> object | None:
        """Act as somebody else at the database: `change` one attribute, `delete` a record, let one `race`."""
        with self.lock:
            match action:
                case "change":
                    self.change(body["file"], body["id"], {int(body["attribute"]): str(body["value"])})
                    return {"record": self.world.find(body["file"], body["id"])}
                case "delete":
                    self.world.delete(body["file"], body["id"])
                    return {"deleted": body["id"]}
                case "race":
                    self._races.add(body["id"])
                    return {"races": sorted(self._races)}
        return None

    def change(self, file: str, item_id: str, changes: Mapping[int, str]) -> None:
        """Change a record as another terminal would: without a lock, without an effect of ours."""
        attributes = (self.world.find(file, item_id) or "").split(AM)
        for number, value in changes.items():
            attributes += [""] * (number - len(attributes))
            attributes[number - 1] = value
        self.world.put(file, item_id, AM.join(attributes))

    def answer(self, request: Request) -> Response:
        if request.path == "/connect/token":
            with self.lock:
                return self.access.hand_out(request, self.token_life_s)
        try:
            if request.path == "/api/v1/health":
                is_json = "json" in request.headers.get("accept", "")
                return json_response(200, "UP") if is_json else Response(200, b"UP", "text/plain; charset=utf-8")
            with self.lock:
                scopes = self.access.scopes_of(request, self.auth)
                return self._route(request, scopes)
        except Refused as refused:
            headers = (("WWW-Authenticate", "ApiKey"),) if refused.status == 401 else ()
            return Response(refused.status, headers=headers)

    # -- what is asked

    def _route(self, request: Request, scopes: tuple[str, ...]) -> Response:
        parts = request.path.removeprefix("/api/v1/").split("/")
        if not request.path.startswith("/api/v1/") or parts[0] != APIRESOURCE:
            raise Refused(404)
        match request.method, parts[1:]:
            case "GET", ["scopes"]:
                return json_response(200, said(scopes))
            case "GET", ["GetVersion"]:
                version = {**_VERSION, "CONVERTNUMBOOLJSON": str(int(self.typed))}
                return json_response(200, {"RECORDS": [version]})
            case "GET", ["crud", ("LkProperties" | "Dictionaries") as what, name]:
                return self._describe(request, what, name)
            case method, ["crud", *rest]:
                return self._crud(request, method, rest, scopes)
        raise Refused(404)

    def _describe(self, request: Request, what: str, name: str) -> Response:
        file = FILES.get(name)
        if file is None or not file.allowed:
            return self._said(request, Answer(errors=[Error("90006", f"File not allowed: {name}")]))
        if what == "LkProperties" and not file.has_schema:
            return self._said(request, Answer(errors=[Error("90012", f"No LkSchema for {name}")]))
        rows = properties_of(file) if what == "LkProperties" else dictionary_of(file)
        return json_response(200, {"TOTAL_RECORDS": str(len(rows)), "RECORDS": rows})

    def _crud(self, request: Request, method: str, rest: list[str], scopes: tuple[str, ...]) -> Response:
        mode = rest.pop(0) if rest[0] in ("dict", "sch") else "normal"
        needed = {"PUT": "crud.update", "PATCH": "crud.updatepartial"}.get(
            method, "crud.read" if rest[1:] else "crud.select"
        )
        if needed not in scopes:
            raise Refused(403)
        file = FILES.get(rest[0])
        if file is None or not file.allowed:
            return self._said(request, Answer(errors=[Error("90006", f"File not allowed: {rest[0]}")]))
        match method, rest[1:]:
            case "GET", [ids]:
                return self._read(request, file, ids.split("\x1e"), mode)
            case "GET", []:
                return self._select(request, file, mode)
            case "PUT" | "PATCH", []:
                return self._update(request, file, mode)
        # An id with a slash is another address, and a method that is not offered has none.
        raise Refused(404)

    def _read(self, request: Request, file: File, ids: list[str], mode: str) -> Response:
        shape = self._shape(request, mode)
        shut = [each for each in ids if is_case(each, "SHUT") or each in self._torn]
        errors = [Error("90009", "Record locked by a process of the night", each) for each in shut]
        rows = [(each, self.world.find(file.name, each)) for each in ids if each not in shut]
        errors += [Error(crud.NOT_FOUND.code, crud.NOT_FOUND.message, each) for each, record in rows if record is None]
        found = [(each, record) for each, record in rows if record is not None]
        answer = crud.shown(file, found, shape, bare=lambda each: is_case(each, "BARE"))
        answer.errors, answer.total = errors, len(found)
        response = self._said(request, answer)
        for each in [each for each, _ in found if each in self._races]:
            self._races.discard(each)
            self.change(file.name, each, {5: f"555 - 010 - {len(self.effects()):03}"})
        return response

    def _select(self, request: Request, file: File, mode: str) -> Response:
        rows = crud.selected(file, self.world, request.query)
        if isinstance(rows, Error):
            return self._said(request, Answer(errors=[rows]))
        total = len(rows)
        if request.query.get("pagination") == "true":
            size, page = (int(request.query.get(name, "0") or 0) for name in ("reg_page", "num_page"))
            if size < 1 or page < 1:
                return self._said(request, Answer(errors=[Error("90013", "reg_page and num_page must be above 0")]))
            rows = rows[(page - 1) * size : page * size]
        answer = crud.shown(file, rows, self._shape(request, mode), bare=lambda each: False)
        if answer.originals is not None:
            answer.originals = ["" if is_case(each, "BARE") else original for each, original in rows]
        answer.short = request.query.get("only_record_ids") == "true"
        answer.total = total
        return self._said(request, answer)

    def _update(self, request: Request, file: File, mode: str) -> Response:
        media = _media_of(request.headers.get("content-type", ""))
        try:
            sent = sent_in(request.body, media)
        except (Unreadable, UnicodeDecodeError):
            return self._said(request, Answer(errors=[Error("90014", "The body cannot be read")]))
        answer = Answer()
        for each in sent:
            try:
                error = self._write(request, file, each)
            except crud.Stopped as stopped:
                if stopped.status == 500:
                    return Response(500, _BROKEN, "text/html")
                error = stopped.error
            if error:
                answer.errors.append(error)
            else:
                answer.ids.append(each.item_id)
        if request.query.get("read_after") == "true" and answer.ids:
            found = [(each, self.world.find(file.name, each) or "") for each in answer.ids]
            shape = self._shape(request, mode)
            errors, answer = answer.errors, crud.shown(file, found, shape, bare=lambda each: is_case(each, "BARE"))
            answer.errors = errors
        elif not answer.errors and self.read_after_body == "empty":
            return Response(200)
        else:
            answer.short = True
        return self._said(request, answer)

    def _write(self, request: Request, file: File, sent: Sent) -> Error | None:
        whole = request.method == "PUT"
        names = [each for each in request.query.get("dictionaries", "").split(" ") if each]
        changed = crud.changed_names(file, self.world, sent, whole=whole, names=names)
        before = self.world.find(file.name, sent.item_id)
        if is_case(sent.item_id, "TORN"):
            self._torn.add(sent.item_id)
        routine.look(sent.item_id, request.query, changed, wait=self._wait)
        if is_case(sent.item_id, "VANISH"):
            self.world.delete(file.name, sent.item_id)
        locking = request.query.get("optimistic_locking") == "true"
        error = crud.update(file, self.world, sent, whole=whole, names=names, locking=locking)
        if error:
            return error
        after = self.world.find(file.name, sent.item_id) or ""
        if is_case(sent.item_id, "SHOUT"):
            self.world.put(file.name, sent.item_id, re.sub("[a-zß-ö]+", lambda found: found[0].upper(), after))
        changes = dict.fromkeys(changed, "changed")
        what = "record_updated" if before is not None else "record_created"
        self.record_effect(request, f"{file.name}/{sent.item_id}", what, changes=changes)
        return (
            Error("90015", "Trigger failed after the write", sent.item_id) if is_case(sent.item_id, "LANDED") else None
        )

    def _wait(self, at_most_s: float | None) -> None:
        self.clock.wait(min(self.slow_s, at_most_s or self.slow_s))

    def _shape(self, request: Request, mode: str) -> crud.Shape:
        return crud.Shape.of(mode, request.query, flat=_answers_in(request) == TEXT)

    def _said(self, request: Request, answer: Answer) -> Response:
        """Answer in the format of the request's body, or of `Accept` where there is none."""
        media = _answers_in(request)
        body = written(answer, media, typed=self.typed)
        return Response(400 if answer.errors else 200, body, f"{media}; charset=utf-8")


def _answers_in(request: Request) -> str:
    return _media_of(request.headers.get("content-type" if request.body else "accept", ""))


def _media_of(header: str) -> str:
    return next((media for media in (XML, TEXT) if media in header), JSON)


sandbox_class = LinkarSandbox
