"""The story: one lesson is booked, paid, cancelled and refunded; one is too late to cancel; one is forgotten on
Stripe's page; one is paid after it was given up."""

import contextlib
from dataclasses import dataclass
from typing import Any

from stack.wait import TimedOut

from . import chapters, show, verify


@dataclass
class Told:
    """What the story left, and what the API said on the way; None for what was not lived."""

    early: Any  # the lesson in three days
    late: Any  # the one in 23 hours
    confirmed: Any = None  # early, as its parent saw it when it was paid
    cancelled: Any = None  # the answer to the cancel of early
    refused: Any = None  # the answer to the cancel of late
    abandoned: Any = None  # (id, in My Bookings before, and after)
    returned: Any = None  # (id, answer of cancel-payment, answer of confirm-payment)


def tell(stack):
    """Live it and check it. Whether it all came true."""
    scene = chapters.Scene(stack)
    try:
        told = live(scene)
    finally:
        scene.topic.close()
    stack.booking = told.late
    with contextlib.suppress(TimedOut):
        stack.eventually(lambda: not verify.left_open(stack), 10)
    show.heading(f"Is it so? Asked: {', '.join(asked(stack))}")
    claims = verify.claims(stack, told)  # each is told, also after one that does not hold
    return all([show.check(*claim) for claim in claims])


def asked(stack):
    """Who knows; what was given instead of a stand-in keeps no record for us."""
    return ["PostgreSQL", *(["Stripe's ledger"] if stack.stripe else []),
            *(["the mail server"] if stack.mail else [])]


def live(scene):
    told = Told(early=None, late=scene.seeded("23 hours"))
    if scene.stack.stripe:
        told.early, told.confirmed = chapters.lesson(scene)
    else:
        show.heading("At a Stripe that was given nobody can pay on its page: the lesson in three days is paid already")
        told.early = scene.seeded("3 days")
    told.cancelled = chapters.cancel(scene, told.early)
    told.refused = chapters.cancel_late(scene, told.late)
    if scene.stack.stripe:
        told.abandoned = chapters.abandon(scene)
        told.returned = chapters.pay_late(scene)
    return told
