"""Silence the library that we speak HTTP with: it logs URLs whole, query and all, and quotes headers in warnings."""

from __future__ import annotations

import logging

_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.response", "urllib3.util.retry")


def silence_urls() -> None:
    """Drop what those loggers say, at any level; the transport's own line says what may be told of a call."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_drop)


def _drop(record: logging.LogRecord) -> bool:
    return False
