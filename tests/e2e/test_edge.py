"""The API behind the real nginx with deploy/nginx/unbook.conf: TLS, the split of /api, who asks, and what never reaches us."""

import concurrent.futures
import contextlib
import http.server
import json
import re
import socket
import threading
import time

import pytest
from api_world import DATA
from stack import Stack
from stack.http import Http
from stack.nginx import NAME, Nginx
from test_book_webhook import event, sign, stored

# Two readers could disagree on where these requests end.
SMUGGLING = (
    "length_and_chunked",
    "chunked_and_length",
    "two_lengths",
    "two_different_lengths",
    "length_list",
    "length_with_plus",
    "length_hex",
    "length_negative",
    "encoding_xchunked",
    "length_past_64_bits",
    "length_with_blank_inside",
    "encoding_twice",
    "encoding_list",
    "encoding_with_vertical_tab",
    "chunked_on_http_10",
    "colon_first_hides_a_request",
    "nul_first_hides_a_request",
    "nul_line_hides_a_request",
    "nul_raw_in_header",
    "nul_raw_in_length",
    "no_host",
    "two_hosts",
)


class OldBackend(http.server.BaseHTTPRequestHandler):
    """Answers everything with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"old": self.path, "for": self.headers.get("X-Forwarded-For")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Edge:
    def __init__(self, stack, directory):
        self.stack = stack
        self.api = stack.of("api")[0]
        self.old = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OldBackend)
        threading.Thread(target=self.old.serve_forever, daemon=True).start()
        self.nginx = Nginx(
            directory, api=self.api.addresses()["http"], old=f"127.0.0.1:{self.old.server_address[1]}"
        )

    def stop(self):
        self.nginx.stop()
        self.old.shutdown()
        self.old.server_close()

    def ask(self, method, path, *, headers=None, source="127.0.0.1", **more):
        edge = Http(f"https://127.0.0.1:{self.nginx.port}", source=source, tls=self.nginx.tls)
        return edge.request(method, path, headers={"Host": NAME, **(headers or {})}, **more)

    def raw(self, request):
        """The statuses that came back for these bytes within half a second (an interim one and HTTP/0.9 have none)."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.nginx.port), timeout=5) as plain:
            with self.nginx.tls.wrap_socket(plain, server_hostname=NAME) as line:
                line.sendall(request)
                line.settimeout(0.5)
                with contextlib.suppress(OSError):
                    while chunk := line.recv(65536):
                        received += chunk
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([2-5]\d\d) ", received)]

    def requests_seen(self):
        return sum(
            value for name, value in self.api.metrics().items() if name.startswith("unbook_http_requests_total")
        )


@pytest.fixture(scope="module")
def edge(infra, build):
    stack = Stack(infra, build=build)
    try:
        stack.start(only=())
        stack.start_service("api", UNBOOK_TRUSTED_PROXIES="127.0.0.1", UNBOOK_LIMIT_ADDRESS="40",
                            UNBOOK_IP_CONNECTIONS="1")
        edge = Edge(stack, stack.dir / "nginx")
        yield edge
        edge.stop()
    finally:
        stack.stop()
    problems = stack.problems()
    assert not problems, "\n".join(problems)
    stack.remove()


def test_plain_http_is_sent_to_tls(edge):
    answer = Http(f"http://127.0.0.1:{edge.nginx.http_port}").get("/api/Sessions/1?x=y", headers={"Host": NAME})
    assert answer.status == 308 and answer.headers["location"] == f"https://{NAME}/api/Sessions/1?x=y"


def test_a_session_is_cancelled_through_the_edge(edge):
    parent, teacher, _ = edge.stack.seed.family()
    booking = edge.stack.seed.booking(parent, teacher, starts_in="100 hours")
    answer = edge.ask("PUT", f"/api/sessions/{booking.id}/CANCEL", token=parent.token, body='"We are ill."',
                      headers={"Content-Type": "application/json"})
    assert answer.status == 200 and answer.data is True, answer.text
    assert edge.stack.one("SELECT status FROM bookings WHERE id = %s", booking.id)["status"] == 3
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "nginx/" not in answer.headers.get("server", "")


def test_stripes_webhook_comes_through_byte_for_byte_also_a_large_one(edge):
    body = event(metadata={"note": "x" * 300_000})
    raw = json.dumps(body, indent=1).encode()
    answer = edge.ask("POST", "/api/stripe/webhook", body=raw,
                      headers={"Stripe-Signature": sign(raw), "Content-Type": "application/json"})
    assert answer.status == 200, answer.text
    assert bytes(stored(edge.stack, body)["payload"]) == raw


