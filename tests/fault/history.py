"""A random history lives: its people act by their plan, beside other histories on the same stack (faults.md, section 5)."""

import contextlib
import datetime
import threading
import time
from dataclasses import dataclass

from history_faults import OwnFaults
from history_plan import plan
from stack.seed import Booking

PRICE, CURRENCY = 4500, "EUR"
BAD_BODIES = (b"{", b'{"reason": 7}', b'{"price": 1}', b"[1]", b'{"reason":"a","reason":"b"}', b"\xff\xfe")
BAD_IDS = ("0", "-1", "99999999999", "1%00", "x")
BAD_CHECKOUTS = ("x", "cs_", "cs_test_nobodyHasThis", "cs_a;b")
UNSIGNED = "eyJhbGciOiJub25lIn0.e30."
BOOKED_S = 5.0  # who shares a lesson waits so long for it to be booked
CALLER_S = 120.0


@dataclass
class Lesson:
    """As far as the callers know."""

    plan: object
    parent: object
    teacher: object
    at: str
    booking: Booking | None = None
    checkout: str | None = None
    payment_intent: str | None = None

    def __post_init__(self):
        self.was_asked_for = threading.Event()


class History:
    def __init__(self, seed, world):
        self.world = world
        self.plan = plan(seed)
        self.seed = seed
        person = world.stack.seed.person
        self.parents = [person("Parent", "Petra Parent") for _ in range(self.plan.parents)]
        self.teachers = [person("Teacher", "Tomas Teacher") for _ in range(self.plan.teachers)]
        self.stranger = person("Parent", "Stella Stranger")
        self.admin = world.admin
        for teacher in self.teachers:
            world.stack.seed.offer(teacher, amount_minor=PRICE, currency=CURRENCY)
        now = world.stack.one("SELECT date_trunc('second', clock_timestamp()) AS at")["at"]
        self.lessons = [
            Lesson(
                lesson,
                self.parents[lesson.parent],
                self.teachers[lesson.teacher],
                (now + datetime.timedelta(hours=lesson.starts_in_h)).astimezone(datetime.UTC).isoformat(),
            )
            for lesson in self.plan.lessons
        ]
        self.people = {p.id for p in (*self.parents, *self.teachers, self.stranger)}
        self.errors = []
        self._threads = [threading.Thread(target=self._live, args=(ops,), daemon=True) for ops in self.plan.callers]

    def begin(self):
        for thread in self._threads:
            thread.start()

    def end(self):
        """What went wrong with the callers themselves."""
        for thread in self._threads:
            thread.join(CALLER_S)
        if any(thread.is_alive() for thread in self._threads):
            self.errors.append("a caller was left without an answer")
        return [f"{error!r}" for error in self.errors]

    def _live(self, ops):
        caller = Caller(self)
        try:
            for op in ops:
                caller.do(op)
                time.sleep(op.pause_s)  # the rhythm of a person
        except Exception as error:  # told by end(), in the thread of the test
            self.errors.append(error)


