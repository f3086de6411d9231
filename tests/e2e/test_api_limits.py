"""How much one address, one user and one family may ask for, and how many connections they may keep: faults.md 2.1 and 4."""

import contextlib
import http.client
import itertools
import json
import resource
import socket
import time

import psycopg
import pytest
from stack import Stack
from stack.http import Http
from stack.services import LIMITS
from test_book_webhook import event, sign

BOOKINGS = "/api/Sessions/parent/bookings"
DEFAULTS = dict.fromkeys(LIMITS)  # the product's own: the variables are taken away
_hosts = itertools.count(1)


def fresh_address():
    """A loopback address that no other test counts on."""
    return f"127.7.1.{next(_hosts)}"


def ask(service, source, method="GET", path=BOOKINGS, **more):
    """One request from that address."""
    return Http(service.url, source=source).request(method, path, **more)


def until_refused(ask_once, at_most=2000):
    """(how many were let through, the refusal, seconds it took)"""
    began = time.monotonic()
    for count in range(at_most):
        answer = ask_once()
        if answer.status == 429:
            return count, answer, time.monotonic() - began
    raise AssertionError(f"{at_most} requests were let through")


def assert_says_when_again(refusal):
    seconds = int(refusal.headers["retry-after"])
    assert 1 <= seconds <= 60
    body = refusal.json
    assert body["code"] == "too_many_requests" and body["retryAfter"] == seconds
    assert body["success"] is False and body["data"] is None and body["message"] and len(body["traceId"]) == 32
    assert refusal.headers["cache-control"] == "no-store"


@pytest.fixture(scope="module")
def limited(infra, build):
    """Two processes with the product's own limits, and a Redis that can be taken away."""
    stack = Stack(infra, build=build, proxied=("redis",))
    try:
        stack.start(only=())
        for _ in range(2):
            stack.start_service("api", **DEFAULTS)
        yield stack
    finally:
        stack.stop()
    problems = stack.problems()
    assert not problems, "\n".join(problems)
    stack.remove()


def counted_alone(stack, limit):
    """How often processes counted for themselves because Redis was slow; such a request spends nothing of what all share."""
    name = f'unbook_limiter_fallbacks_total{{limiter="{limit}"}}'
    return sum(service.metrics().get(name, 0) for service in stack.of("api"))


def parent_of(stack):
    return stack.seed.person("Parent", "Pia Parent")


def test_pages_and_their_files_do_not_count(limited):
    """Many fresh browsers behind one address: each loads some thirty files."""
    service, source = limited.of("api")[0], fresh_address()
    page = ask(service, source, path="/")
    files = ["/", "/payment/cancel", page.text.split('src="')[1].split('"')[0]]
    assert {ask(service, source, path=path).status for path in files * 110} == {200}
    assert ask(service, source, token=parent_of(limited).token).status == 200


def test_a_user_may_ask_sixty_times_a_minute_wherever_they_ask(limited):
    services = itertools.cycle(limited.of("api")[:2])
    parent, other, source = parent_of(limited), parent_of(limited), fresh_address()
    origin = {"Origin": "http://localhost:4200"}
    passed, refusal, took = until_refused(
        lambda: ask(next(services), source, token=parent.token, headers=origin)
    )
    assert 60 <= passed <= 61 + took + counted_alone(limited, "user")  # one more comes back each second
    assert_says_when_again(refusal)
    assert refusal.headers["access-control-allow-origin"] == origin["Origin"]
    assert "Retry-After" in refusal.headers["access-control-expose-headers"]
    assert ask(next(services), source, token=other.token).status == 200
    limited.eventually(
        lambda: ask(next(services), source, token=parent.token).status == 200, 20, "a second gives one back"
    )
    refused = sum(s.metrics().get('unbook_http_limited_total{limit="user"}', 0) for s in limited.of("api"))
    assert refused >= 1


def test_a_user_may_book_ten_times_a_minute(limited):
    service, parent, source = limited.of("api")[0], parent_of(limited), fresh_address()

    def book():
        return ask(service, source, "POST", "/api/Sessions/book", token=parent.token, body="{}",
                   headers={"Content-Type": "application/json"})

    passed, refusal, took = until_refused(book)
    assert 10 <= passed <= 11 + took / 6 + counted_alone(limited, "book")
    assert_says_when_again(refusal)
    assert "book" in refusal.json["message"]
    assert ask(service, source, token=parent.token).status == 200


