"""An emulator of Belvo: links, challenges, institutions, consents and tokens over real HTTP, with a clock of its own.

What to type in the demo
------------------------
Any password that fits the institution's form is a good one, and so is `pass_valid`. These words, typed as the password,
give another answer (with `-` or `_`, and with `--anything` behind them to make them unique):

========================================  ============================================================================
`wrong` `not-attempted` `missing-data`    the bank refuses the login: wrong, known to be wrong, not complete
`locked-account` `forbidden-access`       the bank has locked the account, or forbids the access
`mfa-unsupported` `try-later`             a code that Belvo cannot relay; trouble while logging in
`unknown-login` `unknown-code`            a message and a code that no document names
`echo…`                                   refused, with the typed password in the error text
`many-sessions`                           the person is logged in elsewhere
`institution-down` `bank-unavailable`     the bank is down, or unavailable
`inactive`                                Belvo has switched the bank off
`not-activated` `activation-failed`       web banking was never activated (a 428 without a session), or could not be
`validation-error` `two-errors`           the form does not fit; two refusals in one answer
`bare-object`                             a refusal that is an object, not an array
`no-permission` `no-access` `over-quota`  403 in its documented kinds; also `no-production`, and `blocked` (HTML)
`our-keys` `no-reason` `no-accounts`      401: our keys are refused, also without a word; the consent has no accounts
`timeout` `too-many`                      408 after five minutes (at once here); 429
`unexpected` `no-service` `proxy-error`   500 in its two kinds; 502 with HTML
`empty`                                   200 without a body
`slow`                                    a good login that takes 8 seconds
`still-invalid`                           accepted, and the link stays invalid
`cut-before` `cut-after`                  the connection breaks before, or after, the password was replaced
`numeric-code` `qr-code` `qr-text`        asks for a code: to generate, to scan as an image, to scan as a text
`text-code` `mfa-app`                     asks for a code by SMS; to approve in the app of the bank (it is, after 15 s)
`mfa-old` `mfa-oldest` `no-session`       asks in the shape of 2021; without any instruction; with nowhere to answer
========================================  ============================================================================

Every other row of `sandbox_cases.CASES` is reached in the same way, by its name. The good code is 111111. 222222 finds
the session expired, 444444 the account locked, 555555 breaks Belvo, 666666 is answered to a session that Belvo does
not know any more; any other code gives a new challenge.

Institutions with a character of their own: Heimdall (MX a number to type into a token device, BR a QR code, CO an SMS),
Rohan (app), Bree (QR as text), Mordor (45 seconds), Gotham (shapes of 2021), Iron Bank and Gondor (document types),
Rivendell (second password and token), Fangorn (slow), Gringotts CO (down), Mirkwood (unavailable), Isengard (inactive),
OF Mock Bank and BS2 (consents of Brazil: nothing to type), Planet (nothing to type either), Tatooine (takes certificate
and private key), Shelob (a sloppy form). Links whose external id begins with `case-` answer a refresh, a change of
settings, new credentials, a delete or a look at them with the row they are named after, whatever is typed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import random
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from providers.sandbox import Request, Response, Sandbox
from providers.sandbox_faults import BLOCKED_HTML

from . import sandbox_links, sandbox_logins, sandbox_lookups
from .sandbox_cases import Case, Refusal, refusal_for, refuse
from .sandbox_checks import is_uuid
from .sandbox_dates import stamp
from .sandbox_mfa import Challenges
from .sandbox_world import LinkRecord, World, build

SECRET_ID = "5a0d6f3e-64c6-4f0e-8a51-52a1f7d0b6aa"  # noqa: S105 - opens nothing but the emulator
SECRET_PASSWORD = "sandbox-Zr8vQ2mXw5tLk9pN3bYc"  # noqa: S105 - opens nothing but the emulator
# Keys that are refused in a way of their own, whatever the password.
REFUSED_KEYS = {"no-production": "access_to_production_denied", "quota": "quota_limit_reached"}
LINKS_IN_DEMO = 136

Handler = Callable[..., Response]
ROUTES: tuple[tuple[re.Pattern[str], dict[str, Handler]], ...] = (
    (re.compile(r"/api/"), {"GET": sandbox_lookups.root}),
    (
        re.compile(r"/api/links/"),
        {"GET": sandbox_links.list_links, "POST": sandbox_logins.register, "PATCH": sandbox_logins.resume},
    ),
    (
        re.compile(r"/api/links/([^/]+)/"),
        {
            "GET": sandbox_links.show_link,
            "PUT": sandbox_logins.update,
            "PATCH": sandbox_links.change_settings,
            "DELETE": sandbox_links.delete,
        },
    ),
    (re.compile(r"/api/links/([^/]+)/refresh/"), {"POST": sandbox_links.refresh}),
    (re.compile(r"/api/institutions/"), {"GET": sandbox_lookups.list_institutions}),
    (re.compile(r"/api/institutions/([0-9]+)/"), {"GET": sandbox_lookups.show_institution}),
    (re.compile(r"/api/consents/"), {"GET": sandbox_lookups.list_consents}),
    (re.compile(r"/api/consents/([^/]+)/"), {"GET": sandbox_lookups.show_consent}),
    (re.compile(r"/api/token/"), {"POST": sandbox_lookups.make_token}),
)


class Window:
    """Count events in a sliding window of the emulator's time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def allow(self, key: str, most: int, within_s: float) -> bool:
        """Count one event for `key` unless there were `most` in the last `within_s` seconds."""
        now = self._now().timestamp()
        times = self._times[key]
        while times and times[0] <= now - within_s:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        return True


