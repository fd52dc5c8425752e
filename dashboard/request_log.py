"""One log line a request, with an id; without what people search for in the query string, and without keys of links."""

from __future__ import annotations

import re

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware
from structlog.types import EventDict

# Whoever reads a log must not be able to open the links of others.
_KEY = re.compile(r"(/invitation/|/repair/(?!return/))[^/\s]+")


class RequestLogMiddleware(RequestMiddleware):
    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return without_keys(f"{request.method} {request.path}")


def without_keys(text: str) -> str:
    return _KEY.sub(r"\1…", text)


def drop_request_objects(logger: object, method: str, event: EventDict) -> EventDict:
    """Take out what Django's own loggers tell of an address: its whole request, query and all, and keys of links."""
    if not isinstance(event.get("request"), str | None):
        del event["request"]
    if isinstance(event.get("event"), str):
        event["event"] = without_keys(event["event"])
    return event
