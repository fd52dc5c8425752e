"""Bad input, against every address that there is: a clear answer below 500, and nothing is sent or lost."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.urls.converters import IntConverter
from django.utils import timezone

from dashboard.models import ApiCall, LinkedAccount, Operation
from dashboard.models.operation import State
from tests import people

from . import accounts
from . import factories as make
from .pages import HTMX
from .test_access import NAMES, patterns

NASTY = {
    "empty": "",
    "long": "x" * 10_000,
    "nul": "a\x00b",
    "bidi": "\u202ecod.evil\u2066",
    "half": "\ud800",
    "markup": "<script>alert(1)</script>\"'&{{ 7 }}{% x %}",
    "number": "9" * 400,
    "float": "-1e999",
    "json": '{"a": [null, {"b": NaN}]}',
    "path": "../../etc/passwd",
    "unicode": "𝓐́̂̃ 中文 \U0001f9ff\u200b\ufeff",
}
PARAMETERS = (
    "q", "after", "before", "shown", "since", "tab", "kind", "part", "sort", "attention", "integration", "institution",
    "fresh", "customer", "ended", "actor", "action", "result", "target", "period", "text", "reference", "next", "key",
    "older_than",
)  # fmt: skip
FIELDS = (
    *PARAMETERS, "digest", "field-password", "field-username_type", "field-fetch_resources", "confirm_name", "reason",
    "code", "attempt", "name", "email", "login", "password", "oldpassword", "password1", "password2", "theme", "now",
)  # fmt: skip
# Cursors that can be read, with what no list has: in place of the key, and of the row's number.
MOMENT = "2026-01-01T00:00:00+00:00"
HOSTILE = (
    "Infinity", "-1e999", "NaN", "-1", "true", "null", "[]", "{}", str(10**30), f'"{10**30}"', '"-1"', '"Infinity"',
    '"\\ud800"', '"\\u0000"', '""',
)  # fmt: skip
CURSORS = [
    f"[{pair}]"
    for hostile in HOSTILE
    for pair in (f"{hostile}, {hostile}", f'{hostile}, "1"', f'"{MOMENT}", {hostile}', f'"1", {hostile}')
]


@pytest.fixture
def desk(belvo: Any) -> Client:
    """Return the browser of somebody who may do everything: no refusal hides what is behind it."""
    client = Client(raise_request_exception=False)
    everything = people.member("agent", email="root@desk.example", password="horse-battery-lamp-staple")
    everything.groups.set(Group.objects.all())
    client.force_login(everything)
    return client


@pytest.fixture
def things(desk: Client) -> dict[str, list[Any]]:
    """Return what there is to address, by the name of the part of the path: real ones, foreign ones, none."""
    account = accounts.account(accounts.customer())
    draft = make.draft(account, make.agent())
    late = Operation.objects.create(
        account=accounts.account(), integration="belvo", action="credentials", state=State.AWAITING_TOKEN,
        actor_text="Ana", started_at=timezone.now(), sealed=b"not sealed at all", sealed_until=timezone.now(),
    )  # fmt: skip
    done = Operation.objects.create(
        account=accounts.account(integration="gone"), integration="gone", action="vanished", state=State.DONE,
        actor_text="Ana", started_at=timezone.now(), settled_at=timezone.now(),
    )  # fmt: skip
    call = ApiCall.objects.create(integration="gone", method="GET", path_template="/x", path="/x", duration_ms=1)
    pks = [account.pk, account.customer_id, draft.pk, late.pk, done.pk, done.account_id, uuid.UUID(int=7)]
    return {
        "pk": pks,
        "seq": [1, 0, 10**18, 10**40],
        "number": [call.pk, 0, 10**18, 10**40],
        "action": ["credentials", "delete", "settings", "nothing-like-it"],
        "integration": ["belvo", "nobody"],
        "key": ["x", "☃", "a" * 3_000],
    }


def addresses(name: str, things: dict[str, list[Any]]) -> Iterator[str]:
    pattern = next(each for each in patterns() if each.name == name)
    # People have numbers.
    kinds = {
        part: "number" if isinstance(kind, IntConverter) and part == "pk" else part
        for part, kind in pattern.pattern.converters.items()
    }
    most = max((len(things[kind]) for kind in kinds.values()), default=1)
    for turn in range(most):
        yield reverse(name, kwargs={part: things[kind][turn % len(things[kind])] for part, kind in kinds.items()})


@pytest.mark.parametrize("name", [name for name in NAMES if name != "account_logout"])
def test_no_address_breaks(desk: Client, things: dict[str, list[Any]], belvo: Any, name: str) -> None:
    broken: list[str] = []

    def look(response: Any, what: str) -> None:
        if response.status_code >= 500:
            broken.append(f"{response.status_code} {what}: {response.exc_info and response.exc_info[1]!r}")

    for turn, address in enumerate(addresses(name, things)):
        look(desk.get(address), f"GET {address}")
        look(desk.post(address, headers=HTMX), f"bare POST {address}")
        look(desk.get(address, _nasty(PARAMETERS, turn), headers=HTMX), f"fragment {address} with {turn}")
        look(desk.post(address, _nasty(FIELDS, turn)), f"POST {address} with {turn}")
    address = next(iter(addresses(name, things)))
    for verb in ("put", "delete", "patch", "options", "head"):
        look(getattr(desk, verb)(address), f"{verb} {address}")
    for turn in range(len(NASTY)):
        look(desk.get(address, _nasty(PARAMETERS, turn)), f"GET {address} with {turn}")

    assert broken == []
    assert belvo.effects() == []


@pytest.mark.parametrize("name", ["linked-account-list", "audit-entry-list", "customer-create", "operation-apply"])
def test_no_shape_of_a_request_breaks(desk: Client, things: dict[str, list[Any]], name: str) -> None:
    address = next(iter(addresses(name, things)))
    answers = [
        desk.get(f"{address}?{'q=' + 'x' * 200_000}"),
        desk.get(f"{address}?{'&'.join(f'a{n}=1' for n in range(20_000))}"),
        desk.get(f"{address}?%ff%fe=%ed%a0%80&q=%00&after=%&=&&&;"),
        desk.post(f"{address}?{'&'.join(f'a{n}=1' for n in range(3_000))}"),
        desk.post(address, {f"a{n}": "1" for n in range(3_000)}),
        desk.generic("POST", address, b"x" * 4_000_000, content_type="application/x-www-form-urlencoded"),
        desk.generic("POST", address, b"--no boundary", content_type="multipart/form-data"),
        desk.post(
            address, b"--b\r\nContent-Disposition: form-data\r\n", content_type="multipart/form-data; boundary=b"
        ),
        desk.generic(
            "POST", address, b"\xff\xfe%zz=%ff", content_type="application/x-www-form-urlencoded; charset=nonsense"
        ),
        desk.generic("POST", address, b'{"a": ', content_type="application/json"),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


@pytest.mark.parametrize(
    "path", ["/%00", "/%ff", "/" + "a" * 20_000, "/operations/%E2%98%83/", "/audit/-1/", "//evil.example/"]
)
def test_no_path_breaks(desk: Client, path: str) -> None:
    assert desk.get(path).status_code in (301, 302, 400, 404)


@pytest.mark.parametrize("direction", ["after", "before"])
@pytest.mark.parametrize(
    "list_name", ["linked-account-list", "linked-account-detail", "audit-entry-list", "customer-list"]
)
def test_no_cursor_breaks(desk: Client, things: dict[str, list[Any]], list_name: str, direction: str) -> None:
    address = next(iter(addresses(list_name, things)))
    broken: list[str] = []

    for cursor in CURSORS:
        encoded = base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")
        response = desk.get(address, {"tab": "calls", direction: encoded})
        if response.status_code != 200:
            broken.append(f"{response.status_code} {cursor}: {response.exc_info and response.exc_info[1]!r}")

    assert broken == []


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("account_")])
def test_a_form_without_its_token_is_refused_in_words(desk: Client, things: dict[str, list[Any]], name: str) -> None:
    careful = Client(enforce_csrf_checks=True, raise_request_exception=False)
    careful.cookies = desk.cookies
    drafts = Operation.objects.count()

    response = careful.post(next(iter(addresses(name, things))), {"name": "x"})

    assert response.status_code in (403, 405)
    assert response.status_code == 405 or "Nothing was" in response.content.decode() or name == "handover"
    assert Operation.objects.count() == drafts


def test_a_stale_digest_sends_nothing_and_keeps_what_was_typed(
    desk: Client, things: dict[str, Any], belvo: Any
) -> None:
    draft = Operation.objects.get(state=State.DRAFT)

    for digest in ("", "0" * 64, "x" * 10_000, "\u202e"):
        response = desk.post(
            f"/operations/{draft.pk}/apply/", {"field-password": "Good0passw0rd", "digest": digest}, headers=HTMX
        )
        assert response.status_code in (409, 422)

    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    assert belvo.effects() == []
    assert LinkedAccount.objects.get(pk=draft.account_id).version == 1


def _nasty(names: Sequence[str], turn: int) -> dict[str, bytes]:
    """Give every name another kind of nonsense; over all turns each has met each kind."""
    values = [value.encode("utf-8", "surrogatepass") for value in NASTY.values()]
    return {name: values[(place + turn) % len(values)] for place, name in enumerate(names)}
