"""Reading what describes a file: LkProperties, else its dictionary, else nothing but the map."""

from __future__ import annotations

from ..answers import Schema
from ..http import ApiSession, Reply
from ..outcomes import Failure, Ok
from . import client
from .answers import errors_in, is_answer, records_in
from .errors import failure_of
from .file_map import FileMap
from .options import Options
from .schemas import attributes_in, schema_of


def read_schema(session: ApiSession, file: FileMap, options: Options) -> Ok[Schema] | Failure:
    """Return the schema. A site without Linkar Schemas answers LkProperties with 400 or with nothing.

    Assumed: a 403 may be about the one scope (crud.lkproperties, crud.dictionaries) only; then the map has to do.
    """
    for source, ask in (("lkproperties", client.properties), ("dictionaries", client.dictionaries)):
        answer = ask(session, file, options.svr_timeout_s)
        if not isinstance(answer, Reply) or answer.status not in (200, 400, 403):
            return failure_of(answer, writes=False)
        if (answer.status == 200 and not is_answer(answer)) or (answer.status == 400 and not errors_in(answer)):
            return failure_of(answer, writes=False)
        if answer.status == 200 and not errors_in(answer):
            found = schema_of(file, source, records_in(answer) or ())
            if attributes_in(found):
                return Ok(found)
    return Ok(schema_of(file, "map", ()))
