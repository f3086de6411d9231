"""I1 and I2: where each captured payment ended, and that no charge gave back more than it took."""


def check_money(e, expect):
    try:
        e.ledger.assert_never_over_refunded()
    except AssertionError as error:
        yield f"I1: {error}"
    for intent, captured in e.ledger.captured_payments().items():
        if intent not in e.payments:
            if captured.checkout is None and str(captured.metadata.get("booking_id")) not in map(str, e.bookings):
                continue  # a payment of the test's own, of nobody's booking
            yield f"I1: Stripe captured {intent} and no payments row knows it"
            continue
        yield from _one_payment(e, expect, intent, captured)
    for intent, row in e.payments.items():
        if intent not in e.ledger.captured_payments():
            yield f"I1: payments row {intent} was never captured at Stripe (booking {row['booking_id']})"
    yield from _rows_against_ledger(e, expect)
    yield from _never_paid(e)


def _one_payment(e, expect, intent, captured):
    booking = e.bookings[e.payments[intent]["booking_id"]]
    refund = e.refunds.get(intent)
    live = e.refunds_at_stripe(intent)
    ours = [r for r in live if not r.by_hand]
    given_back = sum(r.amount_minor for r in live)
    kept = booking["payment_intent"] == intent and booking["status"] in (1, 2)
    name = f"{intent} of booking {booking['id']} (status {booking['status']})"

    if kept:
        if refund or ours:
            yield f"I1: {name} is kept and refunded: row {refund and refund['state']}, Stripe {live}"
        return
    if booking["status"] == 0:
        yield f"I1: {name} was captured and its booking is still Pending"
        return
    if not refund:
        yield f"I2: {name} is cancelled and paid without a refund row"
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
    row_ids = {str(r["id"]): r for r in e.refunds.values()}
    for row in e.stripe_refunds.values():
        if row["id"] not in at_stripe:
            yield f"I1: stripe_refunds row {row['id']} is no refund at Stripe"
            continue
        real = at_stripe[row["id"]]
        same = (row["payment_intent"], row["amount_minor"]) == (real.payment_intent, real.amount_minor)
        if not same or row["currency"].lower() != real.currency.lower():
            yield f"I1: stripe_refunds row {row['id']} differs from Stripe's: {row} {real}"
    for real in at_stripe.values():
        if real.by_hand or real.payment_intent not in e.payments:
            continue
        owner = row_ids.get(real.metadata.get("refund_id", ""))
        if not owner:
            yield f"I2: Stripe's refund {real.id} of {real.payment_intent} belongs to no refund row"
        elif owner["payment_intent"] != real.payment_intent:
            yield f"I1: Stripe's refund {real.id} is of {real.payment_intent}, its row of {owner['payment_intent']}"
        elif real.id not in e.stripe_refunds and real.alive and real.payment_intent not in expect.attention:
            yield f"I1: Stripe's refund {real.id} of {real.payment_intent} stands in no stripe_refunds row"
        if real.amount_minor != e.ledger.captured_payments()[real.payment_intent].amount_minor and not any(
            r.by_hand for r in e.refunds_at_stripe(real.payment_intent, live=False)
        ):
            yield f"I1: Stripe's refund {real.id} is of {real.amount_minor}, a part"
    for post in e.ledger.refund_posts():
        if isinstance(post.params, dict) and "amount" in post.params:
            yield f"I1: a refund request carried an amount: {post.params}"


def _never_paid(e):
    for intent, refund in e.refunds.items():
        booking = e.bookings[refund["booking_id"]]
        if intent not in e.payments or (booking["payment_intent"] == intent and booking["status"] != 3):
            yield f"I2: refund row {refund['id']} of booking {booking['id']}, which is not cancelled and paid"
