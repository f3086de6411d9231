"""Kafka under faults: away, silent, forgetful, lying. It is the doorbell; nothing of it may cost or double anything."""

import time

import pytest
from judge.evidence import read_topics
from stack.broker import API_JOIN_GROUP, API_PRODUCE, NOT_COORDINATOR, NOT_ENOUGH_REPLICAS, TRANSPORT


@pytest.mark.parametrize("how", ["refuses", "is_silent"])
def test_kafka_that(how, new_world, on_frail_kafka):
    """F4, F5: away for longer than message.timeout.ms (5 s). Cancels are answered 200, money and mails move on by the sweep, and
    every event arrives in the end."""
    world = new_world(on=on_frail_kafka)
    kafka = on_frail_kafka.kafka
    bookings = world.book(4)
    kafka.proc.kill9() if how == "refuses" else kafka.proc.sigstop()
    for booking in bookings:
        call = world.client.cancel(booking)
        assert call.outcome == "ok", call
        assert call.ended - call.began < 2.0, "the API waited for Kafka"
    world.eventually(lambda: world.refunds("succeeded") == 4, 20, "refunded by the sweep")
    world.eventually(
        lambda: any(
            value >= 1
            for service in world.stack.running
            for name, value in service.metrics().items()
            if name.startswith("unbook_relay_errors_total")
        ),
        20,
        "the relay whose turn it was gave up a batch",
    )
    assert world.stack.sql("SELECT 1 FROM outbox LIMIT 1"), "an event left towards nobody"
    if how == "refuses":
        kafka.start()
        kafka.wait_ready()
    else:
        kafka.proc.sigcont()
    world.cancel(world.book())
    world.judge()


def test_without_kafka_altogether(new_world, without_kafka):
    """Only the sweep: refunded and mailed, the events wait in the outbox."""
    world = new_world(on=without_kafka, joined=False)
    bookings = world.book(4)
    for booking in bookings:
        call = world.client.cancel(booking)
        assert call.outcome == "ok", call
    e = world.judge(broker="off")
    assert len(e.outbox) == 3 * len(bookings)
    for service in world.stack.running:
        began = time.monotonic()
        service.sigterm()
        assert service.wait_exit(25) == 0
        assert time.monotonic() - began < 25


def test_a_fatal_producer_is_replaced(on_embedded, new_world):
    """F6: the line drops with a batch unanswered, then NOT_ENOUGH_REPLICAS: librdkafka 2.0.2 declares its producer dead."""
    world = new_world(on=on_embedded, only=("api",))
    broker = on_embedded.kafka
    world.cancel(world.book())
    world.eventually(lambda: not world.stack.sql("SELECT 1 FROM outbox"), 20, "the producer is warm")
    broker.command(f"errors {API_PRODUCE} {TRANSPORT} {NOT_ENOUGH_REPLICAS} {NOT_ENOUGH_REPLICAS} {TRANSPORT}")
    world.cancel(world.book(5))
    world.eventually(lambda: not world.stack.sql("SELECT 1 FROM outbox"), 30, "every event left")
    world.start(["refund-worker", "notifier", "reaper"])
    world.judge()


@pytest.mark.parametrize(("error", "bookings"), [(NOT_ENOUGH_REPLICAS, 1), (TRANSPORT, 6)])
def test_a_broker_that_answers_with_errors_for_a_while(on_embedded, new_world, error, bookings):
    """F6 in all services at once, and slow answers on top. Of one booking a partition gets one record at a time: see broker.c on refusals."""
    world = new_world(on=on_embedded)
    on_embedded.kafka.command(f"errors {API_PRODUCE} " + " ".join([str(error)] * 12))
    on_embedded.kafka.command("rtt 60")
    world.cancel(world.book(bookings))
    on_embedded.kafka.command(f"clear {API_PRODUCE}")
    on_embedded.kafka.command("rtt 0")
    world.judge()


def test_a_consumer_that_its_group_does_not_let_in_is_replaced(on_embedded, new_world):
    """F7, seen after a wipe: librdkafka 2.0.2 may ask for ever and get nowhere. Twenty seconds later there is a new one; the sweep works meanwhile."""
    world = new_world(on=on_embedded, only=("api", "notifier", "reaper"))
    for _ in range(20):
        on_embedded.kafka.command(f"errors {API_JOIN_GROUP} " + " ".join([str(NOT_COORDINATOR)] * 50))
    world.start(["refund-worker"], joined=False)
    world.cancel(world.book(2))
    world.eventually(lambda: world.refunds("succeeded") == 2, 20, "refunded by the sweep")
    (worker,) = world.stack.of("refund-worker")
    world.eventually(
        lambda: any("gets no partitions" in line["msg"] for line in worker.log_lines()), 40, "it is replaced"
    )
    on_embedded.kafka.command(f"clear {API_JOIN_GROUP}")
    world.eventually(worker.has_joined, 30, "the new one is let in")
    world.cancel(world.book())
    world.judge()


def test_a_broker_that_went_down_and_came_back(on_embedded, new_world):
    world = new_world(on=on_embedded)
    on_embedded.kafka.command("down")
    world.cancel(world.book(3))
    world.eventually(lambda: world.refunds("succeeded") == 3, 20, "refunded by the sweep")
    on_embedded.kafka.command("up")
    world.cancel(world.book(3))
    world.judge()


def test_kafka_wiped_in_the_middle_of_the_day(new_world, on_frail_kafka):
    """F7: every topic and every offset gone while refunds are on their way; then it is used again as if nothing had been."""
    world = new_world(on=on_frail_kafka)
    bookings = world.book(8)
    world.stripe_fault("delay", seconds=0.5, count=8)
    world.cancel(bookings[:4])
    on_frail_kafka.kafka.wipe()
    world.cancel(bookings[4:])
    world.judge(broker="wiped")
    world.eventually(lambda: all(s.has_joined() for s in world.stack.running), 80, "the groups are there again")
    (late,) = world.book()
    world.cancel([late])
    world.judge()
    told = {r.type for r in read_topics(world.stack) if r.body.get("bookingId") == late.id}
    assert {"unbook.booking.cancelled.v1", "unbook.refund.changed.v1"} <= told


def test_members_come_and_go_while_refunds_are_on_their_way(new_world):
    """F10: a second worker joins or leaves every second, in an orderly way and by SIGKILL in turn."""
    world = new_world(settings={"UNBOOK_REFUND_RATE": "0"})
    world.stripe_fault("delay", seconds=0.4, method="POST", count=None)
    bookings = world.book(24)
    for turn in range(4):
        second = world.stack.start_service("refund-worker")
        world.cancel(bookings[turn * 6 : turn * 6 + 6])
        if turn % 2:
            world.kill(second)
        else:
            second.sigterm()
            assert second.wait_exit(25) == 0
    world.judge()
