"""The map: which file of the database holds the linked accounts, and what its attributes mean. TOML, read at start.

    apiresource = "apidemo"

    [[files]]
    file = "ACCT.LINKS"
    title = "PROVIDER"
    status = "STATUS"
    contact = "EMAIL"                 # shown on the page; `external_id` is what our customers are matched by
    editable = ["STATUS", "EMAIL"]    # everything else is read-only
    secret = ["LKFLD6"]
    hidden = []
    multi = ["EMAIL"]                 # edited as lines; so are groups, and whatever holds several values now
    calculated = []                   # names of calculated dictionaries that may be looked up
    select_clause = 'WITH STATUS # "closed"'
    sort_clause = "BY @ID"

    [files.attributes]                # name in the dictionary, or LKFLDn, and its number
    PROVIDER = 1
    STATUS = 2

    [files.status_words]              # what the stored values mean
    active = ["active"]
    suspended = ["suspended"]
    closed = ["closed"]

    [files.groups]                    # attributes whose values belong together, line by line
    Items = ["ITEM", "QTY"]

    [errors.90005]                    # what a code of this database means; codes that are not here speak for themselves
    sentence = "Finance has put this account on hold. Nothing was changed."
    next_step = "Ask finance to release it."
    who = "agent"                     # who must act: customer, agent, institution, provider or admin
    script = ""                       # what to tell the customer, if anything

What stands in no map is kept by a digest only: an attribute that nobody has named may hold a secret.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from .file_map_checks import BadMap, Table
from .meanings import Meaning, meanings_of

STATUS_WORDS = ("active", "suspended", "closed")
_ROLES = ("title", "subtitle", "status", "contact", "external_id", "changed")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9@_.$%-]{1,60}")
_FILE = re.compile(r"[A-Za-z0-9._,$%&@#-]{1,80}")
_RESOURCE = re.compile(r"[A-Za-z0-9]{1,60}")

__all__ = ["BadMap", "FileMap", "RecordMap", "read_map"]


@dataclass(frozen=True)
class FileMap:
    """One file: what its attributes are called, and what may be done with each."""

    apiresource: str
    file: str
    numbers: Mapping[str, int]
    roles: Mapping[str, str]
    editable: tuple[str, ...]
    secret: frozenset[str]
    hidden: frozenset[str]
    multi: frozenset[str]
    calculated: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    status_words: Mapping[str, str] = field(default_factory=dict)
    select_clause: str = ""
    sort_clause: str = ""

    @property
    def key(self) -> str:
        return f"{self.apiresource}/{self.file}"

    @cached_property
    def names(self) -> Mapping[int, str]:
        return {number: name for name, number in self.numbers.items()}

    def role(self, name: str) -> str:
        """Return the attribute that plays a part (title, status, …), or ""."""
        return self.roles.get(name, "")

    def name_of(self, number: int) -> str:
        return self.names.get(number, f"LKFLD{number}")

    def place_of(self, name: str) -> int:
        """Return the number of an attribute, or 0 for a name that tells none."""
        found = re.fullmatch(r"LKFLD([1-9]\d{0,3})", name)
        return self.numbers.get(name) or (int(found[1]) if found else 0)

    def group_of(self, name: str) -> str:
        return next((group for group, members in self.groups.items() if name in members), "")

    def shows(self, name: str) -> bool:
        """Say whether the value itself may be kept and shown: it is named in the map, and is no secret."""
        return name in self.numbers and name not in self.secret

    def tells(self, name: str) -> bool:
        """Say whether the value under this name may be kept, calculated ones included."""
        return self.shows(name) or name in self.calculated


@dataclass(frozen=True)
class RecordMap:
    """All files of an integration, and what the codes of its database mean."""

    files: tuple[FileMap, ...]
    errors: Mapping[str, Meaning] = field(default_factory=dict)

    def find(self, apiresource: str, file: str) -> FileMap | None:
        return next((each for each in self.files if (each.apiresource, each.file) == (apiresource, file)), None)

    def by_key(self, key: str) -> FileMap | None:
        return next((each for each in self.files if each.key == key), None)

    @property
    def secret_names(self) -> frozenset[str]:
        """Return the keys whose values never reach a call log, under every name that the remote may use for them."""
        return frozenset(
            other
            for each in self.files
            for name in each.secret
            for other in (name, f"LKFLD{each.numbers[name]}", name.title())
        )


@cache
def read_map(path: str) -> RecordMap:
    """Read a map once a process. Raise `BadMap` with a sentence that names the file and the key."""
    try:
        raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadMap(f"{path} cannot be read: {type(error).__name__}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMap(f"{path} is not TOML: {error}.") from None
    return _map_of(Table(raw, path))


def _map_of(top: Table) -> RecordMap:
    apiresource = top.text("apiresource", _RESOURCE, "letters and digits only")
    files = tuple(_file_of(table, apiresource) for table in top.tables("files"))
    errors = meanings_of(top)
    top.refuse_unknown()
    if not files:
        raise top.bad("files", "needs at least one [[files]]")
    keys = [each.key for each in files]
    if len(set(keys)) < len(keys):
        raise top.bad("files", f"names {max(keys, key=keys.count)} twice")
    return RecordMap(files, errors)


def _file_of(table: Table, apiresource: str) -> FileMap:
    file = table.text("file", _FILE, "the name of a file")
    table.call_it(file)
    numbers = _numbers_of(table)
    names = frozenset(numbers)
    roles = {role: name for role in _ROLES if (name := table.name(role, names))}
    editable, secret = table.names("editable", names), frozenset(table.names("secret", names))
    read_only, hidden = table.names("read_only", names), frozenset(table.names("hidden", names))
    groups = _groups_of(table, names)
    made = FileMap(
        apiresource=apiresource,
        file=file,
        numbers=numbers,
        roles=roles,
        editable=tuple(sorted(editable, key=lambda name: numbers[name])),
        secret=secret,
        hidden=hidden,
        multi=frozenset(table.names("multi", names)),
        calculated=table.texts("calculated"),
        groups=groups,
        status_words=_status_words_of(table),
        select_clause=table.text("select_clause", None, "", default=""),
        sort_clause=table.text("sort_clause", None, "", default=""),
    )
    table.refuse_unknown()
    _refuse_contradictions(table, made, frozenset(read_only))
    return made


def _numbers_of(table: Table) -> dict[str, int]:
    attributes = table.table("attributes")
    numbers: dict[str, int] = {}
    for name in attributes.all_keys():
        number = attributes.number(name)
        if not _ATTRIBUTE.fullmatch(name):
            raise attributes.bad(name, "is not the name of an attribute")
        if (found := re.fullmatch(r"LKFLD(\d+)", name)) and int(found[1]) != number:
            raise attributes.bad(name, f"is attribute {found[1]}, not {number}")
        if number in numbers.values():
            raise attributes.bad(name, f"has the number {number}, which another attribute has already")
        numbers[name] = number
    if not numbers:
        raise table.bad("attributes", "names no attribute")
    return dict(sorted(numbers.items(), key=lambda item: item[1]))


def _groups_of(table: Table, names: frozenset[str]) -> dict[str, tuple[str, ...]]:
    groups = table.table("groups", required=False)
    found = {group: groups.names(group, names) for group in groups.all_keys()}
    members = [name for group in found.values() for name in group]
    for group, each in found.items():
        if len(each) < 2:
            raise groups.bad(group, "needs two attributes or more")
    if len(set(members)) < len(members):
        raise table.bad("groups", f"has {max(members, key=members.count)} in two places")
    return found


def _status_words_of(table: Table) -> dict[str, str]:
    """Return the meaning of each stored value."""
    words = table.table("status_words", required=False)
    meanings: dict[str, str] = {}
    for meaning in words.all_keys():
        if meaning not in STATUS_WORDS:
            raise words.bad(meaning, f"is none of {', '.join(STATUS_WORDS)}")
        for value in words.texts(meaning):
            if value in meanings:
                raise words.bad(meaning, f"holds “{value}”, which means {meanings[value]} already")
            meanings[value] = meaning
    return meanings


def _refuse_contradictions(table: Table, made: FileMap, read_only: frozenset[str]) -> None:
    if both := read_only & set(made.editable):
        raise table.bad("read_only", f"holds {min(both)}, which is editable")
    for role, name in made.roles.items():
        if name in made.secret:
            raise table.bad(role, f"is {name}, which is secret and would be shown")
    if both := made.secret & {name for group in made.groups.values() for name in group}:
        raise table.bad("groups", f"holds {min(both)}, which is secret: its lines could not be compared")
