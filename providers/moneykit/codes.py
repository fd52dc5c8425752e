"""What a link's `error_code` means for people: the same words for a link in that state and for a refusal because of it.

Source of the codes and their meanings: MoneyKit's page “Link Errors”. Assumed: what to do about each.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..attention import Attention, Who


@dataclass(frozen=True, slots=True)
class Meaning:
    """`{bank}` stands for the institution's name; in the catalogue, where it is not known, for "the institution"."""

    attention: Attention
    headline: str
    explanation: str
    next_step: str
    who: Who
    script: str = ""


_RECONNECT = "Send the repair link: the customer signs in at the institution again, and the link keeps its id and data."
_WAIT = "Wait, then check the link again. Nobody has to act until it is over."

LINK_CODES: dict[str, Meaning] = {
    "auth_expired": Meaning(
        Attention.NEEDS_RECONNECT,
        "The permission at {bank} has ended.",
        "It ran out, was taken back, or the customer changed their password. Data that was read before stays.",
        _RECONNECT,
        Who.CUSTOMER,
        "Your bank's permission for us has ended; that happens after some months or when you change your password. I "
        "send you a link where you can give it again; it takes a minute.",
    ),
    "invalid_credentials": Meaning(
        Attention.NEEDS_RECONNECT,
        "{bank} refused the login.",
        "The customer typed a username or password that the institution does not accept.",
        _RECONNECT,
        Who.CUSTOMER,
        "Your bank did not accept the sign-in. Please try it once on your bank's own page; then use the link that I "
        "send you, with the same password.",
    ),
    "user_input_incorrect": Meaning(
        Attention.NEEDS_RECONNECT,
        "{bank} refused a code or an answer after the login.",
        "The password was right; what the institution asked for afterwards was not.",
        _RECONNECT,
        Who.CUSTOMER,
        "Your password was fine, but the code after it was not accepted. I send you a link to try again; please use "
        "the newest code that your bank sends.",
    ),
    "user_oauth_denied": Meaning(
        Attention.NEEDS_RECONNECT,
        "The customer said no at {bank}.",
        "On the institution's own page the customer refused to share the data.",
        f"Explain to the customer what is shared and why. {_RECONNECT}",
        Who.CUSTOMER,
        "On your bank's page the sharing was declined. If that was not meant, I send you a link to do it again: please "
        "choose your accounts there and allow the access.",
    ),
    "user_setup_required": Meaning(
        Attention.CUSTOMER_AT_INSTITUTION,
        "{bank} wants the customer to do something there first.",
        "The institution lets nobody in before the customer has signed in themselves and finished a step: new terms, a "
        "set-up, an identity check.",
        "Ask the customer to sign in at the institution and do what it asks for; then send the repair link.",
        Who.CUSTOMER,
        "Your bank wants you to finish a step, such as new terms. Please sign in on your bank's own page, do what it "
        "asks, and tell me when you are through; then I send you a link.",
    ),
    "user_error": Meaning(
        Attention.INCOMPLETE,
        "Connecting {bank} was given up.",
        "The customer chose no institution, could not sign in, or left until the time was over. This is the most "
        "common of all.",
        "Send the repair link while the customer has time for it.",
        Who.CUSTOMER,
        "Connecting your bank was started but not finished. I send you a link to do it now; it takes a minute, and I "
        "can stay on the phone.",
    ),
    "incomplete": Meaning(
        Attention.INCOMPLETE,
        "Connecting {bank} is half done.",
        "The institution still waits for the customer: for a permission or for terms to be accepted. It gives no data "
        "until then, and it does not time out by itself.",
        "Send the repair link: the customer goes on where they left.",
        Who.CUSTOMER,
        "There is a step left at your bank before we can read anything. I send you a link that goes on where "
        "you stopped.",
    ),
    "no_accounts": Meaning(
        Attention.CUSTOMER_AT_INSTITUTION,
        "{bank} shares no account that fits.",
        "The login works, but none of its accounts carries what was asked for.",
        "Ask the customer which login or which bank has the account; then send the repair link.",
        Who.CUSTOMER,
        "The login works, but we find no account with it that we can use. Do you have another login, or is the account "
        "at another bank?",
    ),
    "institution_error": Meaning(
        Attention.INSTITUTION_DOWN,
        "{bank} is down or in maintenance.",
        "MoneyKit cannot reach the institution. The link itself is not at fault.",
        _WAIT,
        Who.INSTITUTION,
        "Your bank's systems have a problem at the moment. It is nothing on your side, and you do not have to "
        "do anything.",
    ),
    "provider_error": Meaning(
        Attention.PROVIDER_TROUBLE,
        "The service between MoneyKit and {bank} is failing.",
        "One of the aggregators behind MoneyKit has a fault.",
        "Wait, then check the link again. If it lasts, a repair link may lead through another aggregator.",
        Who.PROVIDER,
    ),
    "system_error": Meaning(
        Attention.PROVIDER_TROUBLE,
        "MoneyKit itself has a fault.",
        "MoneyKit says that such faults are mended soon.",
        "Wait, then check the link again. If it lasts, tell MoneyKit's support the link's id.",
        Who.PROVIDER,
    ),
}
PRODUCTS = ("accounts", "account_numbers", "identity", "transactions", "investments", "enrichment")
# Those that a link session can ask for. Source: SDK, LinkSessionSettingOverrides.products.
SESSION_PRODUCTS = ("account_numbers", "identity", "transactions", "investments")
# Source: SDK and MoneyKit's pages; for the others nothing is stated.
REFRESH_LIMITS = {
    "accounts": "at most once an hour",
    "transactions": "at most once an hour",
    "account_numbers": "at most once a day",
    "identity": "at most once a day",
}


def label_of(product: str) -> str:
    """Return a product's name as people read it; an unknown one keeps its word."""
    return product.replace("_", " ").capitalize() if product in PRODUCTS else product
