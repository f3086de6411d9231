"""How fast refunds leave: under the budget that is agreed with Stripe, and as fast as the slots allow."""

from asking import ask_for_refunds, take_intents, wait_refunded

from common import Line, seed_bookings, world

BUDGET_PER_S = 20
STRIPES_LIMIT_PER_S = 25  # of a sandbox account, which the budget stays below
WORKERS = (1, 2, 4)
BUDGET_SHARE, SLOTS_SHARE = 0.95, 0.9
SLOTS, ANSWER_S = 64, 0.2


def refund(stack, first, count, *, workers=1, **settings):
    """Ask this many workers for so many refunds: the requests that reached Stripe."""
    before = len(stack.stripe.ledger.refund_posts())
    started = [stack.start_service("refund-worker", wait=False, **settings) for _ in range(workers)]
    for service in started:
        service.wait_up()
    stack.eventually(lambda: all(service.has_joined() for service in started), 30, "the workers have partitions")
    ask_for_refunds(stack, first, count)
    wait_refunded(stack, 120)
    for service in started:
        service.sigterm()
    for service in started:
        service.wait_exit(25)
    posts = stack.stripe.ledger.refund_posts()[before:]
    assert len({e.params["payment_intent"] for e in posts}) == count, f"{len(posts)} requests for {count} refunds"
    return posts


def under_the_budget(stack, first, workers, seconds):
    count = BUDGET_PER_S * seconds
    posts = refund(stack, first, count, workers=workers, UNBOOK_REFUND_RATE=BUDGET_PER_S)
    rate = (len(posts) - 1) / (posts[-1].real - posts[0].real)
    refused = sum(e.status == 429 for e in posts)
    share = rate / BUDGET_PER_S
    return Line(
        f"refunds under {BUDGET_PER_S}/s, {workers} worker{'s' * (workers > 1)}", f"{share:.2f}", f">= {BUDGET_SHARE}, no 429",
        share >= BUDGET_SHARE and not refused, [f"{count} refunds at {rate:.1f}/s, {refused} times 429"],
    )  # fmt: skip


def without_a_limit(stack, first, count):
    stack.stripe.post("rate_limit", per_second=None)
    slow = {"kind": "delay", "seconds": ANSWER_S, "when": "before", "method": "POST", "path": "/v1/refunds", "count": None}
    stack.stripe.post("faults", faults=[slow])
    posts = refund(stack, first, count, UNBOOK_REFUND_RATE=0, UNBOOK_SLOTS=SLOTS)
    rate = len(posts) / (posts[-1].real + ANSWER_S - posts[0].real)
    most = SLOTS / ANSWER_S
    return Line(
        f"refunds without a limit / {SLOTS} slots in {ANSWER_S} s", f"{rate / most:.2f}", f">= {SLOTS_SHARE}", rate / most >= SLOTS_SHARE,
        [f"{count} refunds at {rate:.0f}/s of {most:.0f}/s, Stripe answers in {ANSWER_S * 1000:.0f} ms, one worker"],
    )  # fmt: skip


def measure(seconds):
    length = max(4, seconds * 2 // 3)
    limited, unlimited = BUDGET_PER_S * length, int(SLOTS / ANSWER_S) * length
    with world(()) as stack:
        count = limited * len(WORKERS) + unlimited
        seed_bookings(stack, count)
        take_intents(stack, count)
        stack.stripe.post("rate_limit", per_second=STRIPES_LIMIT_PER_S, method="POST", path_prefix="/v1/refunds")
        for turn, workers in enumerate(WORKERS):
            yield under_the_budget(stack, 1 + turn * limited, workers, length)
        yield without_a_limit(stack, 1 + len(WORKERS) * limited, unlimited)
