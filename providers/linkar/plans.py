"""What would be sent: an update of some attributes, or a look. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Field, FieldKind, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan, is_placeholder, placeholder
from .client import update_headers, update_path
from .fields import CALCULATED, CONVERSION, FORMAT_SPEC, SVR_TIMEOUT, TIMEOUT_MESSAGE, edit_fields, look_fields
from .file_map import FileMap
from .lkstring import ID, ORIGINAL
from .multivalue import BadText, from_lines, from_text, spelled_out, to_lines, values_of
from .options import MAX_SVR_TIMEOUT_S, MIN_SVR_TIMEOUT_S, Options
from .reading import clause_of, is_reachable
from .snapshots import attributes_in, kept_back_in, record_id_in, rests_on

_NOT_SAYABLE = "This holds a control character, which the format that we speak with this server cannot carry."


@dataclass(slots=True)
class _Entered:
    """What was typed, as the database would hold it: by attribute, only what differs from the record."""

    after: dict[str, str] = field(default_factory=dict)
    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)


def plan_edit(
    file: FileMap,
    base: Snapshot,
    values: Mapping[str, FieldValue],
    given_secrets: frozenset[str],
    *,
    schema: Schema | None,
    options: Options,
) -> Plan | FieldErrors:
    """Plan an update of the attributes that were changed; the rest of the record is read again when it is sent."""
    fields = {each.name: each for each in edit_fields(file, base, schema, options) if each.editable}
    entered = _entered(fields, attributes_in(base), values, options)
    entered.errors |= _torn_groups(file, fields, attributes_in(base), entered.after)
    timeout_s = timeout_of(values, options)
    if timeout_s is None:
        entered.errors[SVR_TIMEOUT] = (TIMEOUT_MESSAGE,)
    if entered.errors or timeout_s is None:
        return FieldErrors(entered.errors)
    secrets = tuple(name for name, each in fields.items() if each.secret and name in given_secrets)
    before = attributes_in(base)
    changes = [_change(fields[name], before.get(name, ""), after) for name, after in entered.after.items()]
    changes += [Change(name, fields[name].label, None, None, secret=True, audit=AuditClass.SECRET) for name in secrets]
    entries = entered.after | {name: placeholder(name) for name in secrets}
    new = {name: entries[name] for name in sorted(entries, key=file.place_of)}
    rest = _untouched(file, base) if options.update_with == "put" else {}
    record: dict[str, Any] = {ID: record_id_in(base), **rest, **new}
    if options.locks:
        record[ORIGINAL] = read_again(ORIGINAL)
    params = update_params(options, timeout_s, names=new)
    path = f"{update_path(file, options)}?{urlencode(params)}"
    count = len(changes)
    return Plan(
        action="edit",
        remote_id=base.remote_id,
        summary=f"Change {count} attribute{'' if count == 1 else 's'} of {record_id_in(base)} in {file.file}",
        changes=tuple(changes),
        call=CallTemplate(options.update_with.upper(), path, {"RECORDS": [record]}, update_headers(options)),
        base_digest=rests_on(base),
        secret_names=secrets,
        warnings=_warnings(file, entered.after, options) if changes else (),
    )


def plan_look(file: FileMap, base: Snapshot, values: Mapping[str, FieldValue], options: Options) -> Plan | FieldErrors:
    """Plan a read that shapes its answer for people. What it shows is never written back."""
    timeout_s = timeout_of(values, options)
    if timeout_s is None:
        return FieldErrors({SVR_TIMEOUT: (TIMEOUT_MESSAGE,)})
    chosen = {
        each.name: _is_on(values.get(each.name, each.initial))
        for each in look_fields(options)
        if each.kind is FieldKind.BOOLEAN
    }
    shaped = [each.label.lower() for each in look_fields(options) if chosen.get(each.name)]
    change = Change("look", "Read", None, ", ".join(["the record", *shaped]), audit=AuditClass.PUBLIC)
    query = urlencode({**{name: _word(on) for name, on in chosen.items()}, "svr_timeout": timeout_s})
    return Plan(
        action="look",
        remote_id=base.remote_id,
        summary=f"Look at {record_id_in(base)} in {file.file}",
        changes=(change,),
        call=CallTemplate("GET", _look_path(file, record_id_in(base), options, query)),
        base_digest=rests_on(base),
    )


def read_again(name: str) -> str:
    """Return what stands for a value that is read again when the update is sent: a name, never a text to write."""
    return f"<{name}>"


def meant_by(plan: Plan) -> dict[str, str]:
    """Return what a plan means to write, raw and by attribute, secrets left out."""
    [record] = (plan.call.body or {})["RECORDS"]
    return {change.field: str(record[change.field]) for change in plan.changes if not change.secret}


def _look_path(file: FileMap, record_id: str, options: Options, query: str) -> str:
    path = update_path(file, options)
    if is_reachable(record_id):
        return f"{path}/{quote(record_id, safe='')}?{query}"
    clause = clause_of(record_id)
    return f"{path}?{query}&{urlencode({'select_clause': clause})}" if clause else f"{path}?{query}"


def update_params(options: Options, timeout_s: int, *, names: Iterable[str]) -> dict[str, Any]:
    """Return the query of an update. Source: the owner's document; the words true and false.

    `read_after` stays on: an update can be dropped without an error, and only this tells. `names` are the attributes
    in the order of the body: text has places instead, so PATCH says them in `dictionaries` (lk_updatepartial).
    """
    params: dict[str, Any] = {"optimistic_locking": _word(options.locks), "read_after": "true"}
    params |= {"original_record": "true", "svr_timeout": timeout_s}
    if options.update_with == "patch" and options.format == "text":
        params["dictionaries"] = " ".join(names)
    return params | ({"custom_vars": options.custom_vars} if options.custom_vars else {})


def look_params(values: Mapping[str, FieldValue], options: Options) -> dict[str, Any]:
    names = (CALCULATED, CONVERSION, FORMAT_SPEC)
    initial = {each.name: each.initial for each in look_fields(options)}
    params: dict[str, Any] = {name: _word(_is_on(values.get(name, initial[name]))) for name in names}
    return params | {"svr_timeout": timeout_of(values, options) or options.svr_timeout_s}


def timeout_of(values: Mapping[str, FieldValue], options: Options) -> int | None:
    """Return how long Linkar waits for the database; None for what is out of bounds, 0 (for ever) included."""
    text = str(values.get(SVR_TIMEOUT) or options.svr_timeout_s).strip()
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return seconds if MIN_SVR_TIMEOUT_S <= seconds <= MAX_SVR_TIMEOUT_S else None


def raw_of(source: Field, typed: str, options: Options) -> str:
    """Return what was typed as the database holds it. Raise `BadText`."""
    if is_placeholder(typed):
        raise BadText("Text of the form {{name}} cannot be sent.")
    text = spelled_out(typed) if options.spells_out else typed
    raw = from_lines(text) if source.kind is FieldKind.LINES else from_text(text)
    if not options.can_say(raw):
        raise BadText(_NOT_SAYABLE)
    return raw


def _entered(
    fields: Mapping[str, Field], before: Mapping[str, str], values: Mapping[str, FieldValue], options: Options
) -> _Entered:
    found = _Entered()
    for name, source in fields.items():
        if source.secret or name == SVR_TIMEOUT or name not in values:
            continue
        typed, now = values[name], before.get(name, "")
        typed = "" if typed is None else str(typed)
        if is_as_shown(typed, source):
            continue
        try:
            raw = raw_of(source, typed, options)
        except BadText as bad:
            found.errors[name] = (str(bad),)
            continue
        if raw != now:
            found.after[name] = raw
    return found


def _untouched(file: FileMap, base: Snapshot) -> dict[str, str]:
    """Return what a PUT sends back as it was, by place: all of it is read again when it is sent."""
    places = {name: place for name in (*attributes_in(base), *kept_back_in(base)) if (place := file.place_of(name))}
    names = (file.name_of(place) for place in range(1, max(places.values(), default=0) + 1))
    return {name: read_again(name) for name in names}


def is_as_shown(typed: str, source: Field) -> bool:
    return typed.replace("\r\n", "\n") == str(source.initial or "")


def _torn_groups(
    file: FileMap, fields: Mapping[str, Field], before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return an error at each changed member of a group whose lines no longer run in parallel.

    A member may have been shorter before (a database drops empty values at the end): only a new number of lines counts.
    """
    errors: dict[str, tuple[str, ...]] = {}
    for group, members in file.groups.items():
        counts = {name: _lines(after.get(name, before.get(name, ""))) for name in members}
        grown = [name for name in members if name in after and counts[name] != _lines(before.get(name, ""))]
        if grown and len({count for count in counts.values() if count}) > 1:
            lines = ", ".join(f"{fields[name].label if name in fields else name} {n}" for name, n in counts.items())
            words = f"The lines of {group} belong together, and their numbers differ now: {lines}."
            errors |= dict.fromkeys(grown, (words,))
    return errors


def _lines(attribute: str) -> int:
    return len(values_of(attribute)) if attribute else 0


def _change(source: Field, before: str, after: str) -> Change:
    show = to_lines if source.kind is FieldKind.LINES else str
    return Change(source.name, source.label, show(before) or None, show(after) or None, audit=source.audit)


def _warnings(file: FileMap, after: Mapping[str, str], options: Options) -> tuple[str, ...]:
    found = []
    if not options.locks:
        found.append(
            "The lock is switched off for this installation: what somebody writes in the same moment is overwritten."
        )
    groups = dict.fromkeys(group for name in after if (group := file.group_of(name)))
    found += [f"The lines of {group} belong together: look at all of its attributes." for group in groups]
    if options.custom_vars:
        found.append(f"The site's own routine gets “{options.custom_vars}” and may refuse the update.")
    return tuple(found)


def _is_on(value: FieldValue) -> bool:
    return value in (True, "true", "on", "1")


def _word(on: bool) -> str:
    return "true" if on else "false"
