#!/usr/bin/env python3
"""The proof of the audit log in one file: the standard library and `cryptography`, no network, nothing of Linkdesk.

    audit_verifier.py export.zip --public-key NAME=BASE64 [--keys FILE]
    audit_verifier.py linkdesk.sqlite3 --keys FILE [--anchors FILE --public-key NAME=BASE64]
    audit_verifier.py postgres://… --keys FILE        (needs psycopg)
    audit_verifier.py entries.jsonl --keys FILE       (or entries.csv, a dump with a header)
    … --since 1200:<hex mac>    only what follows a checkpoint       … --entry 1207    one entry and its neighbours
    … --segment 2025-01.zip     an export of entries that have left the log since: it must be the one that the log names

`--keys` is a file with what AUDIT_KEYS holds (or the variable itself is read); `--public-key` is what
`manage.py verify_audit --public-keys` prints. An anchor counts for the log that its first line names: `--origin` says
which that is (as often as it was renamed); without it all anchors must be of one log.
An export can be checked without the secret keys, by its signature; with them every entry is checked as well.
Exit status: 0 whole, 1 findings, 2 could not look.

The bytes of an entry, `field(x)` being u32(length) then the bytes, text in UTF-8, absence u32(0xFFFFFFFF) alone:

    mac = HMAC-SHA256(K[key_id], field("audit/v1") field(chain) field(key_id) u64(seq) field(prev_mac) field(at)
          field(kind) field(action) field(actor_id) field(actor) field(role) field(target_id) field(target)
          field(integration) field(operation_id) field(result) field(body))

A log may begin later than with entry 1: where an entry of its own says that what came before was removed, and after
which code it goes on (`audit.segment_removed`), that is no finding. Without such an entry it is a gap. With a
`--public-key` that entry must carry a note which its key signed: AUDIT_KEYS alone remove nothing.

Findings: `gap` (numbers are missing), `mac` (not what was written), `prev` (does not follow the one before it),
`unknown_key` (its key is not in the ring), `missing_tail` (the end of the chain is ahead of the entries),
`row_points_past_end` (entries past the end of the chain, or other rows that name such), `no_head` (the end itself is
missing), `rollback` (the log is not the one that was anchored: put back, cut or written anew; or what was removed is
here again), `orphan_intent` (sent, and no outcome since), `bad_anchor` (an anchor that its key did not sign, or of
another log), `lost_anchor` (a sink keeps not what it took; only where Linkdesk looks itself), `bundle` (an export that
is not as it was signed), `segment` (an export of removed entries that is not the one which the log names).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import hashlib
import hmac
import json
import os
import re
import sqlite3
import sys
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DOMAIN = b"audit/v1"
CHAIN = "main"
# The columns after `prev_mac`, in the order in which they are authenticated.
TEXT_COLUMNS = (
    "at",
    "kind",
    "action",
    "actor_id",
    "actor",
    "role",
    "target_id",
    "target",
    "integration",
    "operation_id",
    "result",
    "body",
)
COLUMNS = ("seq", "chain", "key_id", "prev_mac", "mac", *TEXT_COLUMNS)
EXPORT_FORMAT = "linkdesk-audit-export/v1"
REMOVAL_FORMAT = "linkdesk-audit-removal/v1"
# More are counted, not listed: a broken log must not fill the memory of who looks at it.
MAX_FINDINGS = 1000
_MAX_CELL_CHARS = 16_000_000
ORPHAN_AFTER = timedelta(minutes=15)
_ABSENT = (0xFFFFFFFF).to_bytes(4, "big")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM dashboard_auditentry"  # noqa: S608 - our own names
# The entry that tells of entries which have left the log.
REMOVED = "audit.segment_removed"
_IN_SYSLOG = '{"note": '
# Tables of our own whose rows name an entry: cutting the log leaves them behind.
_POINTING = ("dashboard_auditanchor", "dashboard_auditcheck")
_NOTE = re.compile(r"((?:[^\n]+\n)+)\n((?:— [^\n]+\n)+)")
# In a file: so many lines at most, or a long file without an empty line would be read from each of its characters.
_NOTE_IN_FILE = re.compile(r"^(?:[^\n]+\n){1,16}\n(?:— [^\n]+\n){1,16}", re.MULTILINE)
_MEMBERS = ("digests.txt", "entries.jsonl", "manifest.json", "manifest.note")
_MAX_MANIFEST_BYTES = 1_000_000

Row = Mapping[str, Any]
Point = tuple[int, bytes]


class NotPlain(Exception):
    """A value that has no place in the log; the message says where it is and of what type, never what it is."""


class CannotLook(Exception):
    """A sentence that says why there is nothing to check."""


class BadNote(Exception):
    """A note that its key did not sign, or that is none."""


# -- the bytes of an entry


_HEAD = len(DOMAIN).to_bytes(4, "big") + DOMAIN


def field_bytes(value: object) -> bytes:
    """Return the length-prefixed bytes of a text, of bytes, or of nothing at all."""
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes | memoryview):
        raw = bytes(value)
    elif value is None:
        return _ABSENT
    else:
        raise NotPlain(f"{type(value).__name__} is neither text nor bytes")
    return len(raw).to_bytes(4, "big") + raw


def message(row: Row) -> bytes:
    """Return what the MAC of an entry covers; `row` holds the columns as they are stored."""
    parts = [_HEAD, field_bytes(row["chain"]), field_bytes(row["key_id"])]
    parts.append(int(row["seq"]).to_bytes(8, "big"))
    parts.append(field_bytes(bytes(row["prev_mac"])))
    for column in TEXT_COLUMNS:
        value = row[column]
        if isinstance(value, str):
            # As `field_bytes` does it, in place: a log has millions of these.
            raw = value.encode("utf-8", "surrogatepass")
            parts += (len(raw).to_bytes(4, "big"), raw)
        elif value is None:
            parts.append(_ABSENT)
        else:
            # SQLite keeps bytes in a text column as bytes: they are not the text of the same bytes.
            raise NotPlain(f"{column} is not text")
    return b"".join(parts)


# -- the walk along the chain


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at one place; the kinds stand at the top of this file."""

    kind: str
    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What an entry (`told_by`) says of others that have left the log: up to which one, its code, and their export.

    `note` is the same, signed: whoever holds only the keys of the entries cannot make it.
    """

    told_by: int
    last_seq: int
    mac: bytes
    export_sha256: str
    note: str

    @property
    def lines(self) -> list[str]:
        """Return what `note` must say after the log's name."""
        return [REMOVAL_FORMAT, str(self.last_seq), self.mac.hex(), self.export_sha256]


