"""Everything that a second person can be asked for: importing it makes each known to `approvals`."""

from . import operation_approvals, staff_factor, staff_roles

__all__ = ["operation_approvals", "staff_factor", "staff_roles"]
