"""What all emulators share: a sound HTTP server, faults, a clock, a control plane, and the command that serves them."""

from __future__ import annotations

import ast
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command

from providers.sandbox import (
    DESK_URL,
    Request,
    Response,
    Sandbox,
    Server,
    application,
    environment_of,
    find_sandboxes,
    json_response,
    serve,
)

ROOT = Path(__file__).parents[2]


class Counter(Sandbox):
    """The smallest remote with a state: each POST adds one."""

    slug = "counter"
    root_paths = frozenset({"/lobby"})
    count: int

    def __init__(self) -> None:
        super().__init__()
        self.build_world()

    def build_world(self) -> None:
        self.count = 0

    def environment(self, url: str) -> dict[str, str]:
        return {"COUNTER_URL": url, "COUNTER_BACK": f"{DESK_URL}/back/"}

    def answer(self, request: Request) -> Response:
        if request.path == "/bug/":
            raise ZeroDivisionError
        if request.method == "POST":
            with self.lock:
                self.count += 1
            self.record_effect(request, "it", "added", secrets={"password": request.body.decode()})
        if request.method == "DELETE":
            return Response(204)
        return json_response(200, {"count": self.count, "at": request.root_url + request.path, **request.query})


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def server(counter: Counter) -> Iterator[Server]:
    with serve(application({"counter": counter})) as found:
        yield found


def control(server: Server, action: str, body: object = None) -> Any:
    url = f"{server.url}/_control/counter/{action}"
    return (requests.get(url, timeout=5) if body is None else requests.post(url, json=body, timeout=5)).json()


def post(server: Server, **more: Any) -> requests.Response:
    return requests.post(f"{server.url}/counter/add/", timeout=5, **more)


# -- the server


def test_one_connection_carries_many_requests(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.connect()
    first_socket = connection.sock

    for method in ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "GET"):
        connection.request(method, "/counter/x/", body=b"abc" if method == "POST" else None)
        answer = connection.getresponse()
        answer.read()
        assert answer.headers["Content-Length"] is not None

    assert connection.sock is first_socket


