"""MoneyKit's list of links has ids only: a page of ours is some of those ids, each read by itself."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace

from ..answers import Page, Snapshot
from ..cleaning import clean_text
from ..http import ApiSession, Reply
from ..outcomes import Evidence, Failure, Gone, Ok, Refused
from . import client
from .errors import failure_of, outcome_of
from .payloads import ListedLinkPayload, read
from .rules.local import CURSOR_UNUSABLE
from .snapshots import DELETED, is_id, snapshot_of
from .writes import link_in

logger = logging.getLogger("linkdesk.providers.moneykit")

# So many links are read for one page of ours: a pass shows progress, and a limit met on the way costs little.
LINKS_PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Cursor:
    """MoneyKit's own cursor ("" for its first page), and how many ids of that page are done."""

    theirs: str = ""
    done: int = 0

    def written(self) -> str:
        return json.dumps([self.theirs, self.done])

    @classmethod
    def read(cls, text: str | None) -> Cursor | None:
        if text is None:
            return cls()
        try:
            theirs, done = json.loads(text)
        except (ValueError, TypeError):
            return None
        is_sound = isinstance(theirs, str) and isinstance(done, int) and not isinstance(done, bool) and done >= 0
        return cls(theirs, done) if is_sound else None


def list_links(session: ApiSession, cursor: str | None) -> Ok[Page[Snapshot]] | Failure:
    """Return one page. What is gone or refused when it is read by itself is left out: absence is never a deletion."""
    place = Cursor.read(cursor)
    if place is None:
        return outcome_of(CURSOR_UNUSABLE, Evidence())
    answer = client.list_link_ids(session, place.theirs)
    raw = answer.json if isinstance(answer, Reply) and answer.status == 200 else None
    if not isinstance(raw, dict) or not isinstance(raw.get("links"), list):
        return failure_of(answer, writes=False, about_link=False)
    listed = [read(ListedLinkPayload, item) for item in raw["links"]]
    found: list[Snapshot] = []
    for link in listed[place.done : place.done + LINKS_PER_PAGE]:
        if not is_id(link.link_id):
            logger.warning("moneykit: a link in the list has no usable id")
            continue
        outcome = link_in(client.get_link(session, link.link_id), link.link_id, writes=False)
        match outcome:
            case Ok(value=snapshot):
                found.append(replace(snapshot, created_at=link.created_at))
            case Gone() | Refused():
                logger.warning("moneykit: a listed link was not given: %s", outcome.rule.code)
            case _:
                return outcome
    return Ok(Page(tuple(found), _following(place, len(listed), clean_text(raw.get("next_cursor"), 2000))))


def list_of_user(session: ApiSession, reference: str) -> Ok[tuple[Snapshot, ...]] | Failure:
    """Return the links of one user, by our id, without deleted ones: those are gone. Assumed: a user that
    MoneyKit does not know has none, or is a 404.
    """
    answer = client.list_user_links(session, reference)
    if isinstance(answer, Reply) and answer.status == 404:
        return Ok(())
    raw = answer.json if isinstance(answer, Reply) and answer.status == 200 else None
    if not isinstance(raw, dict) or not isinstance(raw.get("links"), dict):
        return failure_of(answer, writes=False, about_link=False)
    snapshots = (snapshot_of(link, reference=reference) for link in raw["links"].values())
    return Ok(tuple(found for found in snapshots if found is not None and found.status != DELETED))


def _following(place: Cursor, listed: int, theirs: str) -> str | None:
    """Source: SDK, GET /links: the last page has the cursor "". Assumed: null or none means the same."""
    done = place.done + LINKS_PER_PAGE
    if done < listed:
        return Cursor(place.theirs, done).written()
    return Cursor(theirs).written() if theirs and theirs != place.theirs else None
