"""What the audit log may keep of each column of our own tables: one line a class, and nothing without a class.

Fields of providers say their class themselves (`Field.audit`). A test walks all models and the fields of all actions:
whoever adds a column or a field gives it a class there or here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from providers.fields import AuditClass
from providers.plan import Change

from .audit_redaction import redact

_Classes = dict[str, AuditClass]


def _classes(**names: str) -> _Classes:
    """Read `PUBLIC="id name"` as the class of each column."""
    return {name: AuditClass[audit] for audit, columns in names.items() for name in columns.split()}


MODELS: dict[str, _Classes] = {
    "Customer": _classes(PUBLIC="id created_at updated_at", PERSONAL="reference name email"),
    "ErasedCustomer": _classes(PUBLIC="id pseudonym erased_at erased_by counts"),
    # Staff are named in the log on purpose: who did it is what the log is for.
    "User": _classes(
        PUBLIC="id email name last_login is_superuser is_staff is_active date_joined groups user_permissions",
        NEVER="password sessions_salt",
    ),
    "Invitation": _classes(PUBLIC="user created_at expires_at used_at", NEVER="key_digest"),
    "KnownName": _classes(PUBLIC="id pseudonym target_id customer first_seen_at", NEVER="sealed"),
    "LastStep": _classes(PUBLIC="user step"),
    "LinkedAccount": _classes(
        PUBLIC="id integration provider remote_id customer schema_key status attention attention_since headline"
        " error_code cause_code cause_at tags digest remote_created_at last_success_at expires_at checked_at stale_at"
        " gone_at changed_at version",
        PERSONAL="external_id",
        # A title can be a person's name: `Provider.title_audit` says where it cannot.
        RECORD="title explanation script cause_evidence body search_text",
    ),
    "Operation": _classes(
        PUBLIC="id account approval integration action state actor actor_text previous reason secret_names plan_digest"
        " tokens_sent executor beat_at check_at checks_made created_at started_at sent_at settled_at closed_at version"
        " sealed_until",
        # The fields of the provider inside have classes of their own: `redact_changes`.
        RECORD="values plan before outcome receipt",
        NEVER="sealed",
    ),
    "Approval": _classes(
        PUBLIC="id subject subject_id action summary target_id target digest basis is_two_step is_broken_glass state"
        " requester requester_text reason ticket decider decider_text note result created_at expires_at decided_at"
        " closed_at",
        # What is asked for, as both people see it; the log has it by the class of each field.
        RECORD="payload shown",
    ),
    "ApiCall": _classes(
        PUBLIC="id at integration account operation method path_template status failure duration_ms request_id"
        " request_id_key",
        RECORD="path request_headers request_body response_body",
    ),
    "AuditEntry": _classes(
        PUBLIC="seq chain key_id prev_mac mac at kind action actor_id actor role target_id target integration"
        " operation_id result body"
    ),
    "AuditHead": _classes(PUBLIC="chain seq mac"),
    "AuditAnchor": _classes(PUBLIC="sink seq mac taken_at tried_at claimed_until trouble finding is_lost"),
    "AuditCheck": _classes(PUBLIC="scope at ok entries seq mac findings first_finding kinds"),
    "AuditSegment": _classes(
        PUBLIC="month first_seq last_seq last_mac closed_at approval export_sha256 released_at removed_at"
    ),
    "AuditTerm": _classes(PUBLIC="name value seq"),
    "AuditExport": _classes(
        PUBLIC="id form state last_seq asked_at asked_by_id asked_by claim attempts beat_at total written ended_at"
        " failure file_name size_bytes sha256 expires_at",
        # People search for references and names.
        PERSONAL="filters words",
    ),
    "AuditReview": _classes(PUBLIC="seq at action actor_id actor target is_urgent state rank decisions"),
    "AuditReviewRule": _classes(PUBLIC="id review rule"),
    "AuditReviewDecision": _classes(PUBLIC="id review verdict comment at reviewer_id reviewer"),
    "AuditReviewWalk": _classes(PUBLIC="id seq at"),
    "AuditReviewDay": _classes(PUBLIC="day writes"),
    "AuditRightUse": _classes(PUBLIC="id actor_id right seq"),
    "RateGate": _classes(PUBLIC="name full_at"),
    "RemoteSchema": _classes(PUBLIC="id integration key title status digest fetched_at", RECORD="body"),
    "RemoteToken": _classes(PUBLIC="name serial lease lease_until", NEVER="sealed"),
    # The name is a reviewer's own word for it, like a reason; in the text people search for references and names.
    "SavedQuery": _classes(PUBLIC="id owner owner_text name is_shared created_at", PERSONAL="text"),
    "SpentRecoveryCode": _classes(PUBLIC="id authenticator number"),
    "SyncRun": _classes(
        PUBLIC="id integration started_at beat_at ended_at result seen created changed gone", RECORD="failure"
    ),
    "Tries": _classes(PUBLIC="count last_at is_told", NEVER="subject"),
}


def class_of(model: type[Model], column: str) -> AuditClass:
    """Return the class of a column; `UNDECLARED`, of which nothing is kept, where nobody gave it one."""
    return MODELS.get(model.__name__, {}).get(column, AuditClass.UNDECLARED)


def changes_of(
    model: type[Model], before: Mapping[str, Any], after: Mapping[str, Any], *, labels: Mapping[str, str] | None = None
) -> list[dict[str, object]]:
    """Return each column that differs as the audit log may keep it, in the order of `after`; blank is nothing.

    A column that `before` lacks was blank.
    """
    return [
        redact(_change(model, name, before.get(name), after[name], labels or {}), is_given=bool(after[name]))
        for name in after
        if (before.get(name) or None) != (after[name] or None)
    ]


def _change(model: type[Model], name: str, before: Any, after: Any, labels: Mapping[str, str]) -> Change:
    label = labels.get(name) or name.replace("_", " ").capitalize()
    return Change(name, label, _text(before), _text(after), audit=class_of(model, name))


def _text(value: Any) -> str | None:
    """Return a value as the log shows it; None for nothing at all."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None | "":
            return None
        case list() | tuple() | set() | frozenset():
            return ", ".join(sorted(str(item) for item in value)) or None
    return str(value)
