"""What Linkdesk holds of a customer, found the same way for the preview and for the erasure itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Model, Q, QuerySet

from ..models import (
    ApiCall,
    Approval,
    AuditEntry,
    AuditExport,
    AuditReviewDecision,
    Customer,
    KnownName,
    LinkedAccount,
    Operation,
    SavedQuery,
    SyncRun,
)
from .audit_redaction import pseudonyms
from .erasure_texts import Texts, is_telling
from .known_names import original_of

SUBJECT = "erasure"
# Shorter ones would be found in every sentence.
MIN_OWN_CHARS = 3
# Where a text about anybody may stand, and which columns of it. The log is not among them.
ELSEWHERE: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (Operation, ("reason", "values", "plan", "before", "outcome", "receipt")),
    (Approval, ("summary", "target", "payload", "shown", "reason", "ticket", "note", "result")),
    (AuditReviewDecision, ("comment",)),
    (AuditExport, ("filters", "words")),
    (SyncRun, ("failure",)),
)


@dataclass(frozen=True)
class Scope:
    """Everything about one customer. `own` texts are taken out of their own rows, `telling` ones everywhere."""

    customer: Customer

    @cached_property
    def accounts(self) -> list[LinkedAccount]:
        """Return the accounts matched now, and those of a former reference that have come to nobody else."""
        former = filter(None, map(original_of, KnownName.objects.filter(target_id=str(self.customer.pk))))
        mine = Q(customer=self.customer) | Q(external_id=self.customer.reference)
        mine |= Q(customer=None, external_id__in=set(former))
        return list(LinkedAccount.objects.filter(mine).order_by("pk"))

    @cached_property
    def target_ids(self) -> list[str]:
        """Return by which ids the log knows them."""
        return [str(self.customer.pk), *(str(account.pk) for account in self.accounts)]

    @cached_property
    def names(self) -> list[KnownName]:
        of_theirs = Q(target_id__in=self.target_ids) & (Q(customer=None) | Q(customer=self.customer.pk))
        by_reference = Q(pseudonym__in=pseudonyms(self.customer.reference))
        found = KnownName.objects.filter(of_theirs | by_reference | Q(customer=self.customer.pk))
        return list(found.exclude(sealed=None))

    @cached_property
    def own(self) -> Texts:
        return Texts(text for text in self._texts if len(text) >= MIN_OWN_CHARS)

    @cached_property
    def telling(self) -> Texts:
        ids = {self.customer.reference, *(account.external_id for account in self.accounts)}
        return Texts(text for text in self._texts if is_telling(text, is_id=text in ids))

    @cached_property
    def _texts(self) -> set[str]:
        now = (self.customer.reference, self.customer.name, self.customer.email)
        known = (original_of(row) for row in self.names)
        return {text for text in (*now, *(account.external_id for account in self.accounts), *known) if text}

    @property
    def operations(self) -> QuerySet[Operation]:
        return Operation.objects.filter(account__in=self.accounts)

    @property
    def approvals(self) -> QuerySet[Approval]:
        return Approval.objects.filter(target_id__in=self.target_ids).exclude(subject=SUBJECT)

    @cached_property
    def calls(self) -> list[int]:
        """Return the calls about their accounts, and those about no account in which they occur among others."""
        own = ApiCall.objects.filter(Q(account__in=self.accounts) | Q(operation__in=self.operations))
        columns = ("path", "request_headers", "request_body", "response_body")
        of_many = self.telling.rows(ApiCall.objects.filter(account=None), columns)
        return sorted({*own.values_list("pk", flat=True), *(row.pk for row in of_many)})

    @cached_property
    def saved_queries(self) -> list[SavedQuery]:
        return self.telling.rows(SavedQuery.objects.all(), ("name", "text"))

    @cached_property
    def elsewhere(self) -> list[tuple[Any, tuple[str, ...]]]:
        """Return rows that are about somebody or something else and name them, with the columns to look at."""
        found: list[tuple[Any, tuple[str, ...]]] = []
        for model, columns in ELSEWHERE:
            rows: QuerySet[Any] = model._default_manager.all()
            if model is Operation:
                rows = rows.exclude(account__in=self.accounts)
            if model is Approval:
                rows = rows.exclude(target_id__in=self.target_ids)
            found += [(row, columns) for row in self.telling.rows(rows, columns)]
        return found

    @property
    def entries(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.filter(target_id__in=self.target_ids)

    def entries_in_plain(self) -> int:
        """Return how many entries about them hold one of their texts: somebody typed it, or a provider's id is it."""
        return len(self.own.rows(self.entries, ("target", "body")))

    def counts(self) -> dict[str, int]:
        """Return how much there is of each kind that goes."""
        return {
            "accounts": len(self.accounts),
            "names": len(self.names),
            "operations": self.operations.count(),
            "sealed": self.operations.exclude(sealed=None).count(),
            "approvals": self.approvals.count(),
            "calls": len(self.calls),
            "queries": len(self.saved_queries),
            "elsewhere": len(self.elsewhere),
        }
