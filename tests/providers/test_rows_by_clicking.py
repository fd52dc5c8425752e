"""In the demo world every row of every catalogue is reached by what an agent can click and type, or it is said why not.

A click is the provider's own `availability`, `plan_update` and `send` (or `fetch`, for “Check now”), over real HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from providers.answers import Snapshot
from providers.attention import Attention
from providers.belvo.sandbox_cases import CASES, odd_shapes
from providers.belvo.sandbox_mfa import CODE_CASES
from providers.errors import BUILT_IN, ErrorRule
from providers.fields import FieldValue
from providers.flxpoint.sandbox_cases import APPLIED
from providers.flxpoint.sandbox_cases import CASES as FLXPOINT_CASES
from providers.moneykit.sandbox_people import references
from providers.outcomes import NeedsToken, Ok
from providers.plan import Plan
from providers.sandbox import application, find_sandboxes, serve
from providers.secrets import Secret

from .contract import Remote, got

CHECK_NOW = "check now"
# Rows that no click on an account of the demo leads to, and what does.
ELSEWHERE: Mapping[str, str] = {
    "belvo.wrong_address": "a wrong BELVO_URL: found by check and sync",
    "belvo.next_page_unusable": "a list whose next page is on another host: found by sync",
    "belvo.institution_not_found": "an institution that is listed no more: asked for by sync, not by a click",
    "flxpoint.wrong_address": "a wrong FLXPOINT_URL: found by check and sync",
    "flxpoint.not_the_api": "a FLXPOINT_TOKEN that begins with `expired`: every read then gets the sign-in page",
    "flxpoint.type_unknown": "a type without available configs: asked for by sync, not by a click",
    "linkar.client_refused": "LINKAR_AUTH=oauth2 with a wrong LINKAR_CLIENT_SECRET: no token, so no call",
    "linkar.no_original": "`BARE*1`: the button is not there, and the reason why not says the same",
    "linkar.not_in_map": "a LINKAR_MAP from which a file was taken out",
    "linkar.map_differs": "a LINKAR_MAP that numbers an attribute wrongly",
    "linkar.not_up": "a wrong LINKAR_URL: found by check",
    "moneykit.wrong_address": "a wrong MONEYKIT_URL: found by check and sync",
    "moneykit.cursor_unusable": "our own cursor, garbled: found by sync",
    "moneykit.institution_not_found": "an institution that is listed no more: asked for by sync, not by a click",
    "moneykit.invalid_token_exchange": "exchanging a token, which Linkdesk leaves to the customer's app",
}
# Words that say for how long to wait; the client does, and the one that asks for two minutes is enough.
WAITED_FOR = {"case-busy", "case-busy-date", "case-busy-bare"}
# States that need a click first: no provider tells them of an account that was merely listed.
AFTER_A_CLICK = {Attention.OUR_KEYS, Attention.CONFLICT}


@dataclass(frozen=True)
class Click:
    account: Snapshot
    action: str
    values: dict[str, FieldValue] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    code: str = ""


def clicks_at_belvo(remote: Remote) -> Iterator[Click]:
    """Words typed as the password, codes typed in the room, and the links that are named after what they answer."""
    plain, asking = (
        next(each for each in remote.snapshots if each.schema_key == bank and each.status == "invalid")
        for bank in ("erebor_mx_retail", "heimdall_mx_retail")
    )
    for word in (*CASES, *odd_shapes()):
        yield Click(plain, "credentials", secrets={"password": word})
    for code in CODE_CASES:
        yield Click(asking, "credentials", secrets={"password": "a_good_one_1"}, code=code)
    for link in remote.snapshots:
        if link.external_id.startswith("case-"):
            yield Click(link, CHECK_NOW)
            yield Click(link, "refresh")
            yield Click(link, "settings", {"stale_in": "42d"})
            yield Click(link, "repair_link")


def clicks_at_moneykit(remote: Remote) -> Iterator[Click]:
    """Links tagged “case: …”; those that were never connected come by customer only."""
    by_customer = (link for name in references() for link in got(remote.provider.list_of_customer(name)))
    found = {link.remote_id: link for link in (*by_customer, *remote.snapshots)}
    for link in found.values():
        if any(tag.startswith("case:") for tag in link.tags):
            yield Click(link, "settings", {"webhook": "https://a.example/x", "link_tags": link.tags})
            yield Click(link, "refresh", {"products": ("accounts",), "may_be_billed": True})
            yield Click(link, "repair_link")
            yield Click(link, "test_webhook")
            yield Click(link, "reset")
            yield Click(link, "delete")


def clicks_at_flxpoint(remote: Remote) -> Iterator[Click]:
    """Words typed as a config, connections named “Case: …”, and a second connection of the same name."""
    feed = next(each for each in remote.snapshots if each.remote_id == "48377")
    for word in (*FLXPOINT_CASES, *APPLIED):
        if word not in WAITED_FOR:
            yield Click(feed, "configs", {"remote_path": word})
    for connection in remote.snapshots:
        if connection.title.startswith("Case:"):
            yield Click(connection, CHECK_NOW)
            yield Click(connection, "configs", {"host": "b.example", "store_url": "b.example"})
    yield Click(feed, "create", {"connection.name": feed.title, "host": "a.example", "username": "a"})


def clicks_at_linkar(remote: Remote) -> Iterator[Click]:
    for record in remote.snapshots:
        yield Click(record, "edit", {"PHONE": "123"})
        yield Click(record, "look", {"calculated": True})


CLICKS: Mapping[str, Callable[[Remote], Iterator[Click]]] = {
    "belvo": clicks_at_belvo,
    "flxpoint": clicks_at_flxpoint,
    "linkar": clicks_at_linkar,
    "moneykit": clicks_at_moneykit,
}
# Waiting shows nothing here: neither for their limits nor for their slowness.
IN_NO_TIME = {
    "belvo": {"rate_limit": None},
    "flxpoint": {"pool_size": None},
    "linkar": {"slow_s": 0.0},
}


@dataclass(frozen=True)
class Walk:
    reached: dict[str, ErrorRule]
    rules: dict[str, ErrorRule]
    shown: set[Attention]
    accounts: int


@pytest.fixture(scope="module")
def walks() -> dict[str, Walk]:
    return {slug: walk(slug) for slug in CLICKS}


def walk(slug: str) -> Walk:
    box = find_sandboxes()[slug]()
    with serve(application({slug: box})) as server:
        for name, value in IN_NO_TIME.get(slug, {}).items():
            setattr(box, name, value)
        remote = Remote(slug, box.environment(f"{server.url}/{slug}"))
        shown = {
            remote.provider.assess(each, remote.schemas.get(each.schema_key)).attention for each in remote.snapshots
        }
        reached = {rule.code: rule for click in CLICKS[slug](remote) for rule in rules_of(remote, click)}
        rules = {rule.code: rule for rule in remote.provider.rules if rule not in BUILT_IN}
        return Walk(reached, rules, shown, len(remote.snapshots))


def rules_of(remote: Remote, click: Click) -> Iterator[ErrorRule]:
    """Make a click; yield the row of its outcome, and of what reading back then finds."""
    provider, base = remote.provider, click.account
    if click.action == CHECK_NOW:
        outcome = provider.fetch(base.remote_id)
    else:
        schema = remote.schemas.get(base.schema_key)
        offered = {one.action.name: one for one in provider.availability(base, schema)}
        if not offered[click.action].is_available:
            return
        names = {each.name for each in provider.fields(click.action, base, schema)}
        values = {name: value for name, value in click.values.items() if name in names}
        secrets = {name: Secret(value) for name, value in click.secrets.items() if name in names}
        plan = provider.plan_update(click.action, base, values, frozenset(secrets), schema)
        if not isinstance(plan, Plan) or plan.is_empty:
            return
        outcome = provider.send(plan, values, secrets)
        if isinstance(outcome, NeedsToken) and click.code:
            outcome = provider.resume(outcome.challenge, Secret(click.code))
        after = provider.fetch(base.remote_id)
        if isinstance(after, Ok) and (concern := provider.concern(plan, base, after.value)):
            yield concern.rule
    rule = cast("ErrorRule | None", getattr(outcome, "rule", None))
    if rule is not None:
        yield rule


def test_every_emulator_has_clicks() -> None:
    assert set(CLICKS) == set(find_sandboxes())


@pytest.mark.parametrize("slug", CLICKS)
def test_every_row_is_reached_by_clicking(walks: dict[str, Walk], slug: str) -> None:
    found = walks[slug]

    not_reached = set(found.rules) - set(found.reached)

    assert not_reached == {code for code in ELSEWHERE if code.startswith(f"{slug}.")}


def test_every_state_is_on_the_desk_of_the_demo(walks: dict[str, Walk]) -> None:
    listed = set().union(*(found.shown for found in walks.values()))
    clicked = {rule.attention for found in walks.values() for rule in found.reached.values()}

    assert set(Attention) - listed == AFTER_A_CLICK
    assert clicked >= AFTER_A_CLICK
    # MoneyKit lists no link that was never connected: those come by customer, beside these.
    assert 390 <= sum(found.accounts for found in walks.values()) <= 410
