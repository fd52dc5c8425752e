"""An emulator of MoneyKit: tokens, links, sessions, institutions and signed webhooks, with a clock of its own.

What to see in the demo
-----------------------
Every state and every error code has a link. A link tagged `case:<word>` answers changes, refreshes, deletes, sessions
or test webhooks with the error of that name: a row of `sandbox_errors.CASES`, or one of its `ODD_ANSWERS`. Those tagged
`case:bad_state` and `code:<error code>` refuse changes because of that code; `case:validation` refuses each field that
is sent. Links tagged `odd:…` have what the documents allow and few expect.

By what is sent: a webhook that is no URL, or a tag that begins with a sign, is refused at its field. A refresh of what
was asked for within the hour (or day) is a 429 with three of the aggregators, and an error of the product with the
others. A refresh of a broken link is a 422 with its code; of a product that was not granted, a 403. A return address on
unregistered.example is a 403. After a delete, half of the links answer 410, the other half 200 with the state
`deleted`; after 90 days both are not found.

As the customer: open a repair link; MoneyKit Connect is a page of buttons here, and a bank's own site is another.
Or: POST `/_control/moneykit/finish {"token": …}` ends a session well, `{"token": …, "grants": false}` with a refusal
at the bank. `state {"link", "state", "error_code"}` changes a link as the bank would; `deliveries {}` shows the signed
webhooks; `drop_tokens {}` forgets every access token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from providers.sandbox import DESK_URL, Request, Response, Sandbox

from . import sandbox_access, sandbox_connect, sandbox_institutions, sandbox_links, sandbox_sessions, sandbox_webhooks
from .sandbox_errors import ODD_ANSWERS, Refusal, invalid, refuse
from .sandbox_sessions import LinkSession
from .sandbox_world import LinkRecord, World, build

CLIENT_ID = "sandbox_4be1a90c77d2f3580e16"
CLIENT_SECRET = "sandbox-Qe7tYw2LmZ9xVb4KdR3s"  # noqa: S105 - opens nothing but the emulator
REDIRECT_URI = f"{DESK_URL}/repair/return/moneykit/"
LINKS_IN_DEMO = 90

Handler = Callable[..., Response]
OPEN_ROUTES: tuple[tuple[re.Pattern[str], dict[str, Handler]], ...] = (
    (re.compile(r"/auth/token"), {"POST": sandbox_access.make_token}),
    (re.compile(r"/relink|/continue"), {"GET": sandbox_connect.show}),
    (re.compile(r"/connect/bank"), {"GET": sandbox_connect.show_bank}),
    (re.compile(r"/connect/finish"), {"POST": sandbox_connect.finish}),
    (re.compile(r"/\.well-known/jwks\.json"), {"GET": sandbox_webhooks.show_keys}),
)
ROUTES: tuple[tuple[re.Pattern[str], dict[str, Handler]], ...] = (
    (re.compile(r"/auth/introspect"), {"GET": sandbox_access.introspect}),
    (re.compile(r"/links"), {"GET": sandbox_links.list_links}),
    (
        re.compile(r"/links/([^/]+)"),
        {"GET": sandbox_links.show_link, "PATCH": sandbox_links.patch_link, "DELETE": sandbox_links.delete},
    ),
    (re.compile(r"/links/([^/]+)/reset"), {"POST": sandbox_links.reset}),
    (re.compile(r"/links/([^/]+)/products"), {"POST": sandbox_links.refresh}),
    (re.compile(r"/links/([^/]+)/accounts"), {"GET": sandbox_links.list_accounts}),
    (re.compile(r"/users/([^/]+)/links"), {"GET": sandbox_links.show_users_links}),
    (re.compile(r"/users/([^/]+)/accounts"), {"GET": sandbox_links.show_users_accounts}),
    (re.compile(r"/link-session"), {"POST": sandbox_sessions.create}),
    (re.compile(r"/link-session/exchange-token"), {"POST": sandbox_sessions.exchange}),
    (re.compile(r"/institutions"), {"GET": sandbox_institutions.list_institutions}),
    (re.compile(r"/institutions/([^/]+)"), {"GET": sandbox_institutions.show_institution}),
    (re.compile(r"/webhooks/test/link/([^/]+)"), {"POST": sandbox_webhooks.send_test}),
)


class MoneyKitSandbox(Sandbox):
    """MoneyKit, for one app. `links` is the size of the world; `least_limit` is the smallest page of link ids.

    `token_lifetime_s` and `refresh_takes_s` are seconds of its own clock.
    """

    slug = "moneykit"
    root_paths: ClassVar[frozenset[str]] = sandbox_connect.ROOT_PATHS
    world: World

    def __init__(
        self,
        *,
        links: int = LINKS_IN_DEMO,
        seed: int = 1,
        token_lifetime_s: float = 3600.0,
        refresh_takes_s: float = 3.0,
        least_limit: int = 500,
        keys: tuple[str, str] = (CLIENT_ID, CLIENT_SECRET),
    ) -> None:
        super().__init__(seed=seed)
        self.keys = keys
        self._defaults = (links, token_lifetime_s, refresh_takes_s, least_limit)
        self.reset()

    def build_world(self) -> None:
        links, self.token_lifetime_s, self.refresh_takes_s, self.least_limit = self._defaults
        self.with_pages = False
        self.world = build(self.seed, self.clock.now(), links)
        self.tokens: dict[str, datetime] = {}
        self.tokens_made = 0
        self.sessions: dict[str, LinkSession] = {}
        self.exchangeable: dict[str, LinkRecord] = {}
        self.deliveries: list[dict[str, Any]] = []

    def environment(self, url: str) -> dict[str, str]:
        return environment(url, self.keys)

    def settings(self) -> dict[str, Any]:
        names = ("token_lifetime_s", "refresh_takes_s", "least_limit", "with_pages")
        return super().settings() | {name: getattr(self, name) for name in names}

    def answer(self, request: Request) -> Response:
        try:
            if (found := _route(OPEN_ROUTES, request)) is not None:
                handler, parts = found
                return handler(self, request, *parts)
            sandbox_access.check(self, request)
            if (found := _route(ROUTES, request)) is not None:
                handler, parts = found
                return handler(self, request, *parts)
            return Response(404, b'{"detail":"Not Found"}')
        except Refusal as refusal:
            return refusal.response(with_pages=self.with_pages)
        except _Odd as odd:
            return odd.response

    def control(self, action: str, body: Mapping[str, Any]) -> object | None:
        """Act as the customer (`finish`), as the bank (`state`), or look at what was sent (`deliveries`)."""
        with self.lock:
            match action:
                case "finish":
                    return sandbox_sessions.finish(self, str(body["token"]), grants=bool(body.get("grants", True)))
                case "state":
                    link = self.world.links[body["link"]]
                    link.body |= {"state": str(body["state"]), "error_code": body.get("error_code")}
                    self.deliver_state(link)
                    return {"link": link.shown()}
                case "deliveries":
                    return {"deliveries": self.deliveries}
                case "drop_tokens":
                    self.tokens.clear()
                    return {"tokens": 0}
        return None

    def find_link(
        self, link_id: str, operation: str, *, sent: Iterable[str] = (), also_deleted: bool = False
    ) -> LinkRecord:
        """Return a link for `operation`, or raise what a link of its kind answers to it; `sent` names the fields."""
        link = self.world.links.get(link_id)
        now = self.clock.now()
        if link is None or (link.deleted_at and now - link.deleted_at > sandbox_links.KEPT_FOR):
            raise refuse("not_found")
        if operation in link.case_on:
            if link.case in ODD_ANSWERS:
                raise _Odd(ODD_ANSWERS[link.case])
            raise _refusal_of(link, sent)
        if link.state == "deleted" and not (also_deleted and link.id[-1].isupper()):
            raise refuse("deleted")
        for name in sandbox_links.finish_refreshes(link, now):
            told: dict[str, Any] = {
                "product": name,
                "state": "completed",
                "state_changed_at": None,
                "error_message": None,
            }
            sandbox_webhooks.deliver(self, link, "link.product_refresh", told)
        return link

    def deliver_state(self, link: LinkRecord) -> None:
        extra = {"state": link.state, "error": link.body["error_code"], "error_message": None}
        sandbox_webhooks.deliver(self, link, "link.state_changed", extra)


def _refusal_of(link: LinkRecord, sent: Iterable[str]) -> Refusal:
    match link.case:
        case "bad_state":
            return refuse("bad_state", link_error_code=link.body["error_code"] or "auth_expired")
        case "validation":
            return invalid(*((("body", name), "not allowed for this link", "value_error") for name in sorted(sent)))
        case case:
            return refuse(case)


class _Odd(Exception):
    """An answer that is not MoneyKit's to give."""

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.status))
        self.response = response


def _route(
    routes: tuple[tuple[re.Pattern[str], dict[str, Handler]], ...], request: Request
) -> tuple[Handler, tuple[str, ...]] | None:
    for pattern, handlers in routes:
        if (found := pattern.fullmatch(request.path)) and request.method in handlers:
            return handlers[request.method], found.groups()
    return None


sandbox_class = MoneyKitSandbox


def environment(url: str, keys: tuple[str, str] = (CLIENT_ID, CLIENT_SECRET)) -> dict[str, str]:
    """Return the settings of an integration named `moneykit` whose API is at `url`."""
    return {
        "MONEYKIT_URL": url.rstrip("/"),
        "MONEYKIT_CLIENT_ID": keys[0],
        "MONEYKIT_CLIENT_SECRET": keys[1],
        "MONEYKIT_REDIRECT_URI": REDIRECT_URI,
        "MONEYKIT_CONNECT_URL": urlsplit(url)._replace(path="").geturl(),
    }
