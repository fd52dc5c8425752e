"""The watch of `tests/shadow.py` in a process that pytest does not run; what it finds stands in the shadow table."""

from __future__ import annotations

from django.apps import AppConfig


class ShadowConfig(AppConfig):
    name = "tests"
    label = "shadow"

    def ready(self) -> None:
        from . import shadow

        shadow.start_watching()
        shadow.watch.is_on = True
