"""The tables, a file each."""

from .api_call import ApiCall
from .approval import Approval
from .audit import AuditEntry, AuditHead
from .audit_anchor import AuditAnchor, AuditCheck
from .audit_export import AuditExport
from .audit_review import (
    AuditReview,
    AuditReviewDay,
    AuditReviewDecision,
    AuditReviewRule,
    AuditReviewWalk,
    AuditRightUse,
)
from .audit_segment import AuditSegment
from .audit_term import AuditTerm
from .customer import Customer
from .erased_customer import ErasedCustomer
from .invitation import Invitation
from .known_name import KnownName
from .linked_account import LinkedAccount
from .operation import Operation
from .rate_gate import RateGate
from .remote_schema import RemoteSchema
from .remote_token import RemoteToken
from .saved_query import SavedQuery
from .sign_in import LastStep, SpentRecoveryCode, Tries
from .sync_run import SyncRun
from .user import User

__all__ = [
    "ApiCall",
    "Approval",
    "AuditAnchor",
    "AuditCheck",
    "AuditEntry",
    "AuditExport",
    "AuditHead",
    "AuditReview",
    "AuditReviewDay",
    "AuditReviewDecision",
    "AuditReviewRule",
    "AuditReviewWalk",
    "AuditRightUse",
    "AuditSegment",
    "AuditTerm",
    "Customer",
    "ErasedCustomer",
    "Invitation",
    "KnownName",
    "LastStep",
    "LinkedAccount",
    "Operation",
    "RateGate",
    "RemoteSchema",
    "RemoteToken",
    "SavedQuery",
    "SpentRecoveryCode",
    "SyncRun",
    "Tries",
    "User",
]
