"""How the value of a challenge is drawn: as a picture, as a QR code, or as plain text; never as a link or as HTML."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

import qrcode
from django.utils.safestring import SafeString, mark_safe
from qrcode.exceptions import DataOverflowError
from qrcode.image.svg import SvgPathImage

from providers.answers import Challenge

MAX_IMAGE_CHARACTERS = 65_536
# What fits into the largest QR code at the lowest correction level.
_MAX_QR_BYTES = 2_000
_IMAGE = re.compile(r"data:image/(png|jpeg|gif);base64,([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class ChallengeDisplay:
    """At most one of the three is filled."""

    image: str = ""
    svg: str = ""
    text: str = ""


def display_of(challenge: Challenge) -> ChallengeDisplay:
    """Return what to draw. Assumed: the value of a `qr` challenge is a data URI or plain text; no provider says."""
    value = challenge.value
    if not value:
        return ChallengeDisplay()
    if _is_image(value):
        return ChallengeDisplay(image=value)
    if challenge.kind == "qr" and len(value.encode("utf-8", "replace")) <= _MAX_QR_BYTES:
        svg = _qr_svg(value)
        if svg:
            return ChallengeDisplay(svg=svg, text=value)
    return ChallengeDisplay(text=value)


def _is_image(value: str) -> bool:
    if len(value) > MAX_IMAGE_CHARACTERS:
        return False
    found = _IMAGE.fullmatch(value)
    if found is None:
        return False
    try:
        return bool(base64.b64decode(found[2], validate=True))
    except binascii.Error:
        return False


def _qr_svg(value: str) -> SafeString:
    """Return an SVG made of one path: it has no text of the remote in it, and no inline style."""
    try:
        image = qrcode.make(value, image_factory=SvgPathImage, border=2)
    except (DataOverflowError, ValueError):
        return SafeString("")
    return mark_safe(str(image.to_string(encoding="unicode")))  # noqa: S308 - drawn by us: a path of numbers
