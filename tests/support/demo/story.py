"""The story: a lesson in three days is cancelled and refunded; one in 23 hours can no longer be."""

import contextlib

from stack.wait import TimedOut

from . import show, verify
from .watch import Watch


class StoryFailed(Exception):
    pass


def seed(stack):
    """People, offers, and two paid lessons."""
    stack.parent, stack.teacher, stack.admin = stack.seed.family()
    offer = stack.seed.offer(stack.teacher)
    early = stack.booking = stack.seed.booking(stack.parent, stack.teacher, starts_in="3 days", offer=offer)
    late = stack.seed.booking(stack.parent, stack.teacher, starts_in="23 hours", offer=offer)
    return early, late


def cancel(stack, booking):
    return stack.api.put(f"/api/Sessions/{booking.id}/cancel", {"reason": "We are ill"},
                         token=stack.parent.token)


def tell(stack):
    """Live it and check it. Whether it all came true."""
    early, late = seed(stack)
    show.heading("Two paid lessons of Petra with Tomás: one in three days, one in 23 hours")
    for booking, when in ((early, "in 3 days"), (late, "in 23 hours")):
        show.say(f"  booking {booking.id}  {when:<12}  45.00 EUR, paid by {booking.payment_intent}")

    show.heading("Petra cancels the lesson in three days")
    line = show.TimeLine()
    watch = Watch(stack, early, line)
    line.begin()
    answer = cancel(stack, early)
    if answer.status != 200:
        raise StoryFailed(f"the cancel was answered {answer.status}: {answer.text}")
    line.step("accepted", f"200 {answer.json.get('message', '')}")
    watch.until_done()

    show.heading("Petra cancels the lesson in 23 hours")
    line.begin()
    refused = cancel(stack, late)
    line.step("refused" if refused.status == 409 else "answered",
              f"{refused.status} {refused.json.get('code', '')}: {refused.json.get('message', '')}")

    with contextlib.suppress(TimedOut):
        stack.eventually(lambda: not verify.left_open(stack), 10)
    show.heading("Is it so? PostgreSQL, Stripe's ledger and the mail server are asked")
    return all(show.check(*claim) for claim in verify.claims(stack, early, late, answer, refused))
