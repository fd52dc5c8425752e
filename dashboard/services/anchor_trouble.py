"""What can be wrong with a sink of anchors."""

from __future__ import annotations


class SinkDown(Exception):
    """The sink did not take a note; the message says why, in words, without what may be secret in its address."""


class BadAddress(ValueError):
    """An address in AUDIT_ANCHORS that cannot be used; the message says why and never quotes it whole."""
