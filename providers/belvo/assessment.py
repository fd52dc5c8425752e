"""What a link's status means for people: badge, cause in words, what to say on the phone."""

from __future__ import annotations

from ..answers import Assessment, Schema, Snapshot
from ..attention import Attention
from .snapshots import institution_title, is_down, is_open_finance

_DOWN_SCRIPT = (
    "Your bank's site has a problem at the moment. It is nothing on your side. We try again when it is back, and you "
    "do not have to do anything."
)


def assess(snapshot: Snapshot, schema: Schema | None) -> Assessment:
    """Say what is wrong and who must act.

    Source: Belvo errors page and “Links (Webhooks)”; Belvo's links carry no error code of their own.
    """
    institution = institution_title(snapshot, schema)
    if is_down(schema) and snapshot.status in _MEANINGS:
        return _institution_down(snapshot, institution)
    if is_open_finance(schema) and snapshot.status in {"invalid", "token_required"}:
        return _consent_over(snapshot, institution)
    meaning = _MEANINGS.get(snapshot.status)
    if meaning is None:
        return _unknown(snapshot)
    attention, headline, explanation, script = meaning
    return Assessment(
        attention,
        headline.format(institution=institution),
        explanation.format(institution=institution),
        code=snapshot.status,
        script=script,
    )


def _institution_down(snapshot: Snapshot, institution: str) -> Assessment:
    also = {
        "invalid": " When it is back, the link still needs a new password.",
        "token_required": " When it is back, the institution will still ask for a code.",
        "unconfirmed": " When it is back, the customer still has to finish connecting.",
    }.get(snapshot.status, " The link itself was fine when Belvo last used it.")
    return Assessment(
        Attention.INSTITUTION_DOWN,
        f"{institution} is down.",
        f"Belvo reports that {institution} cannot be reached. Nobody has to act until it is back.{also}",
        code="institution_down",
        script=_DOWN_SCRIPT,
    )


def _consent_over(snapshot: Snapshot, institution: str) -> Assessment:
    """Assumed: an open finance link has no password, so its `invalid` means that the consent no longer holds."""
    return Assessment(
        Attention.NEEDS_RECONNECT,
        f"The customer's consent at {institution} no longer works.",
        "Open finance links have no password. Only the customer can renew or give the consent.",
        code=snapshot.status,
        script="The permission you gave your bank is over. I send you a link where you can renew it; it takes a "
        "minute.",
    )


def _unknown(snapshot: Snapshot) -> Assessment:
    if not snapshot.status:
        return Assessment(Attention.UNKNOWN, "Belvo gave no status for this link.", "Check it now to see how it is.")
    return Assessment(
        Attention.UNKNOWN,
        f"Belvo says “{snapshot.status}”, a status that Linkdesk does not know.",
        "Check it now. If it stays, look the word up in Belvo's documentation.",
        code=snapshot.status,
    )


_MEANINGS: dict[str, tuple[Attention, str, str, str]] = {
    "valid": (
        Attention.HEALTHY,
        "The link works.",
        "{institution} let Belvo in when it last tried.",
        "",
    ),
    "invalid": (
        Attention.NEEDS_PASSWORD,
        "{institution} no longer accepts the password.",
        "Belvo has stopped using this link. A new password from the customer brings it back; its data and id stay.",
        "Your bank no longer accepts the password we have. Did you change it lately? We can put the new one in now.",
    ),
    "token_required": (
        Attention.NEEDS_CODE,
        "{institution} asks for a code.",
        "Only a new login opens it: type the customer's password, then relay the code that the institution asks for. "
        "Or send the repair link, and the customer does both.",
        "Your bank wants to make sure it is you. I start the sign-in with your password, and then your bank gives you "
        "a code to read to me. Or I send you a link where you do it yourself.",
    ),
    "unconfirmed": (
        Attention.INCOMPLETE,
        "Connecting {institution} was never finished.",
        "The first login did not come through, most often because a code was not entered. The customer can finish it "
        "with a repair link.",
        "Connecting your bank was started but not finished. I send you a link to finish it; it takes a minute.",
    ),
}
