"""One log line a request, with an id; without the query string, because people search for customers in it."""

from __future__ import annotations

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware
from structlog.types import EventDict


class RequestLogMiddleware(RequestMiddleware):
    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"


def drop_request_objects(logger: object, method: str, event: EventDict) -> EventDict:
    """Take out what Django's own loggers attach: shown as text, a request has its whole address, query and all."""
    if not isinstance(event.get("request"), str | None):
        del event["request"]
    return event
