"""Keep queries out of the logs of the library that we speak HTTP with: at DEBUG it logs each URL whole."""

from __future__ import annotations

import logging

_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.response", "urllib3.util.retry")


def hide_queries() -> None:
    """Cut every URL that the library logs at its query. Calling this twice changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_hide)


def _hide(record: logging.LogRecord) -> bool:
    # Exceptions of the library quote URLs and headers; our own line says what happened.
    record.exc_info = None
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(argument) for argument in record.args)
    return True


def _shown(argument: object) -> object:
    match argument:
        case str():
            return argument.partition("?")[0]
        case BaseException():
            return type(argument).__name__
        case _:
            return argument