def test_what_is_too_large_ends_at_the_edge_in_the_words_of_the_api(edge):
    before = edge.requests_seen()
    for path, size in (("/api/Sessions/book", 17_000), ("/api/stripe/webhook", 600_000)):
        answer = edge.ask("POST", path, body=b"x" * size)
        assert answer.status == 413 and answer.json["code"] == "too_large"
        assert answer.json["success"] is False and len(answer.json["traceId"]) == 32
    assert edge.requests_seen() == before


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/api/Sessions", True),
        ("/api/SESSIONS/1", True),
        ("/api/Sessions/teachers/available", True),
        ("/api/stripe/webhook", True),
        ("/openapi.json", True),
        ("/api/Users/7", False),
        ("/API/Users/7?q=1", False),
        ("/api/SessionsOfOthers", False),
        ("/api/stripe/webhooks", False),
        ("/api", False),
    ],
)
def test_only_our_part_of_the_api_comes_to_us(edge, path, is_ours):
    answer = edge.ask("GET", path, source="127.7.2.1", headers={"X-Forwarded-For": "203.0.113.9"})
    if is_ours:
        assert len(answer.headers["referrer-policy"]) and b'"old"' not in answer.body
    else:
        assert answer.json == {"old": path, "for": "127.7.2.1"}


def test_the_limit_counts_who_is_at_the_other_end_of_the_edge(edge):
    lies = ({"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"} for n in range(100))
    statuses = [
        edge.ask("GET", "/api/Sessions/1", headers=next(lies), source="127.7.3.1").status for _ in range(60)
    ]
    assert statuses[:40] == [401] * 40 and 429 in statuses[40:]
    assert edge.ask("GET", "/api/Sessions/1", source="127.7.3.2").status == 401


@pytest.mark.parametrize("case", SMUGGLING)
def test_a_request_that_two_could_read_differently_ends_at_the_edge(edge, case):
    before = edge.requests_seen()
    assert edge.raw((DATA / "http" / case / "request").read_bytes()) in ([400], [501])
    assert edge.requests_seen() == before


def test_a_line_that_the_api_cannot_see_ends_at_the_edge(edge):
    """Known limit of services/api/README.md: the library takes it for the end of the headers."""
    before = edge.requests_seen()
    assert edge.raw(b"GET /first HTTP/1.1\r\nHost: x\r\n:\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n") == [400]
    assert edge.requests_seen() == before


@pytest.mark.parametrize(
    ("case", "seen", "status"), [("chunk_lines_end_in_line_feeds", 1, 401), ("chunk_extension_holds_a_return", 0, 400)]
)
def test_chunks_that_the_library_reads_leniently(edge, case, seen, status):
    """docs/decisions/0007: what the edge takes it hands on with a length, what it does not ends there."""
    before = edge.requests_seen()
    assert edge.raw((DATA / "http" / case / "request").read_bytes()) == [status]
    assert edge.requests_seen() == before + seen


def test_no_request_of_the_corpus_becomes_two(edge):
    def answers(case):
        return len(edge.raw((DATA / "http" / case / "request").read_bytes()))

    def expected(case):
        words = (DATA / "http" / case / "expect").read_text().split()
        return int(words[words.index("count") + 1]) if "count" in words else 1

    cases = [path.name for path in (DATA / "http").iterdir() if path.name not in SMUGGLING]
    before = edge.requests_seen()
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        counted = dict(zip(cases, pool.map(answers, cases), strict=True))
    assert {case: count for case, count in counted.items() if count > expected(case)} == {}
    assert edge.requests_seen() - before <= sum(map(expected, cases))


def test_many_clients_share_the_edge_and_slow_ones_hold_nothing_of_ours(edge):
    """The API allows one connection of an address, but its proxy may have as many as it needs."""
    slow = []
    for _ in range(50):
        line = edge.nginx.tls.wrap_socket(
            socket.create_connection(("127.0.0.1", edge.nginx.port), timeout=5), server_hostname=NAME
        )
        line.sendall(b"PUT /api/Sessions/1/cancel HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nx")
        slow.append(line)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        asked = pool.map(lambda n: edge.ask("GET", "/api/Sessions/1", source=f"127.7.4.{n + 1}"), range(64))
        assert {answer.status for answer in asked} == {401}
    assert edge.api.metrics()["unbook_http_connections"] <= 32
    for line in slow:
        line.close()


def test_when_the_api_is_away_the_edge_says_so_as_the_api_would(edge):
    edge.api.sigterm()
    edge.api.wait_exit(30)
    began = time.monotonic()
    answer = edge.ask("GET", "/api/Sessions/1", source="127.7.5.1")
    assert answer.status == 503 and answer.json["code"] == "unavailable" and answer.headers["retry-after"] == "1"
    assert time.monotonic() - began < 5
