"""`python3 -m tests.crash --ops N --kills K --seed S [--database sqlite|postgresql]`: the crash test at any size."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEST = "tests/crash/test_crash.py::test_nothing_is_lost_and_nothing_pretended"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--ops", type=int, default=2000, help="how many changes are tried")
    parser.add_argument("--kills", type=int, default=20, help="how often processes are killed")
    parser.add_argument("--seed", type=int, help="of what is changed, and of when what is killed; random by default")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    environment = {**os.environ, "CRASH_OPS": str(options.ops), "CRASH_KILLS": str(options.kills)}
    if options.seed is not None:
        environment["CRASH_SEED"] = str(options.seed)
    command = [sys.executable, "tests/run.py", "--database", options.database, "--", TEST, "-n0"]
    return subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
