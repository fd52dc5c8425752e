"""What a role may not do is absent from its pages and refused by the server."""

from __future__ import annotations

from .accounts import (
    PLAIN_INSTITUTION,
    account_at,
    path_of,
)
from .browser import SignIn, Watch
from .desk import Desk


def test_a_viewer_sees_no_way_to_write_and_is_refused(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(403)
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("viewer", path_of(account))

    assert page.locator("form[action*='/operations/']").count() == 0
    token = page.locator("input[name='csrfmiddlewaretoken']").first.get_attribute("value")
    answer = page.request.post(
        desk.address(f"{path_of(account)}operations/credentials/"),
        form={"csrfmiddlewaretoken": str(token)},
        headers={"Referer": page.url},
    )

    assert answer.status == 403
    assert "repair linked accounts" in answer.text()
    assert "Agent Person" in answer.text()
    assert desk.emulator.belvo.effects() == []
