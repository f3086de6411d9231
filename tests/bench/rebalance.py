"""A worker joins and leaves in an orderly way, again and again, while refunds are asked for at a steady rate."""

import asyncio
import threading
from collections import Counter

from asking import cancel_at_a_steady_rate, take_intents, wait_refunded

from common import Line, percentile, progress, seed_bookings, world

RATE_PER_S = 200
WARM_UP = 300
BETWEEN_S = 1.0
STALL_MS = 200


def come_and_go(stack, load):
    """How often a second worker came and left before the load ended."""
    turns = 0
    while load.is_alive():
        second = stack.start_service("refund-worker")
        stack.eventually(second.has_joined, 30, "the second worker has partitions")
        load.join(BETWEEN_S)
        second.sigterm()
        assert second.wait_exit(25) == 0
        load.join(BETWEEN_S)
        turns += 1
        progress(f"came and left {turns} times")
    return turns


def handled(stack):
    """How often each record reached a worker, of all that the workers tell of."""
    return Counter(
        (line["topic"], line["partition"], line["offset"])
        for service in stack.running
        if service.service == "refund-worker"
        for line in service.log_lines()
        if line.get("msg") == "message"
    )


def measure(seconds):
    count = RATE_PER_S * seconds + WARM_UP
    answered = {}
    with world(("api", "refund-worker"), {"UNBOOK_REFUND_RATE": "0", "UNBOOK_SLOTS": "64"}) as stack:
        token = seed_bookings(stack, count)
        booking_of = take_intents(stack, count)
        url = stack.of("api")[0].url
        asyncio.run(cancel_at_a_steady_rate(url, token, range(1, WARM_UP + 1), RATE_PER_S))

        def ask():
            answered.update(asyncio.run(cancel_at_a_steady_rate(url, token, range(WARM_UP + 1, count + 1), RATE_PER_S)))

        load = threading.Thread(target=ask)
        load.start()
        turns = come_and_go(stack, load)
        load.join()
        wait_refunded(stack, 60)
        posts = stack.stripe.ledger.refund_posts()
        times = handled(stack)
    assert len(answered) == count - WARM_UP and len(times) >= count, f"{len(answered)} cancels, {len(times)} messages"
    arrived = {booking_of[e.params["payment_intent"]]: e.real for e in posts}
    waits = [(arrived[b] - when) * 1000 for b, when in answered.items()]
    stall, twice = max(waits), sum(n - 1 for n in times.values())
    notes = [
        f"{len(answered)} refunds at {RATE_PER_S}/s while a second worker came and left {turns} times;"
        f" the longest wait of one, p50 {percentile(waits, 0.5):.1f} ms"
    ]
    yield Line("rebalance: stall", f"{stall:.0f} ms", f"<= {STALL_MS} ms", stall <= STALL_MS, notes)
    notes = [f"{len(times)} messages, {len(posts)} requests for {count} refunds"]
    yield Line("rebalance: messages handled twice", f"{twice}", "= 0", twice == 0 and len(posts) == count, notes)