def test_payments_and_cancels_have_limits_of_their_own_where_they_are_set(limited):
    service = limited.start_service("api", UNBOOK_LIMIT_PAYMENT="3", UNBOOK_LIMIT_CANCEL="2", UNBOOK_REDIS_URL=None)
    parent, source = parent_of(limited), fresh_address()
    paths = ("confirm-payment/cs_test_x", "cancel-payment/cs_test_x")
    turns = itertools.cycle(paths)
    asked = [ask(service, source, "POST", f"/api/Sessions/{next(turns)}", token=parent.token) for _ in range(5)]
    assert [answer.status for answer in asked] == [404] * 3 + [429] * 2
    methods = itertools.cycle(("PUT", "POST"))
    asked = [ask(service, source, next(methods), "/api/Sessions/7/cancel", token=parent.token) for _ in range(4)]
    assert [answer.status for answer in asked] == [404] * 2 + [429] * 2
    assert ask(service, source, token=parent.token).status == 200
    service.terminate()


def test_an_address_may_ask_three_hundred_times_a_minute_and_bad_tokens_count(limited):
    service, source = limited.of("api")[0], fresh_address()
    lies = (f"198.51.100.{n % 250}" for n in itertools.count())
    passed, refusal, took = until_refused(
        lambda: ask(service, source, token="no.good.token", headers={"X-Forwarded-For": next(lies)})
    )
    assert 300 <= passed <= 301 + 5 * took + counted_alone(limited, "address")
    assert_says_when_again(refusal)
    assert ask(service, fresh_address(), token="no.good.token").status == 401
    body = json.dumps(event()).encode()
    webhook = ask(service, source, "POST", "/api/stripe/webhook", body=body,
                  headers={"Stripe-Signature": sign(body), "Content-Type": "application/json"})
    assert webhook.status == 200, "Stripe is not counted with the users of its address"


def test_behind_our_proxies_each_client_is_counted_and_none_can_hide(limited):
    ours, stranger = "127.8.0.1", fresh_address()
    limits = {"UNBOOK_LIMIT_ADDRESS": "5", "UNBOOK_LIMIT_WEBHOOK": "3", "UNBOOK_REDIS_URL": None}
    x = limited.start_service("api", UNBOOK_TRUSTED_PROXIES="127.8.0.0/24, 10.0.0.0/8", **limits)
    standard = limited.start_service("api", UNBOOK_TRUSTED_PROXIES="127.8.0.0/24",
                                     UNBOOK_FORWARDED_HEADER="Forwarded", **limits)

    def passed(service, source, *headers):
        """How many of 8 requests, whose headers take turns."""
        turns = itertools.cycle(headers)
        return [ask(service, source, headers=next(turns)).status for _ in range(8)].count(401)

    def by(*values):
        return [{"X-Forwarded-For": value} for value in values]

    assert passed(x, ours, *by("192.0.2.1")) == 5
    assert passed(x, ours, *by("192.0.2.2")) == 5, "another client of the same proxy"
    assert passed(x, ours, *by(*(f"198.51.100.{n}, 192.0.2.3" for n in range(8)))) == 5
    assert passed(x, ours, *by(*(f"198.51.100.{n}, 192.0.2.4, 10.1.2.{n}" for n in range(8)))) == 5
    assert passed(x, ours, *by(*(f"2001:db8:1:1::{n}" for n in range(8)))) == 5, "one /64 is one client"
    assert passed(x, ours, *by("", "unknown", "1.2.3.4.5", "[::", "\x80\xff", ",,", "1.1.1.1,", ":")) == 5
    assert passed(x, stranger, *by(*(f"198.51.100.{n}" for n in range(8)))) == 5
    assert passed(standard, ours, *({"Forwarded": f"for=198.51.100.{n}, for=192.0.2.9"} for n in range(8))) == 5
    assert passed(standard, "127.8.0.2", *({"X-Forwarded-For": f"198.51.100.{n}"} for n in range(8))) == 5
    hooks = [ask(x, ours, "POST", "/api/stripe/webhook", body=b"{}").status for _ in range(6)]
    assert hooks == [400] * 3 + [429] * 3
    for service in (x, standard):
        service.terminate()


