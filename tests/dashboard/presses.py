"""Every kind of write, made ready as far as the press that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.test import Client

from dashboard.models import Approval, AuditExport, Customer, LinkedAccount, Operation, User
from dashboard.models.approval import ApprovalState
from dashboard.models.operation import State
from dashboard.services import customers
from dashboard.services.audit import SYSTEM
from tests import people

from . import factories as make
from .pages import HTMX, client_of, digest_in

WHY = "The customer closes the account and asked for it."
PASSWORD, OTHER_PASSWORD = "correct-horse-battery-lamp", "another-horse-battery-lamp"
ENDS = (State.DONE, State.ACCEPTED, State.REFUSED, State.FAILED, State.UNKNOWN)


@dataclass
class Press:
    """One write that is done with the next press: `address` and `data` are that press.

    `redacts`: its entry tells values, by their class. `is_about_the_log`: it stays possible while nothing else is.
    `sends`: the operation goes to the remote with it.
    """

    client: Client
    address: str
    data: Mapping[str, Any] = field(default_factory=dict)
    redacts: bool = False
    is_about_the_log: bool = False
    operation: Operation | None = None
    sends: bool = True
    has_happened: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        if self.operation is not None:
            before = self._operation_now()
            self.has_happened = lambda: self._operation_now() != before

    def pressed(self, *, htmx: bool) -> Any:
        return self.client.post(self.address, self.data, headers=HTMX if htmx else {})

    def comes_through(self) -> bool:
        """Press, and wait for what it sends."""
        answer = self.pressed(htmx=self.operation is not None)
        if answer.status_code >= 400:
            return False
        if self.operation is not None and self.sends:
            # Belvo takes a refresh and answers later.
            return make.settled(self.operation, *ENDS).state in (State.DONE, State.ACCEPTED)
        return self.has_happened()

    def _operation_now(self) -> tuple[Any, ...]:
        assert self.operation is not None
        return Operation.objects.values_list("state", "version", "approval__state").get(pk=self.operation.pk)


def operation(
    client: Client, account: LinkedAccount, action: str, *, redacts: bool = True, more: Any = None, **fields: Any
) -> Press:
    """Open a draft, fill its form as it comes and with `fields`, and look at the plan."""
    page = client.post(f"/linked-accounts/{account.pk}/operations/{action}/", follow=True)
    draft = Operation.objects.filter(account=account, action=action).latest("created_at")
    data = as_it_comes(page.context["form"]) | {f"field-{name}": value for name, value in fields.items()}
    if page.context.get("confirm"):
        data["confirm_name"] = page.context["confirm"].name
    seen = client.post(f"/operations/{draft.pk}/preview/", data, headers=HTMX)
    data |= {"digest": digest_in(seen), **(more or {})}
    return Press(client, f"/operations/{draft.pk}/apply/", data, redacts, operation=draft)


def as_it_comes(form: Any) -> dict[str, Any]:
    """Return what a browser would send of an untouched form; what is required and empty gets a value."""
    entered = {}
    for name, source in form.sources.items():
        value = form[name].value()
        if source.required and not source.secret and value in (None, ""):
            value = source.choices[0].value if source.choices else "value-1"
        if value not in (None, False):
            entered[form[name].html_name] = value
    return entered


def room(ana: User) -> Press:
    waiting = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)
    assert waiting.state == State.AWAITING_TOKEN
    data = {"code": make.GOOD_CODE, "attempt": "0"}
    return Press(client_of(ana), f"/operations/{waiting.pk}/token/", data, operation=waiting)


def of_two_people(agent: Client, approver: Client, links: list[LinkedAccount]) -> dict[str, Press]:
    """Return a deletion to be asked for, and four that were: what becomes of them is the press."""
    asks = {"asks": "delete", "reason": WHY}
    asking, *asked = [operation(agent, link, "delete", more=asks) for link in links[:5]]
    for each in asked:
        assert each.pressed(htmx=True).status_code == 200
    steps = {
        "approve": (approver, {}, True),
        "alone": (agent, {"reason": WHY, "is_sure": "on"}, True),
        "decline": (approver, {"note": "Not this one."}, False),
        "withdraw": (agent, {}, False),
    }
    asking.sends = False
    found = {"ask for a deletion": asking}
    for each, (step, (client, data, sends)) in zip(asked, steps.items(), strict=True):
        approval = Approval.objects.get(subject_id=str(each.operation.pk))
        address = f"/approvals/{approval.pk}/{step}/"
        if sends:
            found[f"{step}: delete"] = Press(client, address, data, redacts=True, operation=each.operation)
        else:
            found[step] = Press(client, address, data, has_happened=_ends(approval))
    return found


def of_admins(admin: Client, approver: Client) -> dict[str, Press]:
    """Return what admins do with people: each with another person."""
    found = {}
    for name in ("roles", "roles agreed to", "disabled", "enabled", "link", "factor"):
        found[name] = people.member("viewer", email=f"{name.replace(' ', '-')}@desk.example")
    User.objects.filter(pk=found["enabled"].pk).update(is_active=False)
    TOTP.activate(found["factor"], generate_totp_secret())
    chosen = {"roles": ["auditor"], "reason": WHY}
    asked = admin.post(f"/staff/{found['roles agreed to'].pk}/roles/", chosen)
    approval = Approval.objects.get(subject="roles")
    assert asked.status_code == 302

    def page(name: str, step: str) -> str:
        return f"/staff/{found[name].pk}/{step}/"

    def person(name: str) -> Any:
        return User.objects.filter(pk=found[name].pk)

    invited = {"email": "new@desk.example", "name": "New Person", "roles": ["viewer"], "reason": WHY}
    return {
        "ask for roles": Press(admin, page("roles", "roles"), chosen, has_happened=_is_asked(found["roles"])),
        "approve: roles": Press(
            approver,
            f"/approvals/{approval.pk}/approve/",
            has_happened=lambda: Group.objects.filter(user=found["roles agreed to"], name="auditor").exists(),
        ),
        "invite": Press(
            admin,
            "/staff/new/",
            invited,
            has_happened=lambda: User.objects.filter(email="new@desk.example").exists(),
        ),
        "disable": Press(
            admin, page("disabled", "disable"), has_happened=lambda: not person("disabled").get().is_active
        ),
        "enable": Press(admin, page("enabled", "enable"), has_happened=lambda: person("enabled").get().is_active),
        "new link": Press(admin, page("link", "link"), has_happened=found["link"].invitations.exists),
        "reset a second factor": Press(
            admin,
            page("factor", "factor"),
            {"reason": WHY},
            has_happened=lambda: not Authenticator.objects.filter(user=found["factor"]).exists(),
        ),
    }


def of_oneself() -> Press:
    """Return a change of one's own password."""
    own = people.member("agent", email="own@desk.example", password=PASSWORD)
    data = {"oldpassword": PASSWORD, "password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    return Press(
        client_of(own),
        "/account/password/",
        data,
        has_happened=lambda: User.objects.get(pk=own.pk).check_password(OTHER_PASSWORD),
    )


