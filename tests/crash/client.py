"""One person at one browser, or two of them: presses what a page offers, and notes each answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from tests.journeys.desk import Desk

from . import pages
from .sent import Cut, Kind, Sent

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
GOOD_CODE = "111111"
WHY = "Asked for on the phone"
WATCH_S = 8.0
RESTARTED_WITHIN_S = 60.0


class Client:
    """`sessions` are the cookies of this moment, by role."""

    def __init__(self, desk: Desk, sessions: Mapping[str, str]) -> None:
        self.desk = desk
        self.sessions = sessions
        self.http = requests.Session()
        self.http.trust_env = False
        self.csrf = secrets.token_hex(16)

    # -- what can be done; each is the `flow` of a kind

    def change(self, kind: Kind, account: Any, line: Sent) -> None:
        """Open a form, look at the plan, press, and watch."""
        if html := self._press(kind, account, line):
            self._watch(line, html, pages.tells_done)

    def relay(self, kind: Kind, account: Any, line: Sent) -> None:
        """The same where the institution asks for a code: it is typed when the room opens."""
        html = self._press(kind, account, line)
        html = self._watch(line, html, pages.is_room) if html else ""
        if pages.is_room(html):
            data = {"code": GOOD_CODE, "attempt": pages.attempt_in(html)}
            answer = self._send(line, "token", f"/operations/{line.operation}/token/", data)
            self._watch(line, answer.text, pages.tells_done)

    def delete(self, kind: Kind, account: Any, line: Sent) -> None:
        """Ask for a deletion; a second person agrees, and it is carried out."""
        html = self._press(kind, account, line, asks="delete", reason=f"{WHY} {line.marker}")
        line.approval = pages.approval_in(html)
        line.told_asked = bool(line.approval)
        if line.approval:
            self._approve(line)
            self._watch(line, "", pages.tells_done)

    def change_customer(self, kind: Kind, customer: Any, line: Sent) -> None:
        line.pressed_at = time.time()
        answer = self._page(line, "edit", f"/customers/{customer.pk}/edit/", kind.values(customer, line.marker))
        line.told_done = answer.status_code == 302

    def change_roles(self, kind: Kind, person: Any, line: Sent) -> None:
        """Ask for other roles, and have a second person agree to what waits then, whoever asked for it."""
        data = {**kind.values(person, line.marker), "reason": f"{WHY} {line.marker}"}
        line.pressed_at = time.time()
        answer = self._page(line, "ask", f"/staff/{person.pk}/roles/", data, role="admin")
        line.told_asked = answer.status_code == 302
        waiting = self._page(line, "find", f"/approvals/?state=open&q={person.email}", role="approver")
        line.approval = pages.waiting_in(waiting.text)
        if line.approval:
            self._approve(line)
            line.told_done = line.told_approved

    # -- steps

    def _press(self, kind: Kind, account: Any, line: Sent, **more: str) -> str:
        """Go as far as the press that sends or asks; return what was answered, "" where it did not come to that."""
        page = self._send(line, "open", f"/linked-accounts/{account.pk}/operations/{kind.action}/")
        line.operation = pages.draft_in(page.text)
        if page.status_code != 200 or not line.operation:
            return ""
        wanted = {f"field-{name}": value for name, value in kind.values(account, line.marker).items()}
        data = [each for each in pages.inputs_in(page.text) if each[0] not in wanted] + list(wanted.items())
        plan = self._send(line, "preview", f"/operations/{line.operation}/preview/", data)
        data += [("digest", pages.digest_in(plan.text)), ("confirm_name", pages.name_in(page.text)), *more.items()]
        line.pressed_at = time.time()
        pressed = self._send(line, "apply", f"/operations/{line.operation}/apply/", data)
        return pressed.text if pressed.status_code == 200 else ""

    def _approve(self, line: Sent) -> None:
        # It is now that the remote may be asked.
        line.pressed_at = time.time()
        self._page(line, "approve", f"/approvals/{line.approval}/approve/", {}, role="approver")
        page = self._page(line, "approved", f"/approvals/{line.approval}/", role="approver")
        line.told_approved = pages.is_approved(page.text)

    def _watch(self, line: Sent, html: str, is_there: Callable[[str], bool]) -> str:
        """Look at the panel as the page does, until it shows what is waited for, or the end."""
        until = time.monotonic() + WATCH_S
        while not is_there(html) and not pages.tells_end(html) and time.monotonic() < until:
            time.sleep(0.1)
            html = self._send(line, "status", f"/operations/{line.operation}/status/", method="GET").text
        line.told_done = pages.tells_done(html)
        return html

    def _page(self, line: Sent, step: str, path: str, data: Any = None, *, role: str = "agent") -> requests.Response:
        """Send a plain form, or open a page."""
        return self._send(line, step, path, data, method="GET" if data is None else "POST", role=role, htmx=False)

    def _send(
        self,
        line: Sent,
        step: str,
        path: str,
        data: Any = None,
        *,
        method: str = "POST",
        role: str = "agent",
        htmx: bool = True,
    ) -> requests.Response:
        headers = {"X-CSRFToken": self.csrf, **(HTMX if htmx else {})}
        address, until = self.desk.address(path), time.monotonic() + RESTARTED_WITHIN_S
        while True:
            cookies = {"sessionid": self.sessions[role], "csrftoken": self.csrf}
            try:
                answer = self.http.request(
                    method, address, data=data, headers=headers, cookies=cookies, timeout=30, allow_redirects=False
                )
                break
            except requests.RequestException as fault:
                # Nobody listens: it was not sent, and is tried again. Everything else may have arrived.
                if "refused" in str(fault) and time.monotonic() < until:
                    time.sleep(0.2)
                    continue
                line.answers.append((step, "cut"))
                raise Cut from None
        if step != "status":
            line.answers.append((step, str(answer.status_code)))
        return answer
