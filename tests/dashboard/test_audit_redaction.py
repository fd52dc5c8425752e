"""What of a plan may stand in the audit log: by class, and nothing without one."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.audit import redact_changes
from dashboard.services.audit_redaction import mask, pseudonym, redact_url
from providers.fields import AuditClass
from providers.plan import CallTemplate, Change, Plan

MARKED = "Geheim-9471-marca"


def _plan(*changes, secret_names=()):
    return Plan(
        action="password",
        remote_id="r-1",
        summary="Replace the password",
        changes=changes,
        call=CallTemplate("PUT", f"/api/links/{MARKED}/", body={"password": MARKED}),
        base_digest="",
        secret_names=tuple(secret_names),
    )


def _redact(before, after, audit, *, secret=False, secret_names=()):
    change = Change("field", "Field", before, after, secret=secret, audit=audit)
    [fact] = redact_changes(_plan(change, secret_names=secret_names))
    return fact


def test_public_values_are_kept():
    fact = _redact("single", "recurrent", AuditClass.PUBLIC)

    assert fact == {"field": "field", "class": "public", "label": "Field", "before": "single", "after": "recurrent"}


def test_personal_values_become_pseudonym_and_mask():
    fact = _redact("maria@example.com", None, AuditClass.PERSONAL)

    assert fact["before"] == {"masked": "m•••@e•••", "pseudonym": pseudonym("maria@example.com")}
    assert fact["after"] is None
    assert len(fact["before"]["pseudonym"]) == 12


def test_urls_lose_user_values_and_fragment():
    before = f"https://user:{MARKED}@hooks.example:8443/in/7?token={MARKED}&b=&token=2#{MARKED}"

    fact = _redact(before, "https://hooks.example/", AuditClass.URL)

    assert fact["before"]["url"] == "https://hooks.example:8443/in/7?token=*&b=*&token=*"
    assert fact["after"]["url"] == "https://hooks.example/"
    assert fact["before"]["digest"] != fact["after"]["digest"]
    assert MARKED not in json.dumps(fact)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ("https://host/x?bare", "https://host/x?bare=*"),
        ("https://host/x?&", "https://host/x?*"),
        ("https://host:99999/x", "•••"),
        ("https://[broken/x", "•••"),
        ("//host/x", "•••"),
        ("not a url", "•••"),
        ("https://user:pw@/x", "•••"),
        ("https://a@b@host/x", "https://host/x"),
        ("https://host/?" + "&".join(f"k{n}={n}" for n in range(99)), "•••"),
        ("", "•••"),
    ],
)
def test_odd_urls_are_kept_safe(url, kept):
    assert redact_url(url) == kept


@given(st.text(max_size=80))
def test_no_text_breaks_the_redaction(text):
    assert MARKED not in redact_url(f"https://u:{MARKED}@host/{text}") or MARKED in text
    assert len(mask(text)) <= 9


@pytest.mark.parametrize(
    ("before", "after", "names", "says"),
    [
        (None, None, ("field",), "set"),
        ("set", None, ("field",), "set"),
        ("set", None, (), "cleared"),
        ("set", "set", (), "unchanged"),
        ("not set", "set", (), "set"),
    ],
)
def test_of_a_secret_only_what_happens_to_it_is_kept(before, after, names, says):
    fact = _redact(before, after, AuditClass.SECRET, secret=True, secret_names=names)

    assert fact == {"field": "field", "class": "secret", "label": "Field", "change": says}


def test_of_a_password_or_code_only_the_name_of_its_field_is_kept():
    fact = _redact(MARKED, MARKED, AuditClass.NEVER, secret=True, secret_names=("field",))

    assert fact == {"field": "field", "class": "never"}


def test_of_a_record_only_digests_are_kept():
    fact = _redact("SMITH", "SMYTHE", AuditClass.RECORD)

    assert set(fact) == {"field", "class", "before", "after"}
    assert fact["before"].keys() == {"digest"}
    assert fact["before"] != fact["after"]


@pytest.mark.parametrize("audit", [None, "", "unheard-of", 7])
def test_a_field_without_a_class_keeps_nothing(audit):
    fact = _redact(MARKED, MARKED, audit)

    assert fact == {"field": "field", "class": "never"}


@pytest.mark.parametrize("audit", [*AuditClass, None])
def test_a_secret_that_was_declared_as_something_milder_is_a_secret_all_the_same(audit):
    fact = _redact(MARKED, MARKED, audit, secret=True)

    assert MARKED not in json.dumps(fact)
    assert not {"before", "after", "digest", "pseudonym"} & set(fact)


@pytest.mark.parametrize("audit", [AuditClass.SECRET, AuditClass.NEVER])
def test_there_is_no_digest_of_a_password_or_code(audit):
    one, other = (_redact(value, value, audit, secret=True) for value in ("000001", "000002"))

    assert one == other


def test_nothing_of_the_call_is_kept():
    plan = _plan(Change("a", "A", None, None, secret=True, audit=AuditClass.NEVER), secret_names=("a",))

    assert MARKED not in json.dumps(redact_changes(plan))


def test_equal_values_are_recognised_and_only_with_the_key(settings):
    one = pseudonym("C-1001")

    assert pseudonym("C-1001") == one
    assert pseudonym("C-1002") != one
    assert _redact("C-1001", None, AuditClass.RECORD)["before"]["digest"] != one

    settings.AUDIT_KEYS = ["a2:" + base64.b64encode(b"q" * 32).decode()]

    assert pseudonym("C-1001") != one


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("maria@example.com", "m•••@e•••"),
        ("my-pass@word-of-gold", "m•••@w•••"),
        ("Maria García", "M•••"),
        ("ab", "•••"),
        ("", "•••"),
        ("  x  ", "•••"),
        ("a@b", "•••@•••"),
        ("@handle", "@•••"),
        ("漢字名", "漢•••"),
    ],
)
def test_a_mask_keeps_the_first_character_and_no_length(text, masked):
    assert mask(text) == masked
