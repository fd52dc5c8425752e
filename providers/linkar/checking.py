"""Whether an installation is as our settings say: Linkar is up, our key is good, the database answers, the map fits."""

from __future__ import annotations

from ..http import ApiSession, Reply
from ..outcomes import Evidence, Failure, Ok, Refused
from . import client
from .answers import is_answer
from .errors import evidence_of, failure_of, outcome_of
from .options import Options
from .rules import MAP_DIFFERS, NOT_UP
from .schema_reading import read_schema
from .schemas import attributes_in, source_of


def check(session: ApiSession, options: Options) -> Ok[None] | Failure:
    """Ask in the order in which things can be wrong. Source: LINKAR_WS contract, section 10.1."""
    answer = client.health(session)
    if not isinstance(answer, Reply) or answer.status != 200:
        return failure_of(answer, writes=False)
    if _word(answer) != "UP":
        return outcome_of(NOT_UP, evidence_of(answer))
    for apiresource in dict.fromkeys(file.apiresource for file in options.map.files):
        answer = client.scopes(session, apiresource)
        if not isinstance(answer, Reply) or answer.status != 200:
            return failure_of(answer, writes=False)
        answer = client.version(session, apiresource, min(10, options.svr_timeout_s))
        if not (isinstance(answer, Reply) and answer.status == 200 and is_answer(answer)):
            return failure_of(answer, writes=False)
    return _check_map(session, options)


def _check_map(session: ApiSession, options: Options) -> Ok[None] | Failure:
    for file in options.map.files:
        read = read_schema(session, file, options)
        if not isinstance(read, Ok):
            return read
        if source_of(read.value) == "map":
            continue
        known = {each.name: each.number for each in attributes_in(read.value)}
        for name, number in file.numbers.items():
            if name in known and known[name] != number:
                words = f"{file.file}: {name} is attribute {known[name]}, the map says {number}."
                return Refused(MAP_DIFFERS, Evidence(remote_message=words))
    return Ok(None)


def _word(answer: Reply) -> str:
    """Source: samples: a JSON string, or bare text."""
    return str(answer.json if answer.is_json else answer.text).strip().strip('"')
