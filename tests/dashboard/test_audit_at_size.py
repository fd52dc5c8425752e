"""The audit log at size: whatever is asked, few statements, no scan; with `--long` a million entries and the times."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard import audit_verifier, signing
from dashboard.models import AuditEntry
from dashboard.services import audit_exports
from dashboard.services.audit import Actor, verify
from dashboard.services.audit_search import list_page, read
from tests import people

from .audit_history import write_history

# Each ends with an outcome.
CI_ENTRIES = 20_001
LONG_ENTRIES = 1_000_001
MOST_STATEMENTS = 3
MOST_QUERIES = 8
MAX_PAGE_S = 1.0
TABLES = {"dashboard_auditentry", "dashboard_auditterm"}
QUERIES = (
    "",
    "actor:person7",
    "actor:admin",
    "action:customer.changed",
    "target:cust-42",
    "target:bank",
    "provider:belvo",
    "outcome:refused",
    "field:webhook",
    "field:webhook since:2024-q1",
    "approval:ap-1",
    "before:old",
    "after:hooks7.example",
    "after:v77 field:tags",
    "kind:read",
    "kind:read action:account",
    "-kind:read",
    "webhook",
    "person7 webhook",
    "called username bank",
    '"asked for by mail"',
    "req-000012c",
    '"req-0000012c"',
    "nothing-is-called-so",
    "kind:event outcome:complete",
    "kind:intent outcome:ok",
    "actor:person7 field:webhook after:hooks7 provider:belvo kind:intent since:2024 until:2024-06",
    "kind:system -outcome:complete",
    "since:2024-02-01 until:2024-02-02",
    "seq:500..600 kind:read",
)


@pytest.fixture
def history(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[int]:
    count = LONG_ENTRIES if request.config.getoption("--long") else CI_ENTRIES
    write_history(count)
    yield count


def test_every_query_is_answered_by_index(history: int, request: pytest.FixtureRequest) -> None:
    is_long = request.config.getoption("--long")
    if not is_long:
        # The chain is real: what is measured is what a desk has.
        assert verify().ok
    troubles, lines = [], []
    for text in QUERIES:
        page, statements, seconds = _timed(text)
        following = _timed(text, after=page.after) if page.after else None
        plans = [_plan(sql) for sql in statements + (following[1] if following else [])]
        scans = sorted({scan for plan in plans for scan in _scans(plan)})
        lines.append(
            f"{len(page.rows):3} rows {seconds * 1000:7.1f} ms {len(statements)} statements  {text or '(all)'}"
        )
        if is_long:
            lines += [f"      {line}" for plan in plans for line in _words(plan)]
        if scans or len(statements) > MOST_STATEMENTS or (is_long and seconds > MAX_PAGE_S):
            troubles.append((text, len(statements), round(seconds, 3), scans))
    print(f"\n{history:,} entries on {connection.vendor}", *lines, sep="\n")

    assert troubles == []


def test_a_page_takes_eight_queries_and_the_record_of_the_look_besides(history: int, client: Client) -> None:
    client.force_login(people.member("auditor"))
    counted = {}
    for text in QUERIES:
        # The first time the look itself is put on record; the second time it is only looked up whether it is.
        client.get("/audit/", {"q": text})
        with CaptureQueriesContext(connection) as taken:
            assert client.get("/audit/", {"q": text}).status_code == 200
        of_the_look = ("'audit.read'", "BEGIN", "lock_timeout", "COMMIT")
        counted[text] = sum(not any(word in each["sql"] for word in of_the_look) for each in taken.captured_queries)

    assert {text: count for text, count in counted.items() if count > MOST_QUERIES} == {}


def test_a_scan_would_be_found(history: int) -> None:
    for sql in (
        "SELECT seq FROM dashboard_auditentry WHERE body LIKE '%webhook%'",
        "SELECT DISTINCT action FROM dashboard_auditentry",
        "SELECT seq FROM dashboard_auditterm WHERE seq = 5",
    ):
        assert _scans(_plan(sql)), sql


def _timed(text: str, **cursor: Any) -> tuple[Any, list[str], float]:
    query = read(text)
    list_page(query, **cursor)
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as taken:
        page = list_page(query, **cursor)
    return page, [each["sql"] for each in taken.captured_queries], time.perf_counter() - began


def _plan(sql: str) -> Any:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}")
            plan = cursor.fetchone()[0]
            return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
        return [row[3] for row in cursor.fetchall()]


def _scans(plan: Any) -> list[str]:
    """Return what reads a whole table or a whole index of the log."""
    if isinstance(plan, list):
        return [line for line in plan if re.match(r"SCAN (dashboard_audit(entry|term)|[et])\b", line)]
    return [f"{node['Node Type']} on {node['Relation Name']}" for node in _nodes(plan) if _is_scan(node)]


def _is_scan(node: dict[str, Any]) -> bool:
    if node.get("Relation Name") not in TABLES:
        return False
    return node["Node Type"] == "Seq Scan" or ("Index" in node["Node Type"] and "Index Cond" not in node)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _words(plan: Any) -> list[str]:
    if isinstance(plan, list):
        return [
            line for line in dict.fromkeys(plan) if "dashboard_audit" in line or line.startswith(("SEARCH", "SCAN"))
        ]
    return list(
        dict.fromkeys(
            f"{node['Node Type']} {node.get('Index Name', '')} ({node['Index Cond']})"
            for node in _nodes(plan)
            if "Index Cond" in node
        )
    )


@pytest.mark.long
def test_a_hundred_thousand_entries_are_verified_offline_in_ten_seconds(
    transactional_db: None, settings: Any, tmp_path: Path
) -> None:
    """By what the verifier takes of a core: others may be at work on the machine."""
    settings.EXPORTS_DIR = str(tmp_path / "exports")
    write_history(100_001)
    ivo = Actor("7", "Ivo Auditor <ivo@desk.example>", "auditor")
    export = audit_exports.ask(ivo, "bundle", {})
    assert audit_exports.make_next()
    export.refresh_from_db()
    bundle, script = tmp_path / "export.zip", tmp_path / "audit_verifier.py"
    with audit_exports.open_file(export, ivo) as file:
        bundle.write_bytes(file.read())
    shutil.copy(audit_verifier.__file__, script)
    keys = [part for name, key in signing.public_keys().items() for part in ("--public-key", f"{name}={key}")]

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-I", str(script), str(bundle), *keys]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={}, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{seconds:.1f} s of a core: {ran.stdout}")
    assert ran.returncode == 0 and "100001 entries" in ran.stdout, ran.stdout + ran.stderr
    assert seconds <= 10


@pytest.mark.long
def test_the_log_of_the_long_size_is_whole(history: int) -> None:
    assert AuditEntry.objects.count() == LONG_ENTRIES
    assert verify().ok