def test_answers_carry_the_address_of_their_mount_and_the_query(server: Server) -> None:
    answer = requests.get(f"{server.url}/counter/a%20b/?x=1&y=%C3%A9&z=", timeout=5).json()

    assert answer == {"count": 0, "at": f"{server.url}/counter/a b/", "x": "1", "y": "é", "z": ""}


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: many", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: 99999999999", 413),
    ],
)
def test_a_request_without_a_sound_length_is_refused(server: Server, header: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(f"POST /counter/x/ HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())

        assert raw.recv(4096).startswith(f"HTTP/1.1 {status}".encode())


def test_what_is_not_mounted_is_not_found(server: Server) -> None:
    assert requests.get(f"{server.url}/", timeout=5).status_code == 404
    assert requests.get(f"{server.url}/other/x/", timeout=5).json() == {"mounted": ["/counter/"]}


def test_a_page_known_by_its_origin_stands_at_the_root(server: Server) -> None:
    found = requests.get(f"{server.url}/lobby", timeout=5)

    assert (found.status_code, found.json()["at"]) == (200, f"{server.url}/lobby")
    assert requests.get(f"{server.url}/lobby/other", timeout=5).status_code == 404


def test_the_settings_lead_back_to_the_desk(counter: Counter) -> None:
    found = environment_of({"counter": counter}, "http://127.0.0.1:8100/", desk_url="http://127.0.0.1:8000/")

    assert found == {
        "INTEGRATIONS": "counter",
        "COUNTER_URL": "http://127.0.0.1:8100/counter",
        "COUNTER_BACK": "http://127.0.0.1:8000/back/",
    }


def test_a_bug_of_an_emulator_is_said_to_be_one(server: Server) -> None:
    answer = requests.get(f"{server.url}/counter/bug/", timeout=5)

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/plain")


def test_fifty_clients_at_once_are_all_counted(server: Server, counter: Counter) -> None:
    threads = [threading.Thread(target=post, args=(server,)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counter.count == len(counter.effects()) == 50
    assert [effect["number"] for effect in counter.effects()] == list(range(1, 51))


def test_a_closed_server_listens_no_more_and_its_port_is_free(counter: Counter) -> None:
    server = serve(application({"counter": counter}))
    session = requests.Session()
    session.get(f"{server.url}/counter/x/", timeout=5)
    server.close()

    with pytest.raises(requests.ConnectionError):
        session.get(f"{server.url}/counter/x/", timeout=5)
    serve(application({"counter": counter}), server.port).close()


def test_a_taken_port_is_an_os_error(server: Server, counter: Counter) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(application({"counter": counter}), server.port)


# -- faults


def test_an_answer_fault_stands_in_for_the_remote_once(server: Server, counter: Counter) -> None:
    control(server, "faults", {"kind": "answer", "status": 503, "body": "<b>busy</b>", "content_type": "text/html"})

    first, second = post(server), post(server)

    assert (first.status_code, first.text, first.headers["Content-Type"]) == (503, "<b>busy</b>", "text/html")
    assert (second.status_code, counter.count) == (200, 1)


def test_a_fault_waits_for_the_request_it_is_meant_for(server: Server) -> None:
    control(server, "faults", {"kind": "blocked", "method": "POST", "path": "/add/*", "times": 2})

    assert requests.get(f"{server.url}/counter/add/", timeout=5).status_code == 200
    assert [post(server).status_code for _ in range(3)] == [403, 403, 200]


@pytest.mark.parametrize(
    ("kind", "applied"), [("cut", 0), ("silence", 0), ("apply_then_cut", 1), ("apply_then_silence", 1)]
)
def test_a_connection_breaks_with_or_without_the_effect(
    server: Server, counter: Counter, kind: str, applied: int
) -> None:
    control(server, "faults", {"kind": kind, "seconds": 0.1})

    with pytest.raises(requests.ConnectionError):
        post(server)

    assert counter.count == len(counter.effects()) == applied
    assert control(server, "requests") == {
        "requests": [{"method": "POST", "path": "/add/", "status": 0, "count": 1}],
    }


def test_a_slow_answer_comes_late_and_is_the_right_one(server: Server) -> None:
    control(server, "faults", {"kind": "slow", "seconds": 0.3})
    started = time.monotonic()

    assert post(server).json()["count"] == 1
    assert time.monotonic() - started >= 0.3


def test_moving_the_clock_ends_a_silence(server: Server) -> None:
    control(server, "faults", {"kind": "slow", "seconds": 3600})
    answers: list[requests.Response] = []
    waiting = threading.Thread(target=lambda: answers.append(post(server)))
    waiting.start()
    while control(server, "faults")["waiting"]:
        time.sleep(0.01)

    control(server, "clock", {"advance_s": 3601})
    waiting.join(timeout=5)

    assert answers[0].status_code == 200


@pytest.mark.parametrize("body", [{"kind": "explode"}, {"kind": "cut", "colour": "red"}, {}, [1]])
def test_a_fault_that_does_not_exist_is_refused(server: Server, body: object) -> None:
    assert "error" in control(server, "faults", body)


# -- the control plane


def test_the_control_plane_names_what_it_does_not_know(server: Server) -> None:
    assert control(server, "weather")["error"].endswith("knows no GET weather.")
    assert control(server, "weather", {})["error"].endswith("knows no POST weather.")
    assert requests.get(f"{server.url}/_control/", timeout=5).json() == {"sandboxes": ["counter"]}
    assert requests.get(f"{server.url}/_control/other/clock", timeout=5).status_code == 404
    assert requests.post(f"{server.url}/_control/counter/clock", data=b"{", timeout=5).status_code == 400


def test_settings_change_by_name_only(server: Server, counter: Counter) -> None:
    assert control(server, "settings", {"delay_s": 0.01}) == {"delay_s": 0.01}
    assert "error" in control(server, "settings", {"count": 7})
    assert (counter.delay_s, counter.count) == (0.01, 0)


def test_a_secret_is_in_the_log_of_effects_as_its_fingerprint(server: Server) -> None:
    post(server, data=b"Canary-5")

    effects = control(server, "effects")["effects"]

    assert effects[0]["secrets"] == {"password": control(server, "fingerprint", {"value": "Canary-5"})["fingerprint"]}
    assert "Canary-5" not in json.dumps(effects)


def test_reset_begins_anew(server: Server, counter: Counter) -> None:
    post(server)
    control(server, "clock", {"advance_s": 5000})
    control(server, "faults", {"kind": "cut"})

    control(server, "reset", {})

    assert (counter.count, counter.effects(), counter.requests(), counter.faults.waiting()) == (0, [], [], [])
    assert abs(counter.clock.now().timestamp() - time.time()) < 5


# -- the command


def test_every_provider_folder_with_an_emulator_is_served() -> None:
    assert "belvo" in find_sandboxes()


def test_the_command_names_a_taken_port_in_a_sentence(server: Server) -> None:
    with pytest.raises(CommandError, match=f"^Port {server.port} is taken by another program"):
        call_command("sandbox", port=server.port, stdout=StringIO(), stderr=StringIO())


def test_the_command_names_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PORT", "eighty")

    with pytest.raises(CommandError, match="SANDBOX_PORT is “eighty”"):
        call_command("sandbox", stdout=StringIO(), stderr=StringIO())


def test_the_command_prints_the_settings_and_serves_until_it_is_told_to_stop() -> None:
    stop, out, err = threading.Event(), StringIO(), StringIO()
    thread = threading.Thread(
        target=lambda: call_command("sandbox", port=0, until=stop, stdout=out, stderr=err), daemon=True
    )
    thread.start()
    _wait_until(lambda: "Emulators answer" in err.getvalue())
    settings = dict(line.split("=", 1) for line in out.getvalue().splitlines())

    keys = (settings["BELVO_SECRET_ID"], settings["BELVO_SECRET_PASSWORD"])
    assert settings["INTEGRATIONS"] == "belvo,flxpoint,linkar,moneykit"
    assert {"FLXPOINT_TOKEN", "LINKAR_MAP", "MONEYKIT_CLIENT_SECRET"} <= set(settings)
    assert requests.get(f"{settings['BELVO_URL']}/api/", auth=keys, timeout=5).status_code == 200

    stop.set()
    thread.join(timeout=5)
    assert not thread.is_alive()


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ})
    assert process.stdout is not None
    settings = json.loads(process.stdout.readline())
    assert requests.get(f"{settings['BELVO_URL']}/api/", timeout=5).status_code == 401

    process.send_signal(number)
    _, errors = process.communicate(timeout=10)

    assert process.returncode == 0
    assert b"Traceback" not in errors


# -- the arrow: product code never knows an emulator


def test_no_product_code_imports_an_emulator() -> None:
    allowed = ("dashboard/management/commands/", "dashboard/demo/")
    files = [path for folder in ("providers", "dashboard") for path in (ROOT / folder).rglob("*.py")]
    product = [
        path
        for path in files
        if not path.name.startswith("sandbox") and not path.relative_to(ROOT).as_posix().startswith(allowed)
    ]

    assert [str(path) for path in product if any("sandbox" in name for name in _imported(path))] == []


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (alias.name for alias in node.names)


def _wait_until(done: Any) -> None:
    until = time.monotonic() + 10
    while not done():
        assert time.monotonic() < until
        time.sleep(0.01)
