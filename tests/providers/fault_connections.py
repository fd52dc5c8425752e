"""Faults of connections and of the head of an answer; and remotes without fault."""

from __future__ import annotations

import json
import socket

from .fault_visits import DRIP_S, GOOD, Visit, after_request, fault

# -- no fault


@fault
def good(visit: Visit) -> None:
    while visit.request():
        visit.answer(json.dumps(GOOD).encode())


@fault
def echo(visit: Visit) -> None:
    """Answer with what was sent, as careless remotes do in their error texts."""
    while arrived := visit.request():
        said = {"path": arrived.path, "headers": arrived.headers, "body": arrived.body.decode("utf-8", "replace")}
        visit.answer(
            json.dumps(said).encode(), status="400 Bad Request", X_Echo=arrived.headers.get("authorization", "")
        )


@fault
def says(visit: Visit) -> None:
    """Answer with the argument as a JSON body, sound or not."""
    while visit.request():
        visit.answer(visit.argument.encode("utf-8", "surrogatepass"))


@fault
def says_text(visit: Visit) -> None:
    while visit.request():
        visit.answer(visit.argument.encode(), status="400 Bad Request", content_type="text/plain; charset=utf-8")


@fault
def cookies(visit: Visit) -> None:
    while visit.request():
        visit.answer(b"{}", Set_Cookie="session=abc; Path=/")


@after_request
def raw(visit: Visit) -> None:
    """Send the bytes that the test put into `server.raw`, and close."""
    visit.send(visit.server.raw)


# -- connections


@fault
def reset_before_request(visit: Visit) -> None:
    visit.reset()


@after_request
def reset_after_request(visit: Visit) -> None:
    visit.reset()


@fault
def close_before_request(visit: Visit) -> None:
    visit.sock.close()


@after_request
def close_after_request(visit: Visit) -> None:
    visit.sock.close()


@after_request
def silence(visit: Visit) -> None:
    visit.pause(60)


@fault
def reads_nothing(visit: Visit) -> None:
    """Accept and never read: a large request fills the buffers and waits."""
    visit.pause(60)


@fault
def refuses_early(visit: Visit) -> None:
    """Answer 413 and close while the request is still being written."""
    visit.sock.recv(1024)
    visit.answer(b"{}", status="413 Content Too Large", Connection="close")
    visit.sock.shutdown(socket.SHUT_WR)
    visit.pause(0.3)


@after_request
def speaks_ssh(visit: Visit) -> None:
    visit.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")


# -- the head of an answer


@after_request
def close_in_status_line(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200")


@after_request
def close_in_headers(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-")


@after_request
def close_after_header(visit: Visit) -> None:
    """Close where a line ends, before the empty line: the easiest cut to take for a sound, empty answer."""
    visit.send(b"HTTP/1.1 204 No Content\r\nX-Request-Id: 1\r\n")


@after_request
def drip_status_line(visit: Visit) -> None:
    visit.drip(b"HTTP/1.1 200 " + b"O" * 10_000)


@after_request
def drip_headers(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\n")
    visit.drip(b"X-A: 1\r\n" * 10_000)


@after_request
def endless_100(visit: Visit) -> None:
    while True:
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        visit.pause(DRIP_S)


@after_request
def endless_103(visit: Visit) -> None:
    while True:
        visit.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        visit.pause(DRIP_S)


@after_request
def flood_of_100(visit: Visit) -> None:
    while True:
        visit.send(b"HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n" * 100)


@fault
def interim_then_good(visit: Visit) -> None:
    while visit.request():
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        visit.answer(json.dumps(GOOD).encode())


@after_request
def long_header(visit: Visit) -> None:
    visit.answer(b"{}", X_Long="a" * 70_000)


@after_request
def many_headers(visit: Visit) -> None:
    visit.answer(b"{}", **{f"X-{number}": "a" for number in range(200)})


@after_request
def fat_head(visit: Visit) -> None:
    visit.answer(b"{}", **{f"X-{number}": "a" * 60_000 for number in range(90)})


@after_request
def broken_header_line(visit: Visit) -> None:
    """A line that is no header, before the length: without it the cut of the body could not be seen."""
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nbroken\r\nContent-Length: 900\r\n\r\n{}")


@after_request
def strange_status(visit: Visit) -> None:
    visit.answer(b"{}", status="999 Request denied")


@after_request
def two_lengths(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}")


@after_request
def length_in_words(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: two\r\n\r\n{}")
