"""`manage.py sync [integration]`: one pass over one integration, or over all of them."""

from __future__ import annotations

import sys
from typing import Any

from dashboard.management.over_integrations import CommandOverIntegrations
from dashboard.models import SyncRun
from dashboard.services import sync

BAR_CHARS = 28


class Command(CommandOverIntegrations):
    help = "Bring the mirror up to date from the remotes, once."

    def handle(self, *args: Any, **options: Any) -> None:
        incomplete = [name for name in self.chosen(options) if not self._is_complete(name)]
        if incomplete:
            sys.exit(1)

    def _is_complete(self, name: str) -> bool:
        bar = _Bar(self.stdout, name)
        try:
            run = sync.run(name, on_progress=bar.show)
        except sync.SyncUnderWay as under_way:
            self.stderr.write(str(under_way))
            return False
        finally:
            bar.end()
        self.stdout.write(
            f"{name}: {run.get_result_display().lower()}, {run.seen} seen, {run.created} new, "
            f"{run.changed} changed, {run.gone} gone."
        )
        if run.failure:
            self.stderr.write(f"{name}: {run.failure.get('sentence', '')} {run.failure.get('next_step', '')}".rstrip())
        return run.result == SyncRun.Result.COMPLETE


class _Bar:
    """A bar that redraws itself on a terminal; a line per stage elsewhere, so that logs stay short."""

    def __init__(self, out: Any, name: str) -> None:
        self._out = out
        self._name = name
        self._moves = bool(getattr(out, "isatty", lambda: False)())
        self._stage = ""
        self._drawn = False

    def show(self, progress: sync.Progress) -> None:
        if not self._moves:
            if progress.stage != self._stage:
                self._out.write(f"{self._name}: reading {progress.stage} …")
            self._stage = progress.stage
            return
        total = progress.total or 0
        share = min(1.0, progress.done / total) if total else 0.0
        filled = round(share * BAR_CHARS)
        of = f" of {total}" if total else ""
        bar = "█" * filled + "░" * (BAR_CHARS - filled)
        self._out.write(f"\r\x1b[K{self._name}: {progress.stage} {bar} {progress.done}{of}", ending="")
        self._out.flush()
        self._drawn = True

    def end(self) -> None:
        if self._drawn:
            self._out.write("\r\x1b[K", ending="")
