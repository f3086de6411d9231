"""The relay: how fast it empties the outbox, what that costs PostgreSQL, and what it takes from those who fill it."""

import pathlib
import statistics
import time

from cancel import CLIENTS, bookings_for, peers_per_second, statements_of_one_cancel
from stack import eventually

from common import Line, progress, seed_bookings, times_of, world

ROWS = 200_000
ROWS_PER_S, CPU_US, SHARE = 40_000, 15, 0.10
TURNS = 2


def fill_outbox(stack):
    """Events as long as a real one, of as many bookings; nobody listens to them here."""
    stack.sql(
        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"
        " SELECT 'booking', n::text, 'unbook.booking.cancelled.v1', json_build_object('bookingId', n,"
        " 'parentId', 1, 'teacherId', 2, 'studentId', 1, 'status', 3, 'statusName', 'Cancelled',"
        " 'cause', 'parent', 'startsAt', now(), 'endsAt', now(), 'version', 2)::text FROM generate_series(1, %s) n",
        ROWS,
    )
    stack.sql("VACUUM ANALYZE outbox")
    stack.sql("CHECKPOINT")


def postgres_cpu_s(stack):
    """All its processes, also those that have ended."""
    main = stack.pg.proc.pid
    total = sum(times_of(main))
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and parent_of(entry) == main:
                total += times_of(entry.name)[0]
        except FileNotFoundError:  # it has just ended
            continue
    return total


def parent_of(entry):
    return int((entry / "stat").read_text().rsplit(") ", 1)[1].split()[1])


def relayed(service):
    return service.metrics().get("unbook_outbox_relayed_total", 0)


def drain(stack):
    """(rows per second, microseconds of PostgreSQL per row), from the first batch that has gone."""
    fill_outbox(stack)
    service = stack.start_service("api", wait=False)
    service.wait_listening()
    eventually(lambda: relayed(service) > 0, 20, "the first batch", every=0.005)
    began, cpu, before = time.monotonic(), postgres_cpu_s(stack), relayed(service)
    eventually(lambda: relayed(service) == ROWS, 60, "the outbox is empty", every=0.02)
    took, cpu = time.monotonic() - began, postgres_cpu_s(stack) - cpu
    service.sigterm()
    service.wait_exit(25)
    return (ROWS - before) / took, cpu * 1e6 / (ROWS - before)


def writers_share(stack, token, seconds):
    """What pgbench, running the statements of a cancel, loses while a relay carries its events: (share, without, with)."""
    service = stack.start_service("api")
    statements = statements_of_one_cancel(stack, token)
    rates = {False: [], True: []}
    for turn in range(2 * TURNS):
        has_relay = bool(turn % 2)
        if has_relay:
            service = stack.start_service("api")
            eventually(lambda: not stack.sql("SELECT 1 FROM outbox LIMIT 1"), 60, "the relay has caught up")
        else:
            service.sigterm()
            service.wait_exit(25)
        rates[has_relay].append(peers_per_second(stack, statements, seconds, after=turn * bookings_for(seconds) // CLIENTS))
        progress(f"writers {'beside a relay' if has_relay else 'alone'}: {rates[has_relay][-1]:.0f}/s")
    without, beside = statistics.mean(rates[False]), statistics.mean(rates[True])
    return 1 - beside / without, without, beside


def measure(seconds):
    length = max(2, seconds // 3)
    with world(()) as stack:
        rate, cpu_us = drain(stack)
        token = seed_bookings(stack, bookings_for(2 * TURNS * length))
        share, without, beside = writers_share(stack, token, length)
    notes = [f"{ROWS} rows of the outbox to real Kafka on the same cores, fsync on"]
    yield Line("relay: rows per second", f"{rate:.0f}", f">= {ROWS_PER_S}", rate >= ROWS_PER_S, notes)
    yield Line("relay: PostgreSQL's CPU per row", f"{cpu_us:.1f} us", f"<= {CPU_US} us", cpu_us <= CPU_US)
    notes = [f"pgbench with the statements of a cancel: {without:.0f}/s alone, {beside:.0f}/s beside a relay"]
    yield Line("relay: what the writers lose to it", f"{share * 100:.1f} %", f"<= {SHARE * 100:.0f} %", share <= SHARE, notes)
