"""Find accounts by anything that is shown of them, and by the ids that people read out on the phone."""

from __future__ import annotations

import re
import uuid

from django.db.models import Q

from ..models import ApiCall, LinkedAccount
from ..models.linked_account import LinkedAccountQuerySet
from ..query_text import MAX_WORDS, clean
from ..registry import request_id_key

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def find(query: str) -> LinkedAccountQuerySet:
    """Return the accounts that match a query, ended ones too; an empty query matches all."""
    return LinkedAccount.objects.filter(matching(query))


def matching(query: str) -> Q:
    """Return the condition behind `find`: every word occurs in what is shown, or the whole is an id that we know.

    Letters are compared without case, accents as typed. %, _ and \\ stand for themselves.
    """
    text = clean(query)
    condition = Q()
    for word in text.casefold().split()[:MAX_WORDS]:
        condition &= Q(search_text__contains=word)
    return condition | _by_id(text) if text else condition


def _by_id(text: str) -> Q:
    """Match ids however they were copied: request ids, link ids with or without dashes, our own ids."""
    if " " in text:
        return Q()
    found = Q(
        pk__in=ApiCall.objects.filter(request_id_key=request_id_key(text), account__isnull=False).values("account")
    )
    if _UUID.fullmatch(text.lower()):
        number = uuid.UUID(text)
        found |= Q(pk=number) | Q(remote_id__in=(str(number), number.hex))
    return found
