"""From the API's 200 to the refund request reaching Stripe, on real Kafka, at a steady rate of cancels."""

import asyncio
import datetime

from asking import cancel_at_a_steady_rate, take_intents, wait_refunded

from common import Line, percentile, seed_bookings, world

RATE_PER_S = 200
WARM_UP = 300
P50_MS, P99_MS = 10, 50


def measure(seconds):
    count = RATE_PER_S * seconds + WARM_UP
    settings = {"UNBOOK_REFUND_RATE": "0", "UNBOOK_SLOTS": "64"}
    with world(("api", "refund-worker", "reaper"), settings) as stack:
        token = seed_bookings(stack, count)
        booking_of = take_intents(stack, count)
        answered = asyncio.run(cancel_at_a_steady_rate(stack.of("api")[0].url, token, range(1, count + 1), RATE_PER_S))
        wait_refunded(stack, 60)
        posts = stack.stripe.ledger.refund_posts()
        arrived = {booking_of[e.params["payment_intent"]]: e.real for e in posts}
    assert len(arrived) == len(posts) == count, f"{len(posts)} refund requests for {count} cancels"
    waits = [max(0.0, (arrived[b] - answered[b]) * 1000) for b in answered if b > WARM_UP]
    p50, p99 = percentile(waits, 0.50), percentile(waits, 0.99)
    notes = [f"{len(waits)} cancels at {RATE_PER_S}/s, {datetime.date.today()}; the simulator, the client and Kafka share the two cores"]
    yield Line("200 of a cancel -> refund request at Stripe, p50", f"{p50:.1f} ms", f"<= {P50_MS} ms", p50 <= P50_MS, notes)
    yield Line("200 of a cancel -> refund request at Stripe, p99", f"{p99:.1f} ms", f"<= {P99_MS} ms", p99 <= P99_MS)
