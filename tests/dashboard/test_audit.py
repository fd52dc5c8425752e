"""Writing the audit log: what an entry holds, and that nothing goes on without it."""

import base64
import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import structlog
import time_machine
from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction

from dashboard.models import AuditEntry, AuditHead, Customer, LinkedAccount, User
from dashboard.models.operation import State
from dashboard.services.audit import SYSTEM, Actor, AuditUnavailable, Kind, Target, record, verify
from providers.secrets import Secret

from .audit_samples import append

pytestmark = pytest.mark.django_db

MARIA = Actor("7", "Maria <maria@desk.example>", "agent")


def _ring(*named):
    return [f"{key_id}:{base64.b64encode(letter * 32).decode()}" for key_id, letter in named]


def _stored():
    return AuditEntry.objects.order_by("-seq").first()


def _refused(**given):
    with pytest.raises(AuditUnavailable) as caught, transaction.atomic():
        record(Kind.EVENT, "test.happened", **{"actor": SYSTEM} | given)
    assert not AuditEntry.objects.exists()
    return str(caught.value)


def test_an_entry_says_who_did_what_to_what():
    with time_machine.travel(datetime(2026, 3, 1, 10, 32, tzinfo=UTC), tick=False):
        written = record(
            Kind.INTENT,
            "operation.intent",
            actor=MARIA,
            target=Target("acc-1", "belvo: Banco 123"),
            integration="belvo",
            operation_id="op-1",
            result="ok",
            facts={"changes": [{"field": "password", "class": "never"}], "reason": "customer called"},
        )

    entry = _stored()
    assert entry.seq == written.seq == 1
    assert entry.at == "2026-03-01T10:32:00.000000Z"
    assert (entry.kind, entry.action, entry.result) == ("intent", "operation.intent", "ok")
    assert (entry.actor_id, entry.actor, entry.role) == ("7", "Maria <maria@desk.example>", "agent")
    assert (entry.target_id, entry.target) == ("acc-1", "belvo: Banco 123")
    assert (entry.integration, entry.operation_id) == ("belvo", "op-1")
    assert entry.body == '{"changes":[{"class":"never","field":"password"}],"reason":"customer called"}'


def test_each_entry_follows_the_one_before():
    first, second = append(), append()

    assert (first.seq, second.seq) == (1, 2)
    assert bytes(first.prev_mac) == b""
    assert bytes(second.prev_mac) == bytes(first.mac)
    head = AuditHead.objects.get()
    assert (head.seq, bytes(head.mac)) == (2, bytes(second.mac))


def test_the_chain_verifies_what_the_database_gave_back():
    append(30, words="é 漢字 🙂 \u202eevil\u2066", nothing=None, empty="", number=-0.5)

    assert verify().ok


def test_facts_are_kept_as_plain_json():
    facts = {
        "b": [1, 2.5, None, True],
        "a": {"é": "漢"},
        "tuple": ("x", "y"),
        "state": State.DONE,
        "kind": Kind.EVENT,
        "empty": {},
    }

    record(Kind.EVENT, "test.happened", actor=SYSTEM, facts=facts)

    assert json.loads(_stored().body) == {
        "a": {"é": "漢"},
        "b": [1, 2.5, None, True],
        "empty": {},
        "kind": "event",
        "state": "done",
        "tuple": ["x", "y"],
    }


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (Secret("hunter2"), "facts.key is Secret"),
        (b"hunter2", "facts.key is bytes"),
        (memoryview(b"hunter2"), "facts.key is memoryview"),
        ([{"deep": (Secret("hunter2"),)}], "facts.key[0].deep[0] is Secret"),
        ({Secret("hunter2"): 1}, "a key of facts.key is Secret"),
        ({1: "hunter2"}, "a key of facts.key is int"),
        (datetime(2026, 1, 1, tzinfo=UTC), "facts.key is datetime"),
        (uuid.UUID(int=1), "facts.key is UUID"),
        (Decimal("1.5"), "facts.key is Decimal"),
        ({"hunter2"}, "facts.key is set"),
        (float("nan"), "facts.key is float"),
        (float("inf"), "facts.key is float"),
        (2**70, "facts.key is int"),
        (object(), "facts.key is object"),
    ],
)
def test_a_fact_that_is_not_plain_json_is_refused_without_being_quoted(value, says):
    sentence = _refused(facts={"key": value})

    assert says in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize("where", ["actor", "target", "integration", "result"])
