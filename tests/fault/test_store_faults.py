"""PostgreSQL and Redis under faults: killed, silent, full, forgetful, slow."""

import threading

import psycopg
import pytest
from fault_world import Load
from stack.services import NAMES
from tcp_proxy import Proxy


def pg_through(world, proxy):
    """The database, by way of a bad line."""
    return world.stack.pg.url(world.stack.database, proxy.port)


@pytest.fixture
def bad_line(infra):
    with Proxy(*infra.pg.host_port) as proxy:
        yield proxy


def terminate_backends(world):
    """Every connection of our services, as an impatient administrator does."""
    with psycopg.connect(world.stack.pg.url("postgres"), autocommit=True, connect_timeout=5) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name <> ''",
            (world.stack.database,),
        )


def test_postgresql_crashes_under_load(new_world, on_frail_pg):
    """F13: pg_ctl -m immediate in the middle of cancels, refunds and mails."""
    world = new_world(on=on_frail_pg, settings={"UNBOOK_REFUND_RATE": "0"})
    bookings = world.book(60)
    with Load(world, bookings, per_second=30) as load:
        world.eventually(lambda: load.done >= 10, 20, "work is under way")
        on_frail_pg.pg.restart("immediate")
        world.reconnect()
    world.expect.kills += 1
    world.judge(quiet_s=60)


def test_connections_are_killed_again_and_again(world):
    """F13: pg_terminate_backend."""
    bookings = world.book(40)
    with Load(world, bookings, per_second=20) as load:
        for done in (5, 12, 20, 30):
            world.eventually(lambda done=done: load.done >= done, 20, "work is under way")
            terminate_backends(world)
    world.expect.kills += 1
    world.judge()


def test_the_answer_to_a_cancels_commit_is_lost(new_world, bad_line):
    """F14: committed, and nobody heard. The API looks again under the lock and answers what is so; one refund, two mails."""
    world = new_world(only=("refund-worker", "notifier", "reaper"))
    world.start(["api"], UNBOOK_PG_URL=pg_through(world, bad_line))
    (warm, booking) = world.book(2)
    world.cancel([warm])
    bad_line.cut_reply_after(b"pg_commit")
    call = world.client.cancel(booking)
    world.eventually(lambda: bad_line.cuts_done, 15, "cut")
    assert call.outcome == "ok", call
    world.judge()


@pytest.mark.parametrize("statement", ["refund_record", "refund_claim_fresh", "refund_claim_due"])
def test_the_answer_to_a_refunds_statement_is_lost(new_world, bad_line, statement):
    """F14, for the record and for the claims."""
    world = new_world(only=("api", "notifier", "reaper"))
    world.start(["refund-worker"], UNBOOK_PG_URL=pg_through(world, bad_line))
    (warm, booking) = world.book(2)
    world.cancel([warm])
    world.eventually(lambda: world.refunds("succeeded") == 1, 20, "warm")
    if statement == "refund_claim_due":  # an attempt that the sweep must repeat
        world.stripe_fault("error", status=503, effect=False, stored="nothing", method="POST")
    bad_line.cut_reply_after(statement.encode(), times=2)
    world.cancel([booking])
    world.eventually(lambda: bad_line.cuts_done, 15, "cut")
    world.expect.kills += 1
    e = world.judge()
    assert len([r for r in e.log if (r["booking_id"], r["what"]) == (booking.id, "refund_succeeded")]) == 1


def test_the_answer_to_a_mails_record_is_lost(new_world, bad_line):
    """F14: the mail went out, its record is in doubt: no second copy."""
    world = new_world(only=("api", "refund-worker", "reaper"))
    world.start(["notifier"], UNBOOK_PG_URL=pg_through(world, bad_line))
    (booking,) = world.book()
    bad_line.cut_reply_after(b"mails_record", times=2)
    world.cancel([booking])
    world.eventually(lambda: bad_line.cuts_done, 15, "cut")
    e = world.judge()
    assert len(e.spool.delivered()) == 2


