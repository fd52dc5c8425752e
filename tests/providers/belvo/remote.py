"""A plain HTTP client for the tests of the emulator: it knows nothing of our own client."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from providers.belvo.sandbox import SECRET_ID, SECRET_PASSWORD, BelvoSandbox
from providers.sandbox import application, serve

SAMPLES = Path(__file__).parent / "samples"
INDEX = json.loads((SAMPLES / "index.json").read_text(encoding="utf-8"))
LINK = INDEX["entities"]["links"]
GOOD_CODE = "111111"


class Remote:
    """The emulated Belvo, as a client with good keys sees it; `box` is the emulator behind it."""

    def __init__(self, box: BelvoSandbox, url: str) -> None:
        self.box = box
        self.root = url
        self.url = f"{url}/belvo"
        self._http = requests.Session()
        self._http.trust_env = False
        self.keys: tuple[str, str] | None = (SECRET_ID, SECRET_PASSWORD)

    def ask(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        address = path if path.startswith("http") else self.url + path
        return self._http.request(method, address, json=json, auth=self.keys, timeout=20, **more)

    def get(self, path: str, **params: str) -> requests.Response:
        return self.ask("GET", path, params=params)

    def put(self, link: str, **body: Any) -> requests.Response:
        return self.ask("PUT", f"/api/links/{link}/", body)

    def resume(self, challenge: requests.Response, token: str | None = None) -> requests.Response:
        """Answer the challenge of a 428, in either of its shapes."""
        found = challenge.json()
        one = found[0] if isinstance(found, list) else found
        body = {"session": one["session"], "link": one["link"]}
        return self.ask("PATCH", "/api/links/", body if token is None else body | {"token": token})

    def refresh(self, link: str, **body: Any) -> requests.Response:
        return self.ask("POST", f"/api/links/{link}/refresh/", body)

    def control(self, action: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        address = f"{self.root}/_control/belvo/{action}"
        return requests.get(address, timeout=5) if body is None else requests.post(address, json=body, timeout=5)

    def link_at(self, institution: str, status: str = "") -> str:
        """Return the id of a link at an institution."""
        links = self.box.world.links.values()
        return next(
            link.id
            for link in links
            if link.institution == institution and status in ("", link.status) and not link.case
        )

    def link_called(self, external_id: str) -> str:
        return next(link.id for link in self.box.world.links.values() if link.body["external_id"] == external_id)

    def status_of(self, link: str) -> str:
        return str(self.get(f"/api/links/{link}/").json()["status"])


@contextmanager
def belvo(**options: Any) -> Iterator[Remote]:
    box = BelvoSandbox(**({"rate_limit": None, "slow_s": 0.2} | options))
    with serve(application({"belvo": box})) as server:
        yield Remote(box, server.url)


def sample(name: str) -> Any:
    text = (SAMPLES / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else text


def code_of(response: requests.Response) -> str:
    found = response.json()
    return str((found[0] if isinstance(found, list) else found)["code"])
