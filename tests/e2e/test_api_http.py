"""The HTTP surface with bytes that no client library would send: tests/data/http, and what takes too long."""

import json
import socket
import threading
import time

import pytest
from api_world import DATA, code_of, raw, world  # noqa: F401

CASES = sorted(path.name for path in (DATA / "http").iterdir())


def expectation(case):
    lines = (DATA / "http" / case / "expect").read_text().splitlines()
    return [line.split(" ", 1) if " " in line else (line, "") for line in lines]


@pytest.mark.parametrize("case", CASES)
def test_a_request_ends_as_its_case_says(world, case):  # noqa: F811
    request = (DATA / "http" / case / "request").read_bytes()
    wants_open = any(word == "open" for word, _ in expectation(case))
    reply = raw(world.api.base_url, request, timeout=1.0 if wants_open else 5.0)
    for word, rest in expectation(case):
        if word == "status":
            assert reply.answers[0].status in map(int, rest.split()), reply.bytes[:300]
        elif word in ("open", "closed"):
            assert reply.end == word, reply.bytes[:300]
        elif word == "nothing":
            assert not reply.answers or str(reply.answers[0].status) in rest.split(), reply.bytes[:300]
        elif word == "count":
            assert len(reply.answers) == int(rest)
        elif word == "code":
            assert code_of(reply.answers[0]) == rest
        elif word == "header":
            name, value = rest.split(": ", 1)
            assert reply.answers[0].headers.get(name) == value
        elif word == "empty":
            assert not reply.answers[0].body
        else:
            raise AssertionError(f"unknown word {word}")


def test_the_cases_are_there():
    assert len(CASES) > 50


def drip(url, start, seconds):
    """Send a byte every 300 ms; how long the server let us, and what it said."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=0.3) as line:
        line.sendall(start)
        while time.monotonic() - began < seconds:
            try:
                if not line.recv(4096):
                    break
            except TimeoutError:
                pass
            except OSError:
                break
            try:
                line.sendall(b"a")
            except OSError:
                break
    return time.monotonic() - began


def test_slow_senders_are_cut_after_fifteen_seconds_and_idle_ones_after_ten(world):  # noqa: F811
    url = world.api.base_url
    greedy = world.stack.start_service("api")
    took = {}
    starts = {
        "request line": b"GET /",
        "header": b"GET /api/Sessions/1 HTTP/1.1\r\nHost: x\r\nX: ",
        "body": b"PUT /api/Sessions/1/cancel HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        "chunk": b"PUT /api/Sessions/1/cancel HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n",
        "chunk that ends late": b"PUT /api/Sessions/1/cancel HTTP/1.1\r\nHost: x\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1;",
    }

    def run(name, start):
        took[name] = drip(url, start, 25)

    def idle():
        began = time.monotonic()
        raw(url, b"GET /api/Sess", timeout=25)
        took["idle"] = time.monotonic() - began

    def never_read():
        """Far more than the buffers between us hold: the answer at which the server stands is never taken."""
        host, port = greedy.url.removeprefix("http://").rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
            began = time.monotonic()
            world.stack.eventually(lambda: greedy.metrics()["unbook_http_connections"] == 1, 20, "it is there")
            world.stack.eventually(lambda: greedy.metrics()["unbook_http_connections"] == 0, 25, "it is cut")
            took["never read"] = time.monotonic() - began

    threads = [threading.Thread(target=run, args=item) for item in starts.items()] + [
        threading.Thread(target=idle),
        threading.Thread(target=never_read),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    for name in starts:
        assert 14 < took[name] < 19, (name, took)
    assert 8 < took["idle"] < 15, took
    assert 8 < took["never read"] < 19, took


def test_a_page_of_a_listed_origin_may_call(world):  # noqa: F811
    origin = "http://localhost:4200"
    preflight = world.api.request(
        "OPTIONS",
        "/api/Sessions/1/cancel",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    refused = world.api.put("/api/Sessions/1/cancel", headers={"Origin": origin})
    assert refused.status == 401 and refused.headers["access-control-allow-origin"] == origin
    assert refused.headers["vary"] == "Origin"
    unknown = world.api.get("/nope", headers={"Origin": origin})
    assert unknown.status == 404 and unknown.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin", ["http://localhost:42000", "http://localhost:420", "https://localhost:4200", "null", "*", ""]
)
def test_a_page_of_another_origin_may_not(world, origin):  # noqa: F811
    for answer in (
        world.api.put("/api/Sessions/1/cancel", headers={"Origin": origin}),
        world.api.request(
            "OPTIONS",
            "/api/Sessions/1/cancel",
            headers={"Origin": origin, "Access-Control-Request-Method": "PUT"},
        ),
    ):
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"


def test_every_answer_carries_the_security_headers(world):  # noqa: F811
    for answer in (
        world.api.get("/nope"),
        world.api.get("/api/Sessions/1"),
        world.api.get("/api/Sessions/parent/bookings", token=world.parent.token),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["content-type"].startswith("application/json")


def test_the_trace_of_the_caller_goes_on(world):  # noqa: F811
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = world.api.get("/api/Sessions/1", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.json["traceId"] == trace
    assert len(world.api.get("/api/Sessions/1", headers={"traceparent": "00-x-y-z"}).json["traceId"]) == 32


def test_requests_are_logged_by_pattern_and_never_by_path(world):  # noqa: F811
    world.api.get("/api/Sessions/987654321?secret=hush", token=world.parent.token)
    lines = [line for line in world.stack.of("api")[0].log_lines() if line.get("msg") == "request"]
    assert lines[-1]["route"] == "/api/Sessions/{id}" and lines[-1]["status"] == 404
    assert lines[-1]["user"] == world.parent.id and len(lines[-1]["trace"]) == 32
    text = json.dumps(lines)
    assert "987654321" not in text and "hush" not in text


def test_many_idle_and_many_bad_connections_leave_nothing_behind(world):  # noqa: F811
    service = world.stack.of("api")[0]
    url = world.api.base_url
    host, port = url.removeprefix("http://").rsplit(":", 1)
    before = service.metrics()["process_open_fds"]
    lines = [socket.create_connection((host, int(port)), timeout=5) for _ in range(300)]
    assert world.api.get("/nope").status == 404
    for line in lines:
        line.close()
    for _ in range(300):
        raw(url, b"GET //x HTTP/1.1\r\nHost: x\r\n\r\n")
    world.stack.eventually(
        lambda: service.metrics()["process_open_fds"] <= before + 8, what="descriptors are given back"
    )


def test_a_request_that_the_library_gives_up_leaves_nothing_behind(world):  # noqa: F811
    service = world.stack.start_service("api")
    url = service.url
    cookies = b"; ".join(b"a%d=1" % n for n in range(1500))
    for _ in range(20):
        raw(url, b"GET /nope HTTP/1.1\r\nHost: x\r\nCookie: " + cookies + b"\r\n\r\n")
        raw(url, b"GET /nope?" + b"a&" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    began = time.monotonic()
    service.sigterm()
    world.stack.eventually(lambda: not service.running(), 30, "it ends")
    assert service.exit_code == 0 and time.monotonic() - began < 10