def test_postgresql_is_a_black_hole(new_world):
    """F15: sockets stay open and nothing passes. Callers get their 503 within the time limits; afterwards all is made good."""
    world = new_world(proxied=("pg",))
    bookings = world.book(4)
    world.cancel(bookings[:2])
    line = world.stack.proxies["pg"]
    line.stall()
    calls = []
    asking = [
        threading.Thread(target=lambda b=b: calls.append(world.client.cancel(b)), daemon=True) for b in bookings[2:]
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(20)
        assert not thread.is_alive()
    assert {c.status for c in calls} == {503}, calls
    assert max(c.ended - c.began for c in calls) < 12
    line.heal()
    world.cancel(bookings[2:])
    world.expect.kills += 1
    world.judge()


def test_postgresql_has_no_connection_left(new_world, infra):
    """F16: a role with fewer connections than the services want."""
    world = new_world(only=(), joined=False)
    role = f"app_{world.stack.database}"
    world.stack.sql(f'CREATE ROLE "{role}" LOGIN CONNECTION LIMIT 6')
    try:
        for what in ("ALL TABLES", "ALL SEQUENCES", "ALL FUNCTIONS"):
            world.stack.sql(f'GRANT ALL ON {what} IN SCHEMA public TO "{role}"')
        tight = world.stack.pg.url(world.stack.database).replace("//unbook:", f"//{role}:")
        for name in ("api", "refund-worker", "notifier", "reaper"):
            world.stack.start_service(name, wait=False, UNBOOK_PG_URL=tight).wait_listening()
        bookings = world.book(6)
        assert {world.client.cancel(b).status for b in bookings[:3]} <= {200, 503}
        world.stack.sql(f'ALTER ROLE "{role}" CONNECTION LIMIT 40')
        world.cancel(bookings)
        world.judge()
    finally:
        world.stack.stop()
        with psycopg.connect(infra.pg.url("postgres"), autocommit=True) as admin:
            admin.execute(f'DROP ROLE "{role}"')


def test_started_before_postgresql_each_service_says_once_that_it_waits_and_once_that_it_goes_on(new_stack):
    stack = new_stack(only=(), proxied=("pg",))
    stack.proxies["pg"].down()
    services = [stack.start_service(name, wait=False) for name in NAMES]

    def said(service, *messages):
        return [line for line in service.log_lines() if line["msg"] in messages]

    for service in services:
        stack.eventually(lambda s=service: said(s, "waiting for postgres", "worker waits"), 20, "it says that it waits")
    stack.proxies["pg"].heal()
    for service in services:
        service.wait_up()
        (waits,) = said(service, "waiting for postgres", "worker waits")
        assert waits["level"] == "warn" and waits["code"] and waits["error"]
        assert len(said(service, "postgres is there", "worker goes on")) == 1


def test_somebody_sits_on_the_rows(world):
    """F16: an administrator's open transaction locks a booking and the refunds for longer than the lock time-out."""
    (first, second) = world.book(2)
    with psycopg.connect(world.stack.pg.url(world.stack.database), connect_timeout=5) as sitter:
        sitter.execute("SELECT 1 FROM bookings WHERE id = %s FOR UPDATE", (first.id,))
        call = world.client.cancel(first)
        assert call.status == 503, call
        world.cancel([second])
        sitter.rollback()
        sitter.execute("SELECT 1 FROM refunds FOR UPDATE")
        world.client.cancel(first)
        sitter.rollback()
    world.cancel([first])
    world.judge()


@pytest.mark.parametrize("fault", ["flushed", "gone", "slow", "silent"])
def test_redis(fault, new_world):
    """F18: only the share of the budget changes."""
    world = new_world(proxied=("redis",), workers=2, settings={"UNBOOK_REPLICAS": "2", "UNBOOK_REFUND_RATE": "100"})
    line = world.stack.proxies["redis"]
    bookings = world.book(12)
    world.cancel(bookings[:4])
    if fault == "flushed":
        world.stack.redis.command("FLUSHALL")
    elif fault == "gone":
        line.down()
    elif fault == "slow":
        line.latency(1500)
    else:
        line.stall()
    world.cancel(bookings[4:8])
    world.eventually(lambda: world.refunds("succeeded") == 8, 20, "refunded without Redis")
    line.heal()
    world.cancel(bookings[8:])
    world.judge()
