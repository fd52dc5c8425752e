"""A process that starts one operation as a web process does: by itself, or under granian as a WSGI application."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


def start(draft_id: str, password: str) -> str:
    from dashboard.models import Operation, User
    from dashboard.services import operations
    from providers.secrets import Secret

    draft = Operation.objects.get(pk=draft_id)
    plan = operations.preview(draft, {}, frozenset({"password"})).plan
    assert plan is not None
    actor = User.objects.get(pk=draft.actor_id)
    return type(operations.start(draft, {}, {"password": Secret(password)}, digest=plan.digest, actor=actor)).__name__


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Start the draft that the path names, with the password that follows it."""
    import django

    django.setup()
    draft_id, _, password = environ["PATH_INFO"].strip("/").partition("/")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [start(draft_id, password).encode() if password else b"ready"]


def main() -> None:
    import django

    django.setup()
    print(start(sys.argv[1], sys.argv[2]), flush=True)
    if "--leave" not in sys.argv:
        time.sleep(120)


if __name__ == "__main__":
    main()
