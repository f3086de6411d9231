"""From the API's 200 to the refund request reaching Stripe, on real Kafka, at a steady rate of cancels."""

import asyncio
import datetime
import time

import aiohttp
from common import Line, percentile, seed_bookings
from stack import Stack

RATE_PER_S = 200
WARM_UP = 300
P50_MS, P99_MS = 10, 50


async def cancel_at_a_steady_rate(url, token, count):
    """{booking id: time of its 200}"""
    answered = {}

    async def one(session, booking):
        async with session.put(f"{url}/api/Sessions/{booking}/cancel") as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()
            answered[booking] = time.time()

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=aiohttp.ClientTimeout(total=30)) as session:
        began, tasks = time.monotonic(), []
        for n in range(count):
            await asyncio.sleep(max(0.0, began + n / RATE_PER_S - time.monotonic()))
            tasks.append(asyncio.create_task(one(session, n + 1)))
        await asyncio.gather(*tasks)
    return answered


def take_intents(stack, count):
    """Real PaymentIntents at the simulator in place of the made-up ones."""
    data = stack.stripe.post("payment_intents", amount=4500, currency="eur", count=count)["data"]
    stack.sql("ALTER TABLE bookings DISABLE TRIGGER USER")
    stack.sql(
        "WITH given AS (SELECT pi, row_number() OVER () AS n FROM unnest(%s::text[]) pi),"
        " p AS (UPDATE payments SET payment_intent = pi FROM given WHERE booking_id = n)"
        " UPDATE bookings SET payment_intent = pi FROM given WHERE id = n",
        [intent["id"] for intent in data],
    )
    stack.sql("ALTER TABLE bookings ENABLE TRIGGER USER")
    return {intent["id"]: n + 1 for n, intent in enumerate(data)}


def measure(seconds):
    count = RATE_PER_S * seconds + WARM_UP
    settings = {"UNBOOK_REFUND_RATE": "0", "UNBOOK_SLOTS": "64", "UNBOOK_LOG_LEVEL": "info"}
    with Stack(build="release", compressed=False, durable=True, settings=settings) as stack:
        stack.of("notifier")[0].sigterm()
        token = seed_bookings(stack, count)
        booking_of = take_intents(stack, count)
        answered = asyncio.run(cancel_at_a_steady_rate(stack.of("api")[0].url, token, count))
        stack.eventually(lambda: stack.one("SELECT count(*) AS n FROM refunds WHERE state <> 'succeeded'")["n"] == 0, 60, "all refunded")
        posts = stack.stripe.ledger.refund_posts()
        arrived = {booking_of[e.params["payment_intent"]]: e.real for e in posts}
    assert len(arrived) == len(posts) == count, f"{len(posts)} refund requests for {count} cancels"
    waits = [max(0.0, (arrived[b] - answered[b]) * 1000) for b in answered if b > WARM_UP]
    p50, p99 = percentile(waits, 0.50), percentile(waits, 0.99)
    notes = [f"{len(waits)} cancels at {RATE_PER_S}/s, {datetime.date.today()}; the simulator, the client and Kafka share the two cores"]
    yield Line("200 of a cancel -> refund request at Stripe, p50", f"{p50:.1f} ms", f"<= {P50_MS} ms", p50 <= P50_MS, notes)
    yield Line("200 of a cancel -> refund request at Stripe, p99", f"{p99:.1f} ms", f"<= {P99_MS} ms", p99 <= P99_MS)
