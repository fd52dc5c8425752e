"""The demo's child processes: started in sessions of their own, stopped together, never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# A web process waits 10 s for operations under way before it lets go of them.
STOP_WITHIN_S = 11.0


@dataclass(frozen=True, slots=True)
class Child:
    """One process and the file its output goes to. `stop_signal` is the one on which it finishes what it does."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals

    def last_lines(self, count: int = 5) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Children:
    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._children: list[Child] = []
        self._setpriv = _setpriv_with_pdeathsig()

    def start(self, name: str, command: Sequence[str], *, stop_signal: signal.Signals = signal.SIGTERM) -> Child:
        """Start a process. A Ctrl C on the terminal does not reach it: `stop` tells it in order."""
        log = self._folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                [*self._ends_with_its_parent(stop_signal), *command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, process, log, stop_signal)
        self._children.append(child)
        return child

    def ended(self) -> Child | None:
        """Return a child that has ended by itself."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def stop(self) -> None:
        """Ask all of them to finish, wait, then end whatever is left."""
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(child.stop_signal)
        until = time.monotonic() + STOP_WITHIN_S
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=max(0.0, until - time.monotonic()))
            # The group: a server's own workers too, should it have left any.
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()

    def _ends_with_its_parent(self, stop_signal: signal.Signals) -> list[str]:
        """Return what to put before a command so that the kernel tells it to stop should the demo be killed.

        Only Linux can; elsewhere a killed demo leaves its children, which the next start names by their port.
        """
        return [self._setpriv, "--pdeathsig", stop_signal.name.removeprefix("SIG")] if self._setpriv else []


def _setpriv_with_pdeathsig() -> str:
    """Return the path of `setpriv`; "" where there is none, or one that does not know the option, as BusyBox's."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ""
    probe = [setpriv, "--pdeathsig", "TERM", "true"]
    known = subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own command
    return setpriv if known else ""
