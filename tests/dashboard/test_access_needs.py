"""One permission opens what it is for and nothing else; what cannot be taken back asks once more who somebody is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from dashboard import roles
from tests.access_needs import LIST_OF_APPROVALS, NEEDS, PROOF
from tests.access_table import CELLS, EVERYBODY
from tests.access_walk import Walk, everything, names, undone

PERMISSIONS = {name: permission for name in dir(roles) if (permission := getattr(roles, name)) in [*roles.WORDS]}
# These ask for some actions only.
OF_ACTIONS = ("operation-create", "operation-apply", "operation-again")


def lines(table: str) -> Iterator[list[str]]:
    yield from (line.split() for line in table.splitlines() if line)


def cell(name: str, method: str, who: str) -> str:
    return CELLS[name, method][EVERYBODY.index(who)]


GUARDED = [place for place in sorted(CELLS) if place[1] in ("GET", "POST") and cell(*place, "none") == "403"]
NEEDED = {name: set(permissions) for name, *permissions in lines(NEEDS)}
TAKES_FORMS = {name for name, method in CELLS if method == "POST" and "405" not in CELLS[name, method]}
PROOFS = {(name, method): word for name, method, word, *_ in lines(PROOF)}


def group(*permissions: str) -> Group:
    made = Group.objects.create(name=" and ".join(permissions))
    codenames = [PERMISSIONS[name].partition(".")[2] for name in permissions]
    made.permissions.set(Permission.objects.filter(codename__in=codenames))
    return made


# -- permissions


def test_each_guarded_address_has_its_permission_and_no_other() -> None:
    guarded = {name for name, _ in GUARDED}

    assert sorted(guarded - NEEDED.keys()) == [], "an address without a line in NEEDS, tests/access_needs.py"
    assert sorted(NEEDED.keys() - guarded) == [], "lines of an address that is gone, or open to everybody"
    assert {permission for permissions in NEEDED.values() for permission in permissions} == PERMISSIONS.keys()


@pytest.mark.once
@pytest.mark.django_db
def test_one_permission_opens_what_it_is_for_and_nothing_else(emulator: Any) -> None:
    walk = Walk()
    for permission in PERMISSIONS:
        walk.admit(permission, [group(permission)])

    wrong = []
    for name, method in GUARDED:
        opened = {permission for permission in PERMISSIONS if walk.look(name, method, permission) != "403"}
        expected = set() if (name, method) == ("approval-list", "GET") else NEEDED[name]
        if opened != expected:
            wrong.append(f"{method} {name} is opened by {sorted(opened)}, not {sorted(expected)}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.once
@pytest.mark.django_db
def test_the_list_of_approvals_is_for_those_whom_they_concern(emulator: Any) -> None:
    walk = Walk()
    for permission in PERMISSIONS:
        walk.admit(permission, [group(*{"VIEW", permission})])

    opened = {permission for permission in PERMISSIONS if walk.look("approval-list", "GET", permission) == "200"}

    assert opened == set(LIST_OF_APPROVALS)


# -- fresh proof


def test_each_address_that_takes_a_form_says_whether_it_asks_for_fresh_proof() -> None:
    told = {name for name, method in PROOFS if method == "POST"}

    assert sorted(TAKES_FORMS - told) == [], "an address without a line in PROOF, tests/access_needs.py"
    assert sorted(told - TAKES_FORMS) == [], "lines of an address that is gone, or takes no form"
    assert sorted({name for name, _ in PROOFS} - names()) == [], "lines of an address that is gone"
    assert all(word in ("asks", "free") for word in PROOFS.values())
    assert all(len(line) > 3 for line in lines(PROOF)), "a line without a reason"


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("action", ["delete", "credentials", "refresh"])
def test_with_stale_proof_these_ask_and_change_nothing_and_the_others_do_not_ask(emulator: Any, action: str) -> None:
    walk = Walk(action)
    # With every right there is, so that nothing but the proof can be missing.
    walk.admit("stale", Group.objects.all(), ago_s=301)
    knocks = [(name, "POST") for name in TAKES_FORMS] + [(name, "GET") for name in names()]

    wrong = []
    for name, method in sorted(knocks):
        if action != "delete" and name not in OF_ACTIONS:
            continue
        asks = PROOFS.get((name, method)) == "asks" and (action != "refresh" or name not in OF_ACTIONS)
        with undone():
            before = everything() if asks else {}
            found = walk.answer(name, method, "stale")
            if (found == "proof") != asks:
                wrong.append(f"{method} {name}: {found}, though it is {'to ask' if asks else 'free'}")
            elif asks and everything() != before:
                wrong.append(f"{method} {name} asks, and changes something all the same")

    assert not wrong, "\n".join(wrong)
