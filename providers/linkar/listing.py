"""Listing the records of all files of the map, page by page."""

from __future__ import annotations

from typing import Any

from ..answers import Page, Snapshot
from ..http import ApiSession, Reply
from ..outcomes import Failure, Ok
from . import client
from .answers import errors_in, records_in, total_of
from .errors import failure_of
from .file_map import FileMap
from .options import Options
from .snapshots import snapshot_of


def list_page(session: ApiSession, options: Options, cursor: str | None) -> Ok[Page[Snapshot]] | Failure:
    """Return one page. A cursor is the place of the file in the map and the number of the page in it."""
    files = options.map.files
    place, number = _place_of(cursor)
    if place >= len(files):
        return Ok(Page(()))
    file = files[place]
    answer = client.select(session, file, options, _params(file, number, options))
    records = records_in(answer) if isinstance(answer, Reply) and answer.status == 200 else None
    if not isinstance(answer, Reply) or records is None or errors_in(answer):
        return failure_of(answer, writes=False)
    total = total_of(answer)
    is_last = not records or (
        number * options.page_size >= total if total is not None else len(records) < options.page_size
    )
    following = (place + 1, 1) if is_last else (place, number + 1)
    items = tuple(snapshot_of(file, record, session) for record in records)
    return Ok(Page(items, _cursor_of(following, options), total if len(files) == 1 else None))


def _params(file: FileMap, number: int, options: Options) -> dict[str, Any]:
    """Source: LINKAR_WS manual, lk_select; reg_page is the size of a page, num_page its number."""
    params: dict[str, Any] = {"pagination": "true", "reg_page": options.page_size, "num_page": number}
    params |= {"original_record": "true", "svr_timeout": options.svr_timeout_s}
    clauses = {"select_clause": file.select_clause, "sort_clause": file.sort_clause}
    return params | {name: clause for name, clause in clauses.items() if clause}


def _place_of(cursor: str | None) -> tuple[int, int]:
    """Return file and page; what is no cursor of ours is beyond the end."""
    if cursor is None:
        return 0, 1
    place, _, number = cursor.partition(".")
    is_ours = all(part.isascii() and part.isdigit() and len(part) < 8 for part in (place, number))
    return (int(place), max(1, int(number))) if is_ours else (1_000_000, 1)


def _cursor_of(following: tuple[int, int], options: Options) -> str | None:
    place, number = following
    return f"{place}.{number}" if place < len(options.map.files) else None