@dataclass(frozen=True, slots=True)
class Verification:
    """`entries` were read; `unlisted` counts findings beyond the first `MAX_FINDINGS`. Up to `seq` it was looked at.

    `begins_after` is the last entry that has left the log, as the log itself says; 0 where it begins at the beginning.
    `anchored` is the last entry that an anchor confirms; `kinds` are those of all findings, listed or not.
    """

    ok: bool
    entries: int
    findings: tuple[Finding, ...]
    seq: int = 0
    unlisted: int = 0
    mac: bytes = b""
    begins_after: int = 0
    anchored: int = 0
    kinds: tuple[str, ...] = ()


@dataclass(slots=True)
class Walk:
    """The entries in order, one at a time, in constant memory; it goes on after a finding.

    `keys` are HMAC keys by id, None where there are none to check with. `start` is a checkpoint: the last entry before
    the first one to come. `anchors` are MACs by number. `contiguous` is false where entries were picked out. `cut` is
    the entry before the first one that came, where that is not `start`; one of `removals` has to tell of it, signed by
    one of `public_keys` where there are any. `first` is the number of the first entry that came.
    """

    keys: Mapping[str, bytes] | None
    start: Point = (0, b"")
    anchors: Mapping[int, bytes] = field(default_factory=dict)
    contiguous: bool = True
    public_keys: Mapping[str, str] = field(default_factory=dict)
    seq: int = 0
    mac: bytes = b""
    entries: int = 0
    unlisted: int = 0
    anchored: int = 0
    kinds: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    sent: dict[str, tuple[int, str]] = field(default_factory=dict)
    cut: Point | None = None
    first: int = 0
    removals: list[Removal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seq, self.mac = self.start

    def note(self, kind: str, seq: int, text: str) -> None:
        self.kinds.add(kind)
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(kind, seq, text))
        else:
            self.unlisted += 1

    def look_at(self, row: Row) -> None:
        seq = row["seq"]
        self.entries += 1
        if not isinstance(seq, int):
            # SQLite takes any text for a number; such a row sorts after all the others.
            self.note("mac", self.seq + 1, "an entry has a number that is none")
            return
        self.first = self.first or seq
        self._look_at_place(row, seq)
        self.seq, self.mac = seq, _raw(row.get("mac"))
        is_genuine = self._look_at_mac(row, seq)
        self._look_at_anchor("is not the entry that was anchored: the log was put back or written anew")
        self._remember(row, seq)
        if is_genuine and row.get("action") == REMOVED and (removal := removal_of(row)):
            self.removals.append(removal)

    def look_at_start(self) -> None:
        """Compare the checkpoint with what was anchored of its entry."""
        if self.mac:
            self._look_at_anchor("is not the entry that was anchored: the checkpoint is of another log")

    def look_at_end(self, head: Point | None) -> None:
        """Compare the last entry with the end of the chain as the database has it, and with what was anchored."""
        if head is None:
            self.note("no_head", self.seq, "the end of the chain is not on record")
        elif head[0] > self.seq:
            self.note("missing_tail", self.seq + 1, f"entries {self.seq + 1} to {head[0]} are missing at the end")
        elif head[0] < self.seq:
            text = f"entries {head[0] + 1} to {self.seq} were added past the end of the chain"
            self.note("row_points_past_end", head[0] + 1, text)
        elif head[1] != self.mac:
            self.note("missing_tail", head[0], "the last entry is not the one at the end of the chain")
        self.look_at_last_anchor()

    def look_at_last_anchor(self) -> None:
        """Say whether an entry after the last one was anchored."""
        if (last := max(self.anchors, default=0)) > self.seq:
            self.note("rollback", self.seq + 1, f"entry {last} was anchored, and the log ends at {self.seq}")

    def look_at_pointers(self, named: Mapping[str, int]) -> None:
        """Say which rows of other tables name an entry past the end; `named` is the greatest number in each table."""
        for table, seq in named.items():
            if seq > self.seq:
                self.note("row_points_past_end", self.seq + 1, f"{table} names entry {seq}, which is not there")

    def look_for_orphans(self, now: datetime) -> None:
        """Name intents that were sent and of which nothing was heard within a quarter of an hour."""
        limit = (now - ORPHAN_AFTER).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for seq, at in self.sent.values():
            if at < limit:
                self.note("orphan_intent", seq, "was sent, and there is no outcome")

    def result(self) -> Verification:
        findings = (*self._look_at_cut(), *self.findings)
        kinds = tuple(sorted(self.kinds | {each.kind for each in findings}))
        return Verification(
            ok=not findings,
            entries=self.entries,
            findings=findings,
            seq=self.seq,
            unlisted=self.unlisted,
            mac=self.mac,
            begins_after=self.cut[0] if self.cut else 0,
            anchored=self.anchored,
            kinds=kinds,
        )

    def is_signed(self, removal: Removal) -> bool:
        """Say whether a removal is signed, as far as there are keys to tell."""
        if not self.public_keys:
            return True
        try:
            return open_note(removal.note, self.public_keys)[1:] == removal.lines
        except BadNote:
            return False

    def _look_at_cut(self) -> Iterator[Finding]:
        """Yield what is wrong with the place at which the log begins, once everything was seen that may tell of it."""
        newest = max(self.removals, key=lambda each: each.last_seq, default=None)
        if newest and self.first and self.first <= newest.last_seq:
            text = f"is here again, and entry {newest.told_by} says that all up to {newest.last_seq} was removed"
            yield Finding("rollback", self.first, text)
        if self.cut is None:
            return
        seq, mac = self.cut
        if self.anchors.get(seq, mac) != mac:
            yield Finding("rollback", seq, "is not the entry that was anchored: the log was put back or written anew")
        telling = [each for each in self.removals if each.last_seq == seq and each.mac == mac]
        if not any(map(self.is_signed, telling)):
            first = self.start[0] + 1
            told = (
                "the entry that tells of their removal is not signed" if telling else "no entry tells of their removal"
            )
            yield Finding("gap", first, f"entries {first} to {seq} are missing, and {told}")

    def _look_at_place(self, row: Row, seq: int) -> None:
        if self.contiguous and self.entries == 1 and seq > self.seq + 1:
            self.cut = seq - 1, _raw(row.get("prev_mac"))
        elif self.contiguous or seq == self.seq + 1:
            if seq > self.seq + 1:
                self.note("gap", self.seq + 1, f"entries {self.seq + 1} to {seq - 1} are missing")
            elif seq <= self.seq:
                self.note("gap", seq, f"stands after entry {self.seq}")
            elif _raw(row.get("prev_mac")) != self.mac and (self.mac or not self.seq):
                self.note("prev", seq, "does not follow the entry before it")
        elif seq <= self.seq:
            self.note("gap", seq, f"stands after entry {self.seq}")

    def _look_at_anchor(self, otherwise: str) -> None:
        anchored = self.anchors.get(self.seq)
        if anchored == self.mac:
            self.anchored = self.seq
        elif anchored is not None:
            self.note("rollback", self.seq, otherwise)

    def _look_at_mac(self, row: Row, seq: int) -> bool:
        """Say whether the entry is what was written, as far as there are keys to tell."""
        if self.keys is None:
            return True
        key_id = row.get("key_id")
        key = self.keys.get(key_id) if isinstance(key_id, str) else None
        if key is None and isinstance(key_id, str):
            self.note("unknown_key", seq, f"was written with the key “{key_id[:40]}”, which is not in the ring")
        elif key is None or not hmac.compare_digest(hmac.digest(key, _message(row), hashlib.sha256), self.mac):
            self.note("mac", seq, "is not what was written")
        else:
            return True
        return False

    def _remember(self, row: Row, seq: int) -> None:
        kind, operation_id = row.get("kind"), row.get("operation_id")
        if not isinstance(operation_id, str) or not operation_id:
            return
        if kind == "intent":
            self.sent[operation_id] = (seq, str(row.get("at")))
        elif kind == "outcome":
            self.sent.pop(operation_id, None)


