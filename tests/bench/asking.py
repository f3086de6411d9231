"""Cancels and refunds asked for in numbers, of the bookings of common.seed_bookings."""

import asyncio
import time

import aiohttp
from stack import eventually


async def cancel_at_a_steady_rate(url, token, bookings, rate_per_s):
    """{booking id: time of its 200}"""
    answered = {}

    async def one(session, booking):
        async with session.put(f"{url}/api/Sessions/{booking}/cancel") as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()
            answered[booking] = time.time()

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=aiohttp.ClientTimeout(total=30)) as session:
        began, tasks = time.monotonic(), []
        for n, booking in enumerate(bookings):
            await asyncio.sleep(max(0.0, began + n / rate_per_s - time.monotonic()))
            tasks.append(asyncio.create_task(one(session, booking)))
        await asyncio.gather(*tasks)
    return answered


def take_intents(stack, count):
    """Real PaymentIntents at the simulator in place of the made-up ones: {PaymentIntent: booking id}."""
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


def ask_for_refunds(stack, first, count):
    """What cancels write of the refunds of so many bookings from this one on, all at once: rows and doorbells."""
    stack.sql(
        "WITH b AS (UPDATE bookings SET status = 3, version = version + 1, cancelled_at = clock_timestamp(),"
        " cancel_cause = 'parent', cancelled_by = parent_id WHERE id >= %s AND id < %s RETURNING *),"
        " r AS (INSERT INTO refunds (payment_intent, booking_id, cause, next_try_at)"
        " SELECT payment_intent, id, cancel_cause, clock_timestamp() + interval '15 seconds' FROM b RETURNING *)"
        " INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"
        " SELECT 'refund', b.id::text, 'unbook.refund.requested.v1', json_build_object('refundId', r.id,"
        " 'bookingId', b.id, 'paymentIntent', r.payment_intent, 'state', r.state, 'cause', r.cause,"
        " 'amountMinor', b.amount_minor, 'restMinor', b.amount_minor, 'currency', b.currency,"
        " 'generation', r.generation, 'version', r.version)::text FROM r JOIN b ON b.id = r.booking_id",
        first,
        first + count,
    )


def wait_refunded(stack, within_s):
    """Every refund that was asked for is made and recorded."""

    def all_are():
        return stack.one("SELECT count(*) AS n FROM refunds WHERE state <> 'succeeded'")["n"] == 0

    eventually(all_are, within_s, "all are refunded", every=0.1)