def test_a_secret_in_a_column_is_refused(where):
    secret = Secret("hunter2")
    given = {
        "actor": {"actor": Actor("1", secret, "")},
        "target": {"target": Target("1", secret)},
        "integration": {"integration": secret},
        "result": {"result": secret},
    }[where]

    assert "hunter2" not in _refused(**given)


def test_long_and_unstorable_text_is_kept_with_a_mark():
    record(
        Kind.EVENT,
        "test.happened",
        actor=Actor("9" * 99, "n" * 10_000, "r" * 500),
        target=Target("t" * 500, "nul \0 half \ud800 whole \ud83d\ude00"),
        facts={"long": "x" * 100_000, "nul": "a\0b", "half": "\udfff", "many": list(range(5000)), "k" * 300: 1},
    )

    entry, facts = _stored(), json.loads(_stored().body)
    assert len(entry.actor) == 300
    assert entry.actor.endswith("… [10000 characters]")
    assert len(entry.actor_id) == 40
    assert entry.target == "nul \ufffd half \ufffd whole 😀"
    assert len(facts["long"]) == 4000
    assert facts["long"].endswith("… [100000 characters]")
    assert (facts["nul"], facts["half"]) == ("a\ufffdb", "\ufffd")
    assert facts["many"][199:] == [199, "… [5000 items]"]
    assert verify().ok


def test_deep_and_wide_facts_are_cut_with_a_mark():
    deep = []
    for _ in range(5000):
        deep = [deep]

    record(Kind.EVENT, "test.happened", actor=SYSTEM, facts={"deep": deep, "wide": {str(n): n for n in range(999)}})

    facts = json.loads(_stored().body)
    assert "nested too deep" in json.dumps(facts["deep"], ensure_ascii=False)
    assert facts["wide"]["…"] == "[999 keys]"


def test_the_request_id_of_our_logs_is_kept():
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        entry = append()

    assert json.loads(entry.body)["web_request_id"] == "req-1"


# -- names


def test_an_actor_has_the_roles_of_the_moment():
    user = User.objects.create_user("maria@desk.example", name="Maria")
    user.groups.add(*Group.objects.filter(name__in=("agent", "viewer")))

    assert Actor.of(user) == Actor(str(user.pk), "Maria <maria@desk.example>", "agent, viewer")
    assert Actor.of(AnonymousUser()) == Actor("", "Not signed in", "")


def test_an_entry_outlives_the_person():
    user = User.objects.create_user("maria@desk.example", name="Maria")
    record(Kind.EVENT, "test.happened", actor=Actor.of(user), target=Target.of(user))

    user.delete()

    assert (_stored().actor, _stored().target) == ("Maria <maria@desk.example>", "maria@desk.example")
    assert verify().ok


def test_a_customer_is_a_pseudonym_in_the_log():
    customer = Customer.objects.create(reference="C-1001", name="Maria García", email="maria@example.com")

    target = Target.of(customer)

    assert target.id == str(customer.pk)
    for name in ("Maria", "García", "C-1001", "example.com"):
        assert name not in target.text
    assert Target.of(Customer(reference="C-1001")).text == target.text
    assert Target.of(Customer(reference="C-1002")).text != target.text


def test_an_account_is_named_by_integration_institution_and_id():
    account = LinkedAccount(integration="belvo", provider="belvo", remote_id="8848bd0c", title="Banco Azul")

    assert Target.of(account).text == "belvo: Banco Azul 8848bd0c"
