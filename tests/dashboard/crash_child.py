"""A process that starts one operation as a web process does, and then waits to be killed."""

from __future__ import annotations

import sys
import time


def main() -> None:
    import django

    django.setup()
    from dashboard.models import Operation, User
    from dashboard.services import operations
    from providers.secrets import Secret

    draft = Operation.objects.get(pk=sys.argv[1])
    plan = operations.preview(draft, {}, frozenset({"password"})).plan
    assert plan is not None
    result = operations.start(
        draft, {}, {"password": Secret(sys.argv[2])}, digest=plan.digest, actor=User.objects.get(pk=draft.actor_id)
    )
    print(type(result).__name__, flush=True)
    if "--leave" not in sys.argv:
        time.sleep(120)


if __name__ == "__main__":
    main()