class BelvoSandbox(Sandbox):
    """Belvo, for one customer of its API. `links` is the size of the world; `rate_limit` requests in 30 s, or None.

    `slow_s`, `approve_after_s`, `delete_after_s`, `refresh_after_s` are seconds of its own clock: how long a slow bank
    takes, when a person approves a login in the app, when an accepted delete or refresh is done.
    """

    slug = "belvo"
    world: World
    challenges: Challenges

    def __init__(
        self,
        *,
        links: int = LINKS_IN_DEMO,
        seed: int = 1,
        rate_limit: int | None = 80,
        slow_s: float = 8.0,
        approve_after_s: float = 15.0,
        delete_after_s: float = 3.0,
        refresh_after_s: float = 5.0,
        page_size: int = 100,
        secret_id: str = SECRET_ID,
        secret_password: str = SECRET_PASSWORD,
    ) -> None:
        super().__init__(seed=seed)
        self._defaults: dict[str, Any] = {
            "links": links,
            "rate_limit": rate_limit,
            "slow_s": slow_s,
            "approve_after_s": approve_after_s,
            "delete_after_s": delete_after_s,
            "refresh_after_s": refresh_after_s,
            "page_size": page_size,
        }
        self._keys = (secret_id, secret_password)
        self.reset()

    def build_world(self) -> None:
        self.links: int = self._defaults["links"]
        self.rate_limit: int | None = self._defaults["rate_limit"]
        self.slow_s: float = self._defaults["slow_s"]
        self.approve_after_s: float = self._defaults["approve_after_s"]
        self.delete_after_s: float = self._defaults["delete_after_s"]
        self.refresh_after_s: float = self._defaults["refresh_after_s"]
        self.page_size: int = self._defaults["page_size"]
        self.world = build(self.seed, self.clock.now(), self.links)
        self.arrivals = Window(self.clock.now)
        self.deletes = Window(self.clock.now)
        self._rng = random.Random(self.seed + 1)  # noqa: S311 - ids of a demo, not secrets
        self.challenges = Challenges(self._rng, self.clock.now, lambda: self.approve_after_s)
        self._later: list[tuple[datetime, Callable[[], None]]] = []

    def environment(self, url: str) -> dict[str, str]:
        return environment(url, self._keys)

    def settings(self) -> dict[str, Any]:
        names = ("rate_limit", "slow_s", "approve_after_s", "delete_after_s", "refresh_after_s", "page_size")
        return super().settings() | {name: getattr(self, name) for name in names}

    def answer(self, request: Request) -> Response:
        """Answer in Belvo's order: the edge counts, keys are checked, then the path, then the body."""
        with self.lock:
            if self.rate_limit is not None and not self.arrivals.allow(request.remote_address, self.rate_limit, 30):
                return Response(403, BLOCKED_HTML.encode(), "text/html")
        try:
            if request.path != "/api/token/":
                self._check_basic(request.headers.get("authorization", ""))
            return self._route(request)
        except Refusal as refusal:
            return refusal.response(self.new_request_id())

    def control(self, action: str, body: Mapping[str, Any]) -> object | None:
        """Act as the customer (`finish` an update-mode widget, `approve` in the app) or as the bank (`status`)."""
        with self.lock:
            match action:
                case "finish":
                    return self._finish(self.world.links[body["link"]])
                case "approve":
                    return {"approved": self.challenges.approve(body["link"])}
                case "status":
                    self.world.links[body["link"]].body["status"] = str(body["status"])
                    return {"status": body["status"]}
        return None

    def check_keys(self, secret_id: str, secret_password: str) -> None:
        if case := REFUSED_KEYS.get(secret_id):
            raise refuse(case)
        given, ours = f"{secret_id}:{secret_password}", ":".join(self._keys)
        if not hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode()):
            raise refuse("authentication_failed")

    def find_link(self, link_id: str, operation: str) -> LinkRecord:
        """Return a link for `operation`, or raise what a link of its name answers to it."""
        self._catch_up()
        link = self.world.links.get(link_id.lower()) if is_uuid(link_id) else None
        if link is None:
            raise refuse("not_found")
        if operation in link.case_on:
            raise refusal_for(link.case) or refuse("unexpected_error")
        return link

    def later(self, after_s: float, do: Callable[[], None]) -> None:
        """Let `do` happen `after_s` seconds of our clock from now: seen by whoever asks after that."""
        self._later.append((self.clock.now() + timedelta(seconds=after_s), do))

    def forget_link(self, link: LinkRecord) -> None:
        self.world.forget(link)
        self.challenges.drop(link.id)

    def new_request_id(self, *, old: bool = False) -> str:
        """Return 32 hexadecimal digits; `old` is the dashed form of 2021 and of the delete's answer."""
        with self.lock:
            text = f"{self._rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" if old else text

    def _route(self, request: Request) -> Response:
        with self.lock:
            self._catch_up()
        for pattern, handlers in ROUTES:
            if found := pattern.fullmatch(request.path):
                handler = handlers.get(request.method)
                if handler is None:
                    words = f'Method "{request.method}" not allowed.'
                    raise Refusal(Case(405, "method_not_allowed", words))
                return handler(self, request, *found.groups())
        raise refuse("not_found")

    def _check_basic(self, header: str) -> None:
        kind, _, encoded = header.partition(" ")
        try:
            secret_id, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise refuse("authentication_failed") from None
        if kind.lower() != "basic":
            raise refuse("authentication_failed")
        self.check_keys(secret_id, password)

    def _catch_up(self) -> None:
        now = self.clock.now()
        due = [do for at, do in self._later if at <= now]
        self._later = [(at, do) for at, do in self._later if at > now]
        for do in due:
            do()

    def _finish(self, link: LinkRecord) -> dict[str, Any]:
        now = self.clock.now()
        if link.widget_until is None or link.widget_until <= now:
            raise ValueError("There is no open widget session for this link.")
        link.widget_until = None
        link.body |= {"status": "valid", "last_accessed_at": stamp(now)}
        return {"link": link.shown()}


sandbox_class = BelvoSandbox


def environment(url: str, keys: tuple[str, str] = (SECRET_ID, SECRET_PASSWORD)) -> dict[str, str]:
    """Return the settings of an integration named `belvo` whose API is at `url` (with the mount, without `/api/`)."""
    return {"BELVO_URL": url.rstrip("/"), "BELVO_SECRET_ID": keys[0], "BELVO_SECRET_PASSWORD": keys[1]}
