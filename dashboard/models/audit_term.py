"""By what an audit entry is found: derived from the entry, no part of its proof, and rebuilt by `index_audit`."""

from __future__ import annotations

from django.db import models

VALUE_CHARS = 160


class AuditTerm(models.Model):
    """One thing that an entry tells, lower-cased. A row with `seq` 0 says that the value occurs at all.

    No relation to the entry: nothing may cascade into the log or out of it. The primary key is the only index, and the
    migration makes it the table itself on SQLite.
    """

    class Name(models.TextChoices):
        FIELD = "field"
        BEFORE = "before"
        AFTER = "after"
        APPROVAL = "approval"
        RESULT = "result"
        INTEGRATION = "integration"
        ROLE = "role"
        TARGET = "target"
        WORD = "word"
        # Who acts without being a person of the desk: they have no id to be found by.
        ACTOR = "actor"
        # Only with `seq` 0: every action, and every person by the text and the id that an entry keeps.
        ACTION = "action"
        PERSON = "person"

    pk = models.CompositePrimaryKey("name", "value", "seq")
    name = models.CharField(max_length=12)
    value = models.CharField(max_length=VALUE_CHARS)
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.value} in #{self.seq}"
