"""I1 and I2: where each captured payment ended, and that no charge gave back more than it took."""

from .lives import PENDING
from .wrong import Wrong, about


def check_money(e, expect):
    try:
        e.ledger.assert_never_over_refunded()
    except AssertionError as error:
        yield Wrong(f"I1: {error}")
    for intent, captured in e.captured.items():
        if intent in e.payments:
            yield from _one_payment(e, expect, intent, captured)
        elif captured.checkout or captured.metadata.get("booking_id") in map(str, e.bookings):
            checkout = e.checkouts.get(captured.checkout)
            booking_id = int((checkout and checkout.reference) or captured.metadata.get("booking_id") or 0)
            yield about(booking_id, f"I1: Stripe captured {intent} for booking {booking_id}, and no payments row knows it")
    for intent, row in e.payments.items():
        if intent not in e.captured:
            booking_id = row["booking_id"]
            yield about(booking_id, f"I1: payments row {intent} of booking {booking_id} was never captured at Stripe")
    yield from _rows_against_ledger(e, expect)
    yield from _kept(e)
    yield from _never_paid(e)
    yield from _still_payable(e)


def _one_payment(e, expect, intent, captured):
    booking = e.bookings[e.payments[intent]["booking_id"]]
    for text in _where_it_ended(e, expect, intent, captured, booking):
        yield about(booking["id"], text)


def _where_it_ended(e, expect, intent, captured, booking):
    refund = e.refunds.get(intent)
    live = e.refunds_at_stripe(intent)
    ours = [r for r in live if not r.by_hand]
    given_back = sum(r.amount_minor for r in live)
    name = f"{intent} of booking {booking['id']} (status {booking['status']})"

    if booking["payment_intent"] == intent and booking["status"] in (1, 2):
        if refund or ours:
            yield f"I1: {name} is kept and refunded: row {refund and refund['state']}, Stripe {live}"
        return
    if booking["status"] == PENDING:
        yield f"I1: {name} was captured and its booking is still Pending"
        return
    if given_back + e.ledger.charged_back().get(intent, 0) >= captured.amount_minor > given_back:
        if refund and not refund["settled_at"]:
            yield f"I1: {name} was returned by the bank and its refund is still {refund['state']}"
        if ours:
            yield f"I1: {name} was returned by the bank and by us: {ours}"
        return
    if not refund:
        yield f"I2: {name} is paid, not kept, and has no refund row"
        return
    if intent in expect.attention:
        if refund["state"] not in ("needs_attention", "failed", "canceled"):
            yield f"I1: {name}: expected to need a person, but is {refund['state']}"
        elif not _alarmed(e, refund):
            yield f"I1: {name} needs a person and nobody was alarmed"
        return
    if len(ours) > 1:
        yield f"I1: {name} was refunded {len(ours)} times by us: {ours}"
    if given_back != captured.amount_minor:
        yield f"I1: {name}: {captured.amount_minor} captured, {given_back} given back"
    if any(r.status != "succeeded" for r in live) and refund["state"] == "succeeded":
        yield f"I1: {name} says succeeded, Stripe says {[r.status for r in live]}"
    if refund["state"] != "succeeded":
        yield f"I1: {name} ended as {refund['state']} ({refund['last_error']}, {refund['failure_reason']})"


def _alarmed(e, refund):
    """An alarm names its refund; it stands in the worker's log, where alerting reads it."""
    return any(str(refund["id"]) in line and "alarm" in line for line in e.service_log_lines())


def _rows_against_ledger(e, expect):
    at_stripe = e.ledger.refunds()
    for row in e.stripe_refunds.values():
        if row["id"] not in at_stripe:
            yield Wrong(f"I1: stripe_refunds row {row['id']} is no refund at Stripe")
            continue
        real = at_stripe[row["id"]]
        same = (row["payment_intent"], row["amount_minor"]) == (real.payment_intent, real.amount_minor)
        if not same or row["currency"].lower() != real.currency.lower():
            yield Wrong(f"I1: stripe_refunds row {row['id']} differs from Stripe's: {row} {real}")
    row_ids = {str(r["id"]): r for r in e.refunds.values()}
    for real in at_stripe.values():
        if not real.by_hand and real.payment_intent in e.payments:
            for text in _one_refund(e, expect, real, row_ids.get(real.metadata.get("refund_id", ""))):
                yield about(e.payments[real.payment_intent]["booking_id"], text)
    for post in e.ledger.refund_posts():
        if isinstance(post.params, dict) and "amount" in post.params:
            yield Wrong(f"I1: a refund request carried an amount: {post.params}")


def _one_refund(e, expect, real, owner):
    if not owner:
        yield f"I2: Stripe's refund {real.id} of {real.payment_intent} belongs to no refund row"
    elif owner["payment_intent"] != real.payment_intent:
        yield f"I1: Stripe's refund {real.id} is of {real.payment_intent}, its row of {owner['payment_intent']}"
    elif real.id not in e.stripe_refunds and real.alive and real.payment_intent not in expect.attention:
        yield f"I1: Stripe's refund {real.id} of {real.payment_intent} stands in no stripe_refunds row"
    if real.amount_minor != e.captured[real.payment_intent].amount_minor and not any(
        r.by_hand for r in e.refunds_at_stripe(real.payment_intent, live=False)
    ):
        yield f"I1: Stripe's refund {real.id} is of {real.amount_minor}, a part"


def _kept(e):
    """From the booking's side: whoever was confirmed by us has paid the price, for this booking and no other."""
    for booking in e.bookings.values():
        if booking["status"] not in (1, 2) or not e.was_confirmed_by_us(booking["id"]):
            continue
        name = f"booking {booking['id']} (status {booking['status']})"
        captured = e.captured.get(booking["payment_intent"])
        if not captured:
            if booking["amount_minor"] or booking["payment_intent"]:
                yield about(booking["id"], f"I1: {name} is confirmed without a payment at Stripe")
            continue
        price = (booking["amount_minor"], booking["currency"].lower())
        if (captured.amount_minor, captured.currency.lower()) != price:
            yield about(booking["id"], f"I1: {name} costs {price} and keeps {captured}")
        if captured.metadata.get("booking_id") != str(booking["id"]):
            yield about(booking["id"], f"I1: {name} keeps the payment of another: {captured}")


def _never_paid(e):
    for intent, refund in e.refunds.items():
        booking = e.bookings[refund["booking_id"]]
        if intent not in e.payments or (booking["payment_intent"] == intent and booking["status"] != 3):
            text = f"I2: refund row {refund['id']} of booking {booking['id']}, which is not cancelled and paid"
            yield about(booking["id"], text)


def _still_payable(e):
    """I7, from Stripe's side: nobody can pay what nobody waits for."""
    for checkout in e.checkouts.values():
        booking = e.bookings.get(int(checkout.reference or 0))
        if booking and booking["status"] != PENDING and checkout.is_open and checkout.id == booking["stripe_session_id"]:
            yield about(booking["id"], f"I7: booking {booking['id']} is {booking['status']}, {checkout.id} can still be paid")
