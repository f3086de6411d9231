"""Healthy refunds while some others get no answer: how much longer they take, from asked for to recorded."""

import asyncio

from asking import cancel_at_a_steady_rate, take_intents, wait_refunded

from common import Line, seed_bookings, world

RATE_PER_S = 100
WARM_UP = 500
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
    length = max(4, seconds * 2 // 3)
    part, scale = RATE_PER_S * length, min(1.0, length / WHOLE_S)
    turns = [range(WARM_UP + n * part + 1, WARM_UP + (n + 1) * part + 1) for n in range(3)]
    hanging = [booking for booking in turns[1] if booking % HANGING_EVERY == 0]
    count = turns[-1].stop
    settings = {"UNBOOK_REFUND_RATE": "0", "UNBOOK_STRIPE_TIMEOUT_MS": f"{TIMEOUT_S * scale * 1000:.0f}"}
    with world(("api", "refund-worker"), settings) as stack:
        token = seed_bookings(stack, count)
        intent_of = {booking: intent for intent, booking in take_intents(stack, count).items()}
        rules = [
            {"kind": "hang", "seconds": HANG_S * scale, "effect": False, "method": "POST", "payment_intent": intent_of[b]} for b in hanging
        ]
        stack.stripe.post("faults", faults=rules)
        for bookings in (range(1, WARM_UP + 1), *turns):
            asyncio.run(cancel_at_a_steady_rate(stack.of("api")[0].url, token, bookings, RATE_PER_S))
            wait_refunded(stack, 120)
        before, beside, after = (p99_ms(stack, bookings.start, bookings.stop) for bookings in turns)
        hung = stack.one("SELECT count(*) AS n FROM refunds WHERE attempts > 1")["n"]
    assert hung >= len(hanging), f"{hung} of {len(hanging)} waited for their answer in vain"
    without = min(before, after)
    ratio = float(beside / without)
    notes = [
        f"p99 {before:.1f} ms before, {beside:.1f} ms while {len(hanging)} of {part} hang {HANG_S * scale:g} s, {after:.1f} ms after;"
        f" {RATE_PER_S}/s, given up after {TIMEOUT_S * scale:g} s, 32 slots"
    ]
    yield Line("healthy refunds' p99 while 1 % hang / without", f"{ratio:.2f}", f"<= {BUDGET}", ratio <= BUDGET, notes)
