"""Writing the audit log: what an entry holds, and that nothing goes on without it."""

import base64
import contextlib
import json
import sqlite3
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import structlog
import time_machine
from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection, transaction

from dashboard.models import AuditEntry, AuditHead, Customer, LinkedAccount, User
from dashboard.models.operation import State
from dashboard.services.audit import SYSTEM, Actor, AuditUnavailable, Kind, Target, record, verify
from dashboard.triggers import install_triggers
from providers.secrets import Secret

from .audit_samples import append, run, tamper

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


# -- nothing without its entry


def test_an_entry_leaves_with_the_transaction_it_belongs_to():
    class _Trouble(Exception):
        pass

    with pytest.raises(_Trouble), transaction.atomic():
        append(3)
        raise _Trouble

    assert not AuditEntry.objects.exists()
    assert AuditHead.objects.get().seq == 0
    assert append().seq == 1


def test_a_change_whose_entry_cannot_be_written_does_not_happen(settings):
    settings.AUDIT_KEYS = []

    with transaction.atomic():
        Customer.objects.create(reference="c-1")
        with pytest.raises(AuditUnavailable):
            record(Kind.EVENT, "customer.created", actor=SYSTEM)
        assert connection.needs_rollback

    assert not Customer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_change_is_undone_even_where_the_trouble_is_swallowed():
    with transaction.atomic():
        Customer.objects.create(reference="c-1")
        with contextlib.suppress(AuditUnavailable):
            record(Kind.EVENT, "customer.created", actor=SYSTEM, facts={"key": Secret("x")})

    assert not Customer.objects.exists()


@pytest.mark.parametrize("keys", [[], ["k1:rubbish"], ["k1"]])
def test_without_a_usable_key_nothing_is_written(settings, keys):
    settings.AUDIT_KEYS = keys

    assert "AUDIT_KEYS" in _refused()


def test_without_the_end_of_the_chain_nothing_is_written():
    tamper("DELETE FROM dashboard_audithead")

    _refused()


def test_after_a_lost_tail_nothing_is_written():
    append(3)
    tamper("DELETE FROM dashboard_auditentry WHERE seq = 3")
    install_triggers(connection)

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()

    assert [finding.kind for finding in verify().findings] == ["missing_tail"]


def test_an_entry_slipped_in_at_the_end_stops_the_log():
    append(2)
    copy = "chain, key_id, prev_mac, mac, at, kind, action, actor_id, actor, role, target_id, target, integration,"
    copy += " operation_id, result, body"
    run(f"INSERT INTO dashboard_auditentry (seq, {copy}) SELECT 3, {copy} FROM dashboard_auditentry WHERE seq = 2")

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()


def test_a_missing_table_is_trouble_of_the_log():
    run("ALTER TABLE dashboard_auditentry RENAME TO elsewhere")

    with pytest.raises(AuditUnavailable), transaction.atomic():
        append()


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_trouble_of_the_log():
    read_only = (
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
        if connection.vendor == "postgresql"
        else ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
    )
    run(read_only[0])
    try:
        with pytest.raises(AuditUnavailable):
            append()
    finally:
        run(read_only[1])

    assert append().seq == 1


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_trouble_of_the_log():
    if connection.vendor != "sqlite":
        pytest.skip("a size limit is SQLite's")
    with connection.cursor() as cursor:
        [pages] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    with pytest.raises(AuditUnavailable):
        for _ in range(1000):
            append(filler="x" * 4000)

    run("PRAGMA max_page_count = 1000000")
    assert append().seq == AuditEntry.objects.count()
    assert verify().ok


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_for_too_long_is_trouble_of_the_log():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows: see test_audit_concurrency.py")
    run("PRAGMA busy_timeout = 100")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(AuditUnavailable):
        append()

    other.close()
    assert append().seq == 1


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
