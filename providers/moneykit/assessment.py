"""What a link's state means for people: badge, cause in words, what to say on the phone."""

from __future__ import annotations

from ..answers import Assessment, Schema, Snapshot
from ..attention import Attention
from .codes import LINK_CODES
from .payloads import ProductPayload
from .snapshots import bank_of, link_of, words

# Errors of a product of a connected link that somebody can do something about. Source: SDK, product error codes.
_LOGIN_OVER = "auth_expired"
_BANK_SILENT = frozenset({"institution_error", "timeout"})


def assess(snapshot: Snapshot, schema: Schema | None) -> Assessment:
    """Say what is wrong and who must act. Source: the owner's document (states) and “Link Errors” (codes)."""
    bank = bank_of(snapshot, schema)
    match snapshot.status:
        case "connected":
            return _connected(snapshot, bank)
        case "error":
            return _error(snapshot, bank)
        case "connecting":
            return Assessment(
                Attention.INCOMPLETE,
                f"Connecting {bank} is under way, or was given up.",
                "Nothing can be read yet. A session that is hours old was left: send the repair link.",
                code="connecting",
                script="Connecting your bank was started but not finished. I send you a link to do it now.",
            )
        case "awaiting_token_exchange":
            return Assessment(
                Attention.INCOMPLETE,
                f"The customer has connected {bank}, but our own system has not picked it up.",
                "The last step, exchanging the token of the session, is missing. It is done by the application that "
                "opened the session. If that token is lost, the customer has to connect again.",
                code="awaiting_token_exchange",
                script="You have done your part; the last step is missing on our side. I look into it.",
                who="Your own application, which has to exchange the token.",
            )
        case "deleted":
            return Assessment(
                Attention.ENDED,
                "This link was deleted.",
                "A deleted link cannot be brought back. If the customer still needs it, they have to connect again.",
                code="deleted",
            )
        case _:
            return _unknown(snapshot)


def _connected(snapshot: Snapshot, bank: str) -> Assessment:
    products = link_of(snapshot).products
    errors = {name: product for name, product in products.items() if product.error_code}
    over = [name for name, product in errors.items() if product.error_code == _LOGIN_OVER]
    if over:
        meaning = LINK_CODES[_LOGIN_OVER]
        return Assessment(
            meaning.attention,
            f"{bank} gives no more {words(over).lower()}: the permission has ended.",
            f"The link counts as connected, but {_told(errors)} {meaning.next_step}",
            code=_LOGIN_OVER,
            script=meaning.script,
        )
    if errors and len(errors) == len(products) and all(p.error_code in _BANK_SILENT for p in errors.values()):
        meaning = LINK_CODES["institution_error"]
        return Assessment(
            meaning.attention,
            f"{bank} did not answer when its data was last asked for.",
            f"The link itself is connected. {_told(errors).capitalize()} {meaning.next_step}",
            code=next(iter(errors.values())).error_code,
            script=meaning.script,
        )
    if errors:
        return Assessment(
            Attention.HEALTHY,
            "The link is connected; not all of its data could be refreshed.",
            f"{_told(errors)[0].upper()}{_told(errors)[1:]} What was read before stays readable.",
            code=next(iter(errors.values())).error_code,
        )
    return Assessment(Attention.HEALTHY, "The link works.", f"{bank} lets MoneyKit in.", code="connected")


def _told(errors: dict[str, ProductPayload]) -> str:
    """Return one sentence with each product and the code behind it."""
    return "; ".join(f"{words([name]).lower()}: {product.error_code}" for name, product in errors.items()) + "."


def _error(snapshot: Snapshot, bank: str) -> Assessment:
    meaning = LINK_CODES.get(snapshot.error_code)
    if meaning is None:
        told = f"“{snapshot.error_code}”, a code that Linkdesk does not know" if snapshot.error_code else "no code"
        return Assessment(
            Attention.UNKNOWN,
            f"MoneyKit says that this link has an error, with {told}.",
            "Check it now. If it stays, look the code up in MoneyKit's documentation.",
            code=snapshot.error_code or snapshot.status,
        )
    return Assessment(
        meaning.attention,
        meaning.headline.format(bank=bank),
        f"{meaning.explanation} {meaning.next_step}",
        code=snapshot.error_code,
        script=meaning.script,
    )


def _unknown(snapshot: Snapshot) -> Assessment:
    return Assessment(
        Attention.UNKNOWN,
        f"MoneyKit says “{snapshot.status}”, a state that Linkdesk does not know.",
        "Check it now. If it stays, look the word up in MoneyKit's documentation.",
        code=snapshot.status,
    )
