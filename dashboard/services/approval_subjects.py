"""Everything that a second person can be asked for: importing it makes each known to `approvals`."""

from . import audit_release, erasure, operation_approvals, staff_factor, staff_roles

__all__ = ["audit_release", "erasure", "operation_approvals", "staff_factor", "staff_roles"]