def of_customers(agent: Client, admin: Client) -> dict[str, Press]:
    going = customers.create({"reference": "c-0", "name": "Bo", "email": ""}, actor=SYSTEM)
    customer = customers.create({"reference": "c-1", "name": "Jo", "email": "jo@mail.example"}, actor=SYSTEM)
    edited = {"reference": "c-1", "name": "Joe", "email": "jo@mail.example"}
    made = {"reference": "c-2", "name": "Ann", "email": "ann@mail.example"}
    return {
        "edit a customer": Press(
            agent,
            f"/customers/{customer.pk}/edit/",
            edited,
            redacts=True,
            has_happened=lambda: Customer.objects.filter(name="Joe").exists(),
        ),
        "new customer": Press(
            agent,
            "/customers/new/",
            made,
            redacts=True,
            has_happened=lambda: Customer.objects.filter(reference="c-2").exists(),
        ),
        "erase a customer": Press(
            admin,
            f"/customers/{going.pk}/erase/",
            {"confirm_name": "c-0", "reason": WHY},
            has_happened=lambda: not Customer.objects.filter(pk=going.pk).exists(),
        ),
    }


def export(auditor: Client) -> Press:
    return Press(
        auditor,
        "/audit/exports/new/",
        {"form": AuditExport.Form.BUNDLE},
        is_about_the_log=True,
        has_happened=AuditExport.objects.exists,
    )


def _ends(approval: Approval) -> Callable[[], bool]:
    return lambda: Approval.objects.get(pk=approval.pk).state != ApprovalState.OPEN


def _is_asked(person: User) -> Callable[[], bool]:
    return lambda: Approval.objects.filter(subject="roles", subject_id=str(person.pk)).exists()
