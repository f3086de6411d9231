"""Healthy refunds while some others get no answer: how much longer they take, from asked for to recorded."""

import asyncio

from asking import cancel_at_a_steady_rate, take_intents, wait_refunded
from common import Line, progress, seed_bookings, world

RATE_PER_S = 100
WARM_UP = 300
HANGING_EVERY = 100  # 1 %
HANG_S, TIMEOUT_S, WHOLE_S = 30, 20, 40  # a measurement of WHOLE_S takes these times, a shorter one shorter ones
BUDGET = 1.5


def p99_ms(stack, first, last):
    """Of those that Stripe answered at once."""
    return stack.one(
        "SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM updated_at - created_at) * 1000) AS ms"
        " FROM refunds WHERE booking_id >= %s AND booking_id < %s AND booking_id %% %s <> 0",
        first,
        last,
        HANGING_EVERY,
    )["ms"]


def measure(seconds):
    part, scale = RATE_PER_S * seconds, min(1.0, seconds / WHOLE_S)
    starts = (1, WARM_UP + 1, WARM_UP + part + 1, WARM_UP + 2 * part + 1)
    settings = {"UNBOOK_REFUND_RATE": "0", "UNBOOK_STRIPE_TIMEOUT_MS": f"{TIMEOUT_S * scale * 1000:.0f}"}
    with world(("api", "refund-worker"), settings) as stack:
        token = seed_bookings(stack, starts[-1])
        intent_of = {booking: intent for intent, booking in take_intents(stack, starts[-1]).items()}
        url = stack.of("api")[0].url
        for turn in range(3):
            progress(("warming up", "without", "with some that hang")[turn])
            bookings = range(starts[turn], starts[turn + 1])
            hanging = [b for b in bookings if turn == 2 and b % HANGING_EVERY == 0]
            rules = [
                {"kind": "hang", "seconds": HANG_S * scale, "effect": False, "method": "POST", "payment_intent": intent_of[b]}
                for b in hanging
            ]
            stack.stripe.post("faults", faults=rules)
            asyncio.run(cancel_at_a_steady_rate(url, token, bookings, RATE_PER_S))
        wait_refunded(stack, 120)
        without, beside = p99_ms(stack, *starts[1:3]), p99_ms(stack, *starts[2:4])
        hung = stack.one("SELECT count(*) AS n FROM refunds WHERE attempts > 1")["n"]
    assert hung >= len(hanging), f"{hung} of {len(hanging)} waited for their answer in vain"
    ratio = float(beside / without)
    notes = [
        f"p99 {without:.1f} ms without, {beside:.1f} ms while {len(hanging)} of {part} hang {HANG_S * scale:g} s;"
        f" {RATE_PER_S}/s, given up after {TIMEOUT_S * scale:g} s, 32 slots"
    ]
    yield Line("healthy refunds' p99 while 1 % hang / without", f"{ratio:.2f}", f"<= {BUDGET}", ratio <= BUDGET, notes)