class Caller(OwnFaults):
    """Whoever acts. Each method is one word of a story, or of its noise."""

    def __init__(self, history):
        self.history = history
        self.world = history.world
        self.client = history.world.client

    def do(self, op):
        lesson = self.history.lessons[op.lesson]
        if op.what != "book":
            lesson.was_asked_for.wait(BOOKED_S)
        if lesson.booking or op.what in ("book", "list", "list_of_teacher", "bad_book", "bad_token", "stripe_create"):
            getattr(self, op.what)(lesson, op.draw)

    # what a lesson is made of

    def book(self, lesson, draw):
        call = self.client.book(lesson.parent, lesson.teacher, lesson.at)
        if call.outcome == "ok":
            lesson.booking = Booking(call.booking_id, lesson.parent, lesson.teacher, None, PRICE, CURRENCY)
            lesson.checkout = call.data["stripeSessionId"]
        lesson.was_asked_for.set()

    def pay(self, lesson, draw, checkout=None, **how):
        """At Stripe's page, which says so when nobody can pay there any more."""
        answer = self.world.stack.stripe.http.post(f"/_sim/checkouts/{checkout or lesson.checkout}/pay", how)
        assert answer.status in (200, 400), answer.text
        if answer.status == 200:
            lesson.payment_intent = answer.json["payment_intent"] or lesson.payment_intent

    def pay_less(self, lesson, draw):
        self.pay(lesson, draw, amount=PRICE - 100)

    def pay_later(self, lesson, draw):
        self.pay(lesson, draw, delayed=True)

    def pay_again(self, lesson, draw):
        """F30: through a second checkout of the same booking, unless a fault that was meant for us keeps it from being made."""
        with contextlib.suppress(AssertionError, OSError, ValueError):
            self.pay(lesson, draw, checkout=self.world.second_checkout(lesson.booking.id))

    def money_comes(self, lesson, draw, succeeded=True):
        path = f"/_sim/checkouts/{lesson.checkout}/async"
        assert self.world.stack.stripe.http.post(path, {"succeeded": succeeded}).status in (200, 400)

    def money_fails(self, lesson, draw):
        self.money_comes(lesson, draw, succeeded=False)

    def confirm(self, lesson, draw):
        self.client.confirm_payment(lesson.booking, lesson.checkout)

    def cancel_payment(self, lesson, draw):
        self.client.cancel_payment(lesson.booking, lesson.checkout)

    def cancel(self, lesson, draw, by=None):
        body = (None, "We are ill", {"reason": "We are ill"})[draw % 3]
        self.client.cancel(lesson.booking, by, body, method=("PUT", "POST")[draw % 2])

    def teacher_cancels(self, lesson, draw):
        self.cancel(lesson, draw, lesson.teacher)

    def admin_cancels(self, lesson, draw):
        self.cancel(lesson, draw, self.history.admin)

    def hold_ends(self, lesson, draw):
        self.world.end_holds(lesson.booking.id)

    # noise

    def list(self, lesson, draw):
        self.client.bookings(lesson.parent)

    def list_of_teacher(self, lesson, draw):
        self.client.bookings(lesson.teacher)

    def show(self, lesson, draw):
        self.client.show(lesson.booking, (lesson.parent, lesson.teacher, self.history.admin)[draw % 3])

    def strangers_cancel(self, lesson, draw):
        stranger = self.history.stranger
        self.client.cancel(lesson.booking, stranger, wrong=True)
        self.client.cancel_payment(lesson.booking, lesson.checkout, stranger, wrong=True)
        self.client.confirm_payment(lesson.booking, lesson.checkout, stranger, wrong=True)
        self.client.show(lesson.booking, stranger, wrong=True)

    def bad_book(self, lesson, draw):
        bad = (
            {"teacherId": lesson.teacher.id, "scheduledDateTime": "2020-01-01T10:00:00Z"},
            {"teacherId": lesson.teacher.id, "scheduledDateTime": lesson.at, "price": 1},
            {"teacherId": lesson.parent.id, "scheduledDateTime": lesson.at},
            b"{",
        )
        self.client.book(lesson.parent, lesson.teacher, lesson.at, body=bad[draw % len(bad)], wrong=True)

    def bad_cancel(self, lesson, draw):
        if draw % 2:
            self.client.cancel(lesson.booking, path_id=BAD_IDS[draw % len(BAD_IDS)])
        else:
            json = {"Content-Type": "application/json"}
            self.client.cancel(lesson.booking, body=BAD_BODIES[draw % len(BAD_BODIES)], headers=json, wrong=True)

    def bad_checkout(self, lesson, draw):
        checkout = BAD_CHECKOUTS[draw % len(BAD_CHECKOUTS)]
        (self.client.cancel_payment, self.client.confirm_payment)[draw % 2](lesson.booking, checkout, wrong=True)

    def bad_token(self, lesson, draw):
        self.client.book(lesson.parent, lesson.teacher, lesson.at, token=UNSIGNED, wrong=True)
