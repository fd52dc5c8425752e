"""Look for marked secrets wherever something is kept, in every form they could take."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from django.contrib.sessions.models import Session
from django.db import connection


def forms_of(secret: str) -> set[bytes]:
    """Return the ways in which the same secret may be written down."""
    raw = secret.encode()
    forms = {raw, raw.hex().encode(), quote(secret).encode(), json.dumps(secret)[1:-1].encode()}
    # Base64 of something that contains it, at each of the three ways it can fall into groups of three bytes.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        whole = encoded[4 if shift else 0 : len(encoded) - 4]
        forms |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in forms if len(form) >= 6}


def places_with(secrets: Iterable[str], kept: Mapping[str, bytes]) -> list[str]:
    """Return the names of the places that hold one of the secrets."""
    wanted = {form for secret in secrets for form in forms_of(secret)}
    return sorted(name for name, content in kept.items() if any(form in content for form in wanted))


def everything_on_disk(folders: Iterable[Path]) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def database_as_bytes() -> dict[str, bytes]:
    """Return the current database as it lies on disk, with its write-ahead log; on PostgreSQL a full dump."""
    own = connection.settings_dict
    if connection.vendor == "sqlite":
        name = str(own["NAME"])
        return {path: Path(path).read_bytes() for path in (name, f"{name}-wal") if Path(path).exists()}
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    command = [str(programs[-1]), "-h", own["HOST"], "-p", str(own["PORT"]), "-U", own["USER"], own["NAME"]]
    dump = subprocess.run(command, env={**os.environ, "PGPASSWORD": own["PASSWORD"]}, capture_output=True, check=True)
    return {"pg_dump": dump.stdout}


def sessions_as_text() -> dict[str, bytes]:
    """Return what sessions hold once unpacked: in the database they are compressed."""
    return {f"session {row.pk}": json.dumps(row.get_decoded()).encode() for row in Session.objects.all()}
