"""Fields are data: forms, previews, redaction and audit derive from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FieldValue = str | bool | tuple[str, ...] | None


class FieldKind(StrEnum):
    """How a value is entered."""

    TEXT = "text"
    NUMBER = "number"
    URL = "url"
    PASSWORD = "password"  # noqa: S105 - a kind of input
    SELECT = "select"
    MULTISELECT = "multiselect"
    BOOLEAN = "boolean"
    LINES = "lines"  # several lines in one text, kept exactly as typed but for the browser's line ends
    LIST = "list"  # texts, one a line; the value is a tuple
    DOCUMENT = "document"  # text pasted or a file uploaded; bytes stay in memory


class AuditClass(StrEnum):
    """What the audit log may keep of a value. Anything without a class is not kept, and a test asks for its class."""

    UNDECLARED = ""
    PUBLIC = "public"
    PERSONAL = "personal"
    URL = "url"
    SECRET = "secret"  # noqa: S105 - a class of values
    NEVER = "never"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a person may see or enter for one action.

    `pattern` is the remote's own regular expression (JavaScript dialect, search semantics); a pattern that does not
    compile is ignored. `hidden_value` is sent as it is and never shown. A secret is never re-filled, and blank means
    "keep".
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    secret: bool = False
    editable: bool = True
    choices: tuple[Choice, ...] = ()
    initial: FieldValue = None
    help: str = ""
    placeholder: str = ""
    group: str = ""
    advanced: bool = False
    hidden_value: str | None = None
    pattern: str = ""
    pattern_message: str = ""
    max_length: int = 4096
    audit: AuditClass = AuditClass.UNDECLARED
