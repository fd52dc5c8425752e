"""Certificates and private keys: base64 by us, in memory only."""

from __future__ import annotations

import base64
import binascii

from ..secrets import Secret
from .client import as_bytes

DOCUMENT_FIELDS = frozenset({"certificate", "private_key"})
_PEM = b"-----BEGIN"
_ASN1_SEQUENCE = 0x30


def as_base64(document: Secret) -> Secret:
    """Return the document as Belvo wants it: the file's bytes in base64.

    Assumed: what is base64 of a certificate or key already (pasted from somewhere) is not encoded a second time.
    Source: the SDKs for JavaScript and Ruby encode the file's bytes as they are.
    """
    content = as_bytes(document)
    packed = b"".join(content.split())
    if _is_encoded(packed):
        return Secret(packed.decode("ascii"))
    return Secret(base64.b64encode(content).decode("ascii"))


def _is_encoded(packed: bytes) -> bool:
    try:
        plain = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return False
    return plain.startswith(_PEM) or (len(plain) > 1 and plain[0] == _ASN1_SEQUENCE)