def test_a_frozen_and_a_dead_redis_cost_nothing_and_the_limits_stay(limited):
    service, redis = limited.of("api")[0], limited.proxies["redis"]
    for fault in (redis.stall, redis.down):
        fault()
        parent, source, before = parent_of(limited), fresh_address(), redis.connections
        passed, refusal, took = until_refused(lambda: ask(service, source, token=parent.token))  # noqa: B023
        assert 60 <= passed <= 61 + took
        assert_says_when_again(refusal)
        # One call in a second finds out whether Redis is back; the others do not wait for it.
        assert redis.connections - before <= 2 + took
        redis.heal()
    assert service.metrics()['unbook_limiter_fallbacks_total{limiter="user"}'] > 0


def test_webhooks_do_not_wait_behind_users(limited):
    service = limited.start_service("api", UNBOOK_FAST_THREADS="1")
    parent, teacher, _ = limited.seed.family()
    booking = limited.seed.booking(parent, teacher, starts_in="100 hours")
    body = json.dumps(event()).encode()
    host, port = service.addresses()["http"].rsplit(":", 1)
    waiting = http.client.HTTPConnection(host, int(port), timeout=20)
    with psycopg.connect(limited.pg.url(limited.database)) as holder, contextlib.closing(waiting):
        holder.execute("SELECT 1 FROM bookings WHERE id = %s FOR NO KEY UPDATE", [booking.id])
        waiting.request("PUT", f"/api/Sessions/{booking.id}/cancel",
                        headers={"Authorization": f"Bearer {parent.token}"})
        limited.eventually(lambda: service.metrics()['unbook_http_jobs{pool="fast"}'] == 1, 20, "it waits")
        webhook = ask(service, fresh_address(), "POST", "/api/stripe/webhook", body=body,
                      headers={"Stripe-Signature": sign(body), "Content-Type": "application/json"})
        assert webhook.status == 200
        assert service.metrics()['unbook_http_jobs{pool="fast"}'] == 1
    service.terminate()


def connect(service, source):
    host, port = service.addresses()["http"].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20, source_address=(source, 0))


def is_open(line):
    line.setblocking(False)
    try:
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_one_address_keeps_sixty_four_connections_and_nobody_out(limited):
    service, source = limited.start_service("api", **DEFAULTS), fresh_address()
    lines = [connect(service, source) for _ in range(500)]
    limited.eventually(lambda: sum(map(is_open, lines)) == 64, 20, "the others are closed")
    assert ask(service, fresh_address()).status == 401
    for line in lines:
        line.close()
    limited.eventually(lambda: ask_or_none(service, source), 20, "its places are free again")
    assert service.metrics()["unbook_http_refused_connections"] >= 500 - 64
    service.terminate()


def ask_or_none(service, source):
    try:
        return ask(service, source)
    except OSError:
        return None


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_idle_connections_keep_nobody_out_and_leave_nothing_behind(limited, many_descriptors):
    # Without ASan's own memory of what was freed, which grows with every connection.
    options = "abort_on_error=1:disable_coredump=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    service = limited.start_service("api", **DEFAULTS, ASAN_OPTIONS=options)
    parent = parent_of(limited)

    def storm(first):
        """10 000 connections of 200 addresses; a stranger is served while they are held."""
        lines = [connect(service, f"127.9.{first}.{n % 200 + 1}") for n in range(10000)]
        assert ask(service, fresh_address(), token=parent.token).status == 200
        assert service.metrics()["process_open_fds"] < 600
        for line in lines:
            line.close()
        limited.eventually(lambda: service.metrics()["unbook_http_connections"] == 0, 20, "all are gone")

    before = service.metrics()["process_open_fds"]
    storm(1)
    warm = service.metrics()["process_resident_memory_bytes"]
    storm(2)
    after = service.metrics()
    assert after["process_open_fds"] <= before + 8
    assert after["process_resident_memory_bytes"] <= warm + 8 * 1024 * 1024
    assert after["unbook_http_ended_connections"] > 0
    service.terminate()
