"""Reading what describes connections: the configs of each type, and what the existing connections feed."""

from __future__ import annotations

from ..answers import Page, Schema
from ..http import ApiSession, NoReply, Reply
from ..outcomes import Evidence, Failure, Gone, Ok, RateLimited, Refused
from . import client
from .errors import ON_A_LIST, failure_of, outcome_of
from .feeds import Feeds, feeds_of
from .payloads import ConnectionPayload, read
from .rules import NOT_FOUND, TYPE_UNKNOWN
from .snapshots import schema_of

# Assumed: what available-configs answers for a type that it does not know.
_NO_TYPE = dict.fromkeys(("flxpoint.not_found", "flxpoint.rejected", "flxpoint.required"), TYPE_UNKNOWN)
MAX_TYPES = 200


def all_schemas(session: ApiSession) -> Ok[Page[Schema]] | Failure:
    """Return the schema of every type in use: one request for the list, two for the feeds, one for each type.

    Source: the contract, section 3: there is no list of types, so they are taken from the existing connections.
    """
    answer = client.list_connections(session)
    if not (isinstance(answer, Reply) and answer.status == 200 and isinstance(answer.json, list)):
        return failure_of(answer, writes=False, meanings=ON_A_LIST)
    connections = [read(ConnectionPayload, raw) for raw in answer.json]
    feeds = _feeds(session)
    if isinstance(feeds, RateLimited):
        return feeds
    schemas: list[Schema] = []
    for key in sorted({one.connectionType for one in connections if 0 < len(one.connectionType) <= 200})[:MAX_TYPES]:
        found = _schema(session, key, [one for one in connections if one.connectionType == key], feeds)
        if isinstance(found, Schema):
            schemas.append(found)
        elif not isinstance(found, Gone):
            return found
    return Ok(Page(tuple(schemas), total=len(schemas)))


def one_schema(session: ApiSession, key: str) -> Ok[Schema] | Failure:
    """Return the schema of one type, with what its connections feed."""
    answer = client.list_connections(session)
    raws = answer.json if isinstance(answer, Reply) and answer.status == 200 else None
    if not isinstance(raws, list):
        return failure_of(answer, writes=False, meanings=ON_A_LIST)
    feeds = _feeds(session)
    if isinstance(feeds, RateLimited):
        return feeds
    connections = [one for one in (read(ConnectionPayload, raw) for raw in raws) if one.connectionType == key]
    found = _schema(session, key, connections, feeds)
    return Ok(found) if isinstance(found, Schema) else found


def no_such_connection() -> Failure:
    """Return what an id that Flxpoint cannot have made comes to, without asking."""
    return outcome_of(NOT_FOUND, Evidence())


def _schema(
    session: ApiSession, key: str, connections: list[ConnectionPayload], feeds: Feeds | None
) -> Schema | Failure:
    answer = client.get_available_configs(session, key)
    if not (isinstance(answer, Reply) and answer.status == 200 and isinstance(answer.json, list)):
        return _without_fields(failure_of(answer, writes=False, meanings=_NO_TYPE))
    if not answer.json and not connections:
        return outcome_of(TYPE_UNKNOWN, Evidence(http_status=answer.status))
    name = next((one.connectionTypeName for one in connections if one.connectionTypeName), key)
    ours = feeds.of(str(one.id) for one in connections) if feeds is not None else None
    return schema_of(key, name, answer.json, ours, session.fingerprint)


def _without_fields(failure: Failure) -> Failure:
    """Return a failure that fits a read: there is no form whose fields could be wrong."""
    return Refused(failure.rule, failure.evidence) if getattr(failure, "errors", None) and failure.rule else failure


def _feeds(session: ApiSession) -> Feeds | RateLimited | None:
    """Return what connections feed; None where that cannot be read, which must not hide the connections."""
    answers: list[Reply | NoReply] = []
    for ask in (client.list_sources, client.list_channels):
        answer = ask(session)
        if not isinstance(answer, Reply) or answer.status != 200:
            failure = failure_of(answer, writes=False)
            return failure if isinstance(failure, RateLimited) else None
        answers.append(answer)
    sources, channels = (answer.json if isinstance(answer, Reply) else None for answer in answers)
    return feeds_of(sources, channels)