def _raw(stored: object) -> bytes:
    return bytes(stored) if isinstance(stored, bytes | memoryview) else b""


def removal_of(row: Row) -> Removal | None:
    """Return what an entry says of others that have left the log; None where it says nothing of the kind.

    It can only tell of what came before it.
    """
    try:
        told = json.loads(row["body"])
        last_seq, mac = told["last_entry"], bytes.fromhex(told["last_mac"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(last_seq, int) or not 0 < last_seq < row["seq"] or len(mac) != hashlib.sha256().digest_size:
        return None
    return Removal(row["seq"], last_seq, mac, str(told.get("export_sha256")), str(told.get("signed")))


def _message(row: Row) -> bytes:
    try:
        return message(row)
    except (NotPlain, TypeError, ValueError, OverflowError, KeyError):
        return b""


# -- signed notes and anchors


def notes_in(text: str) -> list[str]:
    """Return the signed notes in a file: one after another, or in lines with `{"note": "..."}` as syslog keeps them."""
    notes = [match.group(0) for match in _NOTE_IN_FILE.finditer(text)]
    for line in text.splitlines() if _IN_SYSLOG in text else ():
        if _IN_SYSLOG in line:
            try:
                notes.append(str(json.JSONDecoder().raw_decode(line[line.index(_IN_SYSLOG) :])[0]["note"]))
            except ValueError:
                notes.append(line)
    return notes


def open_note(note: str, public_keys: Mapping[str, str]) -> list[str]:
    """Return the lines of a note that one of `public_keys` (base64 by name) signed, or raise `BadNote`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    match = _NOTE.fullmatch(note)
    if match is None:
        raise BadNote("this is not a signed note")
    for line in match.group(2).splitlines():
        name, _, encoded = line.removeprefix("— ").rpartition(" ")
        if name not in public_keys:
            continue
        try:
            public, raw = base64.b64decode(public_keys[name]), base64.b64decode(encoded, validate=True)
            if raw[:4] != hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]:
                continue
            Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], match.group(1).encode())
        except (InvalidSignature, ValueError):
            continue
        return match.group(1).splitlines()
    raise BadNote("none of the given public keys has signed it")


def anchor_of(lines: list[str]) -> Point:
    """Return number and MAC from the lines of an anchor: origin, number, base64 of the MAC, UTC time."""
    try:
        return int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError) as broken:
        raise BadNote("this note is no anchor") from broken


def origin_of(note: str) -> str:
    """Return the log that a note says it is of, signed or not; "" where it is no note."""
    match = _NOTE.fullmatch(note)
    return match.group(1).partition("\n")[0] if match else ""


def read_anchors(
    text: str, public_keys: Mapping[str, str], origins: Collection[str] = ()
) -> tuple[dict[int, bytes], list[Finding]]:
    """Return the anchors of a file by number, and a finding for each note in it that cannot be trusted.

    Notes of other logs than `origins` are passed over. Where none are given, all must be of one log.
    """
    anchors: dict[int, bytes] = {}
    findings: list[Finding] = []
    last, one = 0, ""
    for number, note in enumerate(notes_in(text), start=1):
        origin = origin_of(note)
        if origins and origin and origin not in origins:
            continue
        try:
            seq, mac = anchor_of(open_note(note, public_keys))
        except BadNote as trouble:
            findings.append(Finding("bad_anchor", number, f"anchor {number} of the file: {trouble}"))
            continue
        one = one or origin
        if not origins and origin != one:
            told = f"anchor {number} of the file is of the log “{origin}”, the ones before it are of “{one}”"
            findings.append(Finding("bad_anchor", seq, f"{told}: say which is meant"))
            continue
        if anchors.setdefault(seq, mac) != mac:
            findings.append(Finding("bad_anchor", seq, f"two anchors name different entries {seq}"))
        if seq < last:
            findings.append(Finding("rollback", seq, f"was anchored after entry {last}: the log was put back then"))
        last = seq
    return anchors, findings


# -- where entries come from


def read_jsonl(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield entries from JSON Lines; of a line that is no entry its number alone, so that the walk goes on."""
    for line in lines:
        try:
            yield entry_of(line)
        except (ValueError, TypeError, RecursionError):
            yield {"seq": _number_in(line)}


def entry_of(line: bytes) -> dict[str, Any]:
    """Return the entry that a line of JSON is, the MACs in hex; `ValueError` for a name too many, twice or missing.

    No MAC covers what has another name, and of a name that stands there twice each reader takes another value.
    """
    row = _strictly_columns(json.loads(line, object_pairs_hook=_each_once))
    if type(row["seq"]) is not int:
        raise ValueError("its number is none")
    return row


def _number_in(line: bytes) -> int | None:
    found = re.search(rb'"seq": ?([0-9]{1,18})[,}]', line)
    return int(found[1]) if found else None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands there twice")
    return dict(pairs)


def _strictly_columns(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or set(row) != set(COLUMNS):
        raise ValueError("it has not the columns of an entry")
    return row | {column: bytes.fromhex(row[column].removeprefix("\\x")) for column in ("mac", "prev_mac")}


def read_csv(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield entries from CSV with a header; MACs are in hex, as PostgreSQL writes them or plain."""
    csv.field_size_limit(_MAX_CELL_CHARS)
    table = csv.DictReader(lines)
    if sorted(table.fieldnames or ()) != sorted(COLUMNS):
        raise CannotLook("The header of this CSV does not name the columns of the audit log, each once.")
    for row in table:
        number = int(row["seq"]) if re.fullmatch("[0-9]{1,18}", row["seq"] or "") else None
        try:
            yield _strictly_columns(row) | {"seq": number}
        except (ValueError, AttributeError):
            yield {"seq": number}


def read_sqlite(path: Path, after: int, upto: int | None) -> tuple[Iterator[dict[str, Any]], Point | None]:
    """Return the entries of an SQLite file after a number, and the end of the chain."""
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    # What is no text in UTF-8 is not what was written; it must not end the walk.
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    # One moment for both: a desk that goes on writing adds nothing past the end.
    database.execute("BEGIN")
    found = database.execute("SELECT seq, mac FROM dashboard_audithead WHERE chain = ?", [CHAIN]).fetchone()
    limit = "" if upto is None else f" AND seq <= {int(upto)}"
    cursor = database.execute(f"{_SELECT} WHERE seq > ?{limit} ORDER BY seq", [after])

    def rows() -> Iterator[dict[str, Any]]:
        with closing(database):
            for values in cursor:
                yield dict(zip(COLUMNS, values, strict=True))

    return rows(), (int(found[0]), bytes(found[1])) if found else None


def read_postgresql(url: str, after: int, upto: int | None) -> tuple[Iterator[dict[str, Any]], Point | None]:
    """Return the entries of a PostgreSQL database after a number, and the end of the chain."""
    try:
        import psycopg
    except ImportError:
        raise CannotLook("psycopg is not installed here; check an export instead.") from None
    database = psycopg.connect(url)
    database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    database.read_only = True
    found = database.execute("SELECT seq, mac FROM dashboard_audithead WHERE chain = %s", [CHAIN]).fetchone()
    limit = "" if upto is None else f" AND seq <= {int(upto)}"
    cursor = database.cursor("audit_verifier")
    cursor.execute(f"{_SELECT} WHERE seq > %s{limit} ORDER BY seq".encode(), [after])

    def rows() -> Iterator[dict[str, Any]]:
        with closing(database):
            for values in cursor:
                yield dict(zip(COLUMNS, values, strict=True))

    return rows(), (int(found[0]), bytes(found[1])) if found else None


# -- an export


def verify_bundle(
    path: Path,
    public_keys: Mapping[str, str],
    keys: Mapping[str, bytes] | None = None,
    *,
    anchors: Mapping[int, bytes] | None = None,
    origins: Collection[str] = (),
) -> tuple[Verification, dict[str, Any]]:
    """Check an export: what was signed, each line against its digest, the order, and with `keys` every entry.

    It is compared with the anchor that it carries, and with `anchors` besides.
    """
    with zipfile.ZipFile(path) as bundle:
        names = sorted(bundle.namelist())
        try:
            if sum(bundle.getinfo(name).file_size for name in _MEMBERS[2:]) > _MAX_MANIFEST_BYTES:
                raise CannotLook("This is no export of the audit log: its manifest is far too large.")
            bundle.getinfo("entries.jsonl")
            manifest_bytes = bundle.read("manifest.json")
            note, digests = bundle.read("manifest.note").decode(), bundle.read("digests.txt")
            manifest = json.loads(manifest_bytes)
        except (KeyError, ValueError) as missing:
            raise CannotLook(f"This is no export of the audit log: {missing}") from None
        if not isinstance(manifest, dict):
            raise CannotLook("This is no export of the audit log: its manifest is none.")
        walk = Walk(keys, contiguous=False)
        if names != list(_MEMBERS):
            # Of two files of one name each program unpacks another.
            walk.note("bundle", 0, "it holds other files than the four of an export, or one of them twice")
        _look_at_signature(walk, note, manifest_bytes, public_keys, str(manifest.get("origin")))
        if origins and manifest.get("origin") not in origins:
            walk.note("bundle", 0, f"it is of the log “{manifest.get('origin')}”")
        if manifest.get("format") != EXPORT_FORMAT:
            walk.note("bundle", 0, "the manifest is of another format")
        if hashlib.sha256(digests).hexdigest() != manifest.get("digests_sha256"):
            walk.note("bundle", 0, "digests.txt is not the one that was signed")
        _take_anchor(walk, manifest, public_keys, anchors or {})
        with bundle.open("entries.jsonl") as lines:
            _look_at_lines(walk, lines, digests.decode("ascii", "replace").split(), manifest)
    return walk.result(), manifest


def _look_at_signature(walk: Walk, note: str, manifest: bytes, public_keys: Mapping[str, str], origin: str) -> None:
    try:
        signed = open_note(note, public_keys)
    except BadNote as trouble:
        walk.note("bundle", 0, f"manifest.note: {trouble}")
        return
    if signed != [origin, EXPORT_FORMAT, hashlib.sha256(manifest).hexdigest()]:
        walk.note("bundle", 0, "manifest.json is not the one that was signed")


def _take_anchor(walk: Walk, manifest: Row, public_keys: Mapping[str, str], others: Mapping[int, bytes]) -> None:
    """Compare with the anchor that the export carries, and with others, where their entries are in it."""
    carried = str(manifest.get("last_anchor") or "")
    found, bad = read_anchors(carried, public_keys, [str(manifest.get("origin"))])
    walk.anchors = {**others, **found}
    for finding in bad:
        walk.note(finding.kind, finding.seq, finding.text)
    if carried and not found and not bad:
        walk.note("bad_anchor", 0, "the anchor that the export carries is none of this log")
    for seq in found.keys() & others.keys():
        if found[seq] != others[seq]:
            walk.note("rollback", seq, "the export carries an anchor that differs from the one given")


def _look_at_lines(walk: Walk, lines: Iterable[bytes], digests: list[str], manifest: Row) -> None:
    whole = hashlib.sha256()
    first, count = manifest.get("first_seq"), 0
    for line in lines:
        whole.update(line)
        stripped = line.rstrip(b"\n")
        expected = digests[count] if count < len(digests) else ""
        count += 1
        try:
            row = entry_of(stripped)
            named = f"line {count} (entry {row['seq']})"
        except (ValueError, TypeError, AttributeError, RecursionError):
            row, named = {}, f"line {count}"
        if hashlib.sha256(stripped).hexdigest() != expected:
            walk.note("bundle", row.get("seq") or 0, f"{named} of entries.jsonl is not the one that was exported")
        if not row:
            continue
        if count == 1:
            # The chain before the export is not in it.
            walk.contiguous = bool(manifest.get("contiguous"))
            walk.seq, walk.mac = (row["seq"] if first is None else int(first)) - 1, row["prev_mac"]
        walk.look_at(row)
    if count != manifest.get("count"):
        walk.note("bundle", walk.seq, f"{count} entries are here and {manifest.get('count')} were exported")
    if whole.hexdigest() != manifest.get("entries_sha256"):
        walk.note("bundle", 0, "entries.jsonl is not the one that was signed")


def look_at_segment(walk: Walk, path: Path, public_keys: Mapping[str, str], keys: Mapping[str, bytes] | None) -> None:
    """Compare an export of entries that have left the log with what the log says of it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    told = (each for each in walk.removals if each.export_sha256 == digest.hexdigest() and walk.is_signed(each))
    removal = next(told, None)
    if removal is None:
        walk.note("segment", 0, f"{path.name}: no entry of the log names this file by its SHA-256")
        return
    found, _ = verify_bundle(path, public_keys, keys, anchors=walk.anchors)
    for finding in found.findings:
        walk.note(finding.kind, finding.seq, f"{path.name}: {finding.text}")
    if (found.seq, found.mac) != (removal.last_seq, removal.mac):
        walk.note("segment", removal.last_seq, f"{path.name} does not end where the log goes on")


# -- the command


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    try:
        found, about = _verify(options)
    # Whatever it is: a traceback's exit status is that of findings.
    except Exception as trouble:
        print(f"Could not look: {trouble or type(trouble).__name__}", file=sys.stderr)
        return 2
    if options.json:
        shown = asdict(found) | {"mac": found.mac.hex(), "about": about}
        json.dump(shown, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        _print(found, about)
    return 0 if found.ok else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check the audit log of Linkdesk, with the network off.")
    parser.add_argument("source", help="an export (.zip), an SQLite file, a postgres:// address, or entries as .jsonl")
    parser.add_argument("--keys", help="file with AUDIT_KEYS: id:base64, separated by commas or lines")
    parser.add_argument("--public-key", action="append", default=[], metavar="NAME=BASE64")
    parser.add_argument("--anchors", type=Path, help="file with anchors, as the file sink writes them")
    parser.add_argument("--origin", action="append", default=[], help="the log's name in its anchors (AUDIT_ORIGIN)")
    parser.add_argument("--since", metavar="SEQ:MAC", help="a checkpoint: number and MAC in hex of an entry")
    parser.add_argument("--entry", type=int, help="only this entry and its neighbours")
    parser.add_argument(
        "--segment",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an export of entries that left it",
    )
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _verify(options: argparse.Namespace) -> tuple[Verification, dict[str, Any]]:
    public_keys = dict(each.partition("=")[::2] for each in options.public_key)
    keys = _keys(options.keys)
    anchors, bad = _given_anchors(options, public_keys)
    if options.source.endswith(".zip"):
        if bad:
            raise CannotLook(f"{options.anchors}: {bad[0].text}")
        found, manifest = verify_bundle(
            Path(options.source), public_keys, keys, anchors=anchors, origins=options.origin
        )
        return found, manifest | {"checked": "signature and entries" if keys else "signature; no AUDIT_KEYS given"}
    if keys is None:
        raise CannotLook("Give AUDIT_KEYS with --keys or in the environment.")
    start, upto = _start(options)
    is_dump = options.source.endswith((".jsonl", ".csv"))
    # Before the entries: what a desk that goes on anchors meanwhile is no row that points past the end.
    named = {} if is_dump or upto else _named(options.source)
    rows, head = _source(options.source, start[0], upto)
    walk = Walk(keys, start=start, anchors=anchors, public_keys=public_keys)
    walk.look_at_start()
    is_there = options.entry is None
    for row in rows:
        if walk.entries == 0 and options.entry and isinstance(row["seq"], int):
            walk.seq, walk.mac = row["seq"] - 1, _raw(row.get("prev_mac"))
        is_there = is_there or row["seq"] == options.entry
        walk.look_at(row)
    if not is_there:
        walk.note("gap", options.entry, f"entry {options.entry} is missing")
    if is_dump and not walk.entries:
        raise CannotLook("There is no entry in it to check.")
    if is_dump and upto is None:
        walk.look_at_last_anchor()
    elif upto is None:
        walk.look_at_end(head)
        walk.look_at_pointers(named)
        walk.look_for_orphans(datetime.now(UTC))
    for path in options.segment:
        look_at_segment(walk, path, public_keys, keys)
    # Last: whoever may add to the file must not fill the list.
    for finding in bad:
        walk.note(finding.kind, finding.seq, finding.text)
    return walk.result(), {"anchors": len(anchors), "public_keys": len(public_keys)}


def _given_anchors(
    options: argparse.Namespace, public_keys: Mapping[str, str]
) -> tuple[dict[int, bytes], list[Finding]]:
    if not options.anchors:
        return {}, []
    text = options.anchors.read_text(encoding="utf-8", errors="replace")
    anchors, bad = read_anchors(text, public_keys, options.origin)
    if not anchors and not bad:
        of = f" of {' or '.join(options.origin)}" if options.origin else ""
        raise CannotLook(f"There is no anchor{of} in {options.anchors}: it proves nothing of the end of the log.")
    return anchors, bad


def _start(options: argparse.Namespace) -> tuple[Point, int | None]:
    if options.entry is not None:
        if options.entry < 1:
            raise CannotLook("Entries are numbered from 1 on.")
        return (max(options.entry - 2, 0), b""), options.entry + 1
    if not options.since:
        return (0, b""), None
    number, _, mac = options.since.partition(":")
    start = int(number), bytes.fromhex(mac)
    if start[0] < 1 or len(start[1]) != hashlib.sha256().digest_size:
        raise CannotLook("A checkpoint is the number of an entry, a colon, and its whole MAC in hex.")
    return start, None


def _source(source: str, after: int, upto: int | None) -> tuple[Iterator[dict[str, Any]], Point | None]:
    if source.startswith(("postgres://", "postgresql://")):
        return read_postgresql(source, after, upto)
    if source.endswith(".csv"):
        rows = read_csv(Path(source).open(encoding="utf-8", newline=""))  # noqa: SIM115 - read to its end
        return _between(rows, after, upto), None
    if source.endswith(".jsonl"):
        return _between(read_jsonl(Path(source).open("rb")), after, upto), None
    return read_sqlite(Path(source), after, upto)


def _between(rows: Iterator[dict[str, Any]], after: int, upto: int | None) -> Iterator[dict[str, Any]]:
    """Yield the entries after a number up to another one, and what has no number: that is a finding of its own."""
    return (row for row in rows if row["seq"] is None or after < row["seq"] <= (upto or row["seq"]))


def _named(source: str) -> dict[str, int]:
    """Return the greatest entry that each of our own tables names, where it is there at all."""
    if source.startswith(("postgres://", "postgresql://")):
        import psycopg

        with psycopg.connect(source) as server:
            found = server.execute(
                "SELECT name FROM unnest(%s::text[]) name WHERE to_regclass(name) IS NOT NULL", [[*_POINTING]]
            )
            tables = [name for (name,) in found.fetchall()]
            return {name: server.execute(_greatest_in(name).encode()).fetchone()[0] for name in tables}  # type: ignore[index]
    with closing(sqlite3.connect(f"{Path(source).resolve().as_uri()}?mode=ro", uri=True)) as file:
        present = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {name: file.execute(_greatest_in(name)).fetchone()[0] for name in _POINTING if name in present}


def _greatest_in(table: str) -> str:
    return f"SELECT coalesce(max(seq), 0) FROM {table}"  # noqa: S608 - our own names


def _keys(path: str | None) -> dict[str, bytes] | None:
    text = Path(path).read_text(encoding="utf-8") if path else os.environ.get("AUDIT_KEYS", "")
    keys = {}
    for entry in re.split(r"[,\s]+", text.strip()) if text.strip() else []:
        key_id, _, encoded = entry.rpartition("=" if ":" not in entry else ":")
        try:
            keys[key_id] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise CannotLook(f"The key “{key_id}” is not base64.") from None
    return keys or None


def _print(found: Verification, about: Row) -> None:
    for finding in found.findings:
        print(f"{finding.kind:20} entry {finding.seq}: {finding.text}")
    if found.unlisted:
        print(f"… and {found.unlisted} more findings")
    for name in ("origin", "query", "selected_by", "count", "created_at", "created_by", "checked", "anchors"):
        if about.get(name) not in (None, "", 0):
            print(f"{name}: {about[name]}")
    if about.get("log_begins_after"):
        print(f"Entries up to {about['log_begins_after']} had left the log when it was made: none of them is in it.")
    if found.begins_after and found.ok:
        print(f"It begins after entry {found.begins_after}: what came before was removed, and the log tells of it.")
        if not about.get("public_keys"):
            print("Whether that is signed was not looked at: give --public-key.")
    if found.ok:
        print(f"{found.entries} entries, up to number {found.seq}: everything is as it was written;")
        print(_said_of_anchors(found.anchored, about))
    else:
        print(f"{found.entries} entries read, {len(found.findings) + found.unlisted} findings.")


def _said_of_anchors(anchored: int, about: Row) -> str:
    if anchored:
        return f"anchors confirm it up to entry {anchored}."
    if "format" in about:
        return "its signature confirms it, and no anchor is of an entry in it."
    compared = f"none of the {about['anchors']} anchors is of an entry that was looked at, " if about["anchors"] else ""
    return f"{compared}its end rests on the source alone."


if __name__ == "__main__":
    sys.exit(main())
