"""Everything that a second person can be asked for: importing it makes each known to `approvals`."""

from . import staff_roles

__all__ = ["staff_roles"]
