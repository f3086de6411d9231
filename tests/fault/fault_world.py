"""One small world that is about to suffer: a school, its bookings, the services, a client with a memory, the judge at the end."""

import contextlib
import datetime
import itertools
import threading
import time

import judge
from stack import NAMES, Stack
from stack.seed import Booking
from stack.stripe_caller import Stripe
from stack.wait import eventually

# Shorter than the stack's own: most of a fault test is spent waiting for a lease to end.
FAST = {"UNBOOK_LEASE_MS": "2000", "UNBOOK_DOORBELL_MS": "800", "UNBOOK_STRIPE_TIMEOUT_MS": "1200"}
# Stripe is asked for what its webhooks did not tell.
HEALING = {"UNBOOK_HEAL_MS": "500", "UNBOOK_HEAL_AFTER_MS": "300"}
QUIET_S = 40.0
WEBHOOK_RETRY_S = [0.2, 0.5, 1, 1, 2, 2, 4, 4, 8, 8]


class Pieces:
    """A PostgreSQL and a broker from different places, as a stack's infra. Both outlive it."""

    def __init__(self, pg, kafka):
        self.pg = pg
        self.kafka = kafka


class World:
    def __init__(self, infra, build, *, settings=None, **options):
        self.stack = Stack(infra, build=build, settings={**FAST, **(settings or {})}, **options)
        self.client = judge.Client(self.stack, timeout=15.0)
        self.expect = judge.Expect(quiet_s=QUIET_S)
        self.judged = False
        self._slots = itertools.count()
        self._offer = None

    def open(self, only=NAMES, workers=1, joined=True):
        """Surroundings, the judge's triggers, people, then services."""
        self.stack.start_surroundings()
        judge.watch(self.stack)
        self.parent, self.teacher, self.admin = self.stack.seed.family()
        return self.start(only, workers, joined)

    def start(self, only, workers=1, joined=True, **extra):
        started = [
            self.stack.start_service(name, wait=False, **extra)
            for name in only
            for _ in range(1 if name == "api" else workers)
        ]
        for service in started:
            service.wait_up()
        if joined and self.stack.kafka:
            self.stack.eventually(lambda: all(s.has_joined() for s in started), 30, "consumers have partitions")
        return self

    def book(self, count=1, **more):
        """Paid, Confirmed, and next to each other, because a teacher is in one place at a time."""
        made = [
            self.stack.seed.booking(
                self.parent, self.teacher, starts_in=f"{72 + next(self._slots)} hours", minutes=50, **more
            )
            for _ in range(count)
        ]
        return made

    def cancel(self, bookings, by=None):
        """Each is answered 200, however long that takes."""
        for booking in bookings:
            call = self.client.cancel_until_answered(booking, by)
            assert call.outcome == "ok", call

    def crash(self, service, point, **extra):
        """A service that will kill itself at that point."""
        return self.stack.start_service(service, wait=False, UNBOOK_CRASH_POINT=point, **extra)

    def died_at(self, victim, point, timeout=25.0):
        assert victim.wait_exit(timeout) == -9, f"{victim.name} was to die at {point}"
        self.expect.kills += 1

    def reconnect(self):
        """Our own connection, after PostgreSQL died."""
        if self.stack._connection:
            self.stack._connection.close()

    def kill(self, service):
        service.kill9()
        self.expect.kills += 1

    def webhooks(self, **how):
        """Stripe tells the API that lives now, sooner again than the real one; how: as the simulator's README says."""
        url = f"{self.stack.of('api')[0].url}/api/stripe/webhook"
        return self.stack.stripe.post("webhooks", url=url, retry_s=WEBHOOK_RETRY_S, **how)

    def ask_for(self, parent=None):
        """Somebody, without a name somebody new, asks for an hour of its own; the call."""
        if self._offer is None:
            self._offer = self.stack.seed.offer(self.teacher)
        parent = parent or self.stack.seed.person("Parent", "Pia Parent")
        return self.client.book(parent, self.teacher, self.free_hour())

    def reserve(self, parent=None):
        """Held, and may be paid now: (booking, checkout)."""
        call = self.ask_for(parent)
        assert call.outcome == "ok", call
        return Booking(call.booking_id, call.by, self.teacher, None, 4500, "EUR"), call.data["stripeSessionId"]

    def free_hour(self):
        now = self.stack.one("SELECT date_trunc('second', clock_timestamp()) AS at")["at"]
        at = now + datetime.timedelta(hours=72 + next(self._slots))
        return at.astimezone(datetime.UTC).isoformat()

    def pay(self, checkout, **how):
        """The buyer pays on Stripe's page."""
        return self.stack.stripe.post(f"checkouts/{checkout}/pay", **how)

    def status(self, booking):
        return self.stack.one("SELECT status FROM bookings WHERE id = %s", booking.id)["status"]

    def second_checkout(self, booking_id):
        """One more for the same booking: nobody but its buyer knows of it until it is paid."""
        return Stripe(self.stack).create(booking_id)["id"]

    @contextlib.contextmanager
    def open_checkout(self, checkout):
        """Meanwhile Stripe does not get to expire it."""
        self.stripe_fault("error", status=503, count=None, path=f"/v1/checkout/sessions/{checkout}/expire")
        yield
        self.no_stripe_faults()

    def events_about(self, checkout):
        """Of Stripe, the oldest first."""
        return [event["id"] for event in Stripe(self.stack).events(checkout)]

    def end_holds(self, booking_id=None):
        """The half hour that Stripe wants for a checkout is over for this one, or for everybody who has not paid."""
        self.stack.sql(
            "UPDATE bookings SET hold_expires_at = least(hold_expires_at, date_trunc('second', clock_timestamp())),"
            " next_try_at = clock_timestamp() WHERE status = 0 AND (id = %s OR %s)"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp())",
            booking_id,
            booking_id is None,
        )

    def end_delayed_payments(self):
        """Banks decide at last: every second one pays."""
        checkouts = judge.Evidence(self.stack, broker="off").checkouts.values()
        for number, checkout in enumerate(c for c in checkouts if c.is_awaited):
            self.stack.stripe.post(f"checkouts/{checkout.id}/async", succeeded=number % 2 == 0)

    def heal(self):
        """What webhooks did not tell is asked for from now on, not only after the first five minutes. With the settings HEALING."""
        self.stack.sql("UPDATE heals SET next_try_at = clock_timestamp() WHERE lease_token IS NULL")

    def stripe_fault(self, kind, **rule):
        """At requests about refunds unless the rule names a path; see the simulator's README."""
        rule = {"path": "/v1/refunds*", **rule, "kind": kind}
        return self.stack.stripe.control("POST", "/_sim/faults", rule)

    def no_stripe_faults(self):
        self.stack.stripe.control("DELETE", "/_sim/faults")

    def refunds(self, state):
        return self.stack.one("SELECT count(*) AS n FROM refunds WHERE state = %s", state)["n"]

    def judge(self, **changes):
        for name, value in changes.items():
            setattr(self.expect, name, value)
        self.judged = True
        return judge.judge(self.stack, self.client, self.expect)

    def eventually(self, condition, timeout=20.0, what=""):
        return eventually(condition, timeout, what)

    def lost_polls(self):
        """F11: nobody may ever be too slow to poll."""
        return [
            path.name
            for path in self.stack.log_dir.glob("*-[0-9].log")
            if "max.poll" in (text := path.read_text("utf-8", "replace")).lower() or "MAXPOLL" in text
        ]


class Load:
    """Cancels at a steady rate from a few clients until stop(). Each booking until it is answered."""

    def __init__(self, world, bookings, per_second, threads=4):
        self.world = world
        self.waiting = list(bookings)
        self.interval_s = 1 / per_second
        self.done = 0
        self._lock = threading.Lock()
        self._next_at = time.monotonic()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self.errors = []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def _take(self):
        with self._lock:
            if not self.waiting:
                return None, 0.0
            self._next_at = max(self._next_at + self.interval_s, time.monotonic())
            return self.waiting.pop(), self._next_at

    def _run(self):
        while True:
            booking, at = self._take()
            if booking is None:
                return
            time.sleep(max(0.0, at - time.monotonic()))  # the rate, not a condition
            try:
                self.world.client.cancel_until_answered(booking)
                with self._lock:
                    self.done += 1
            except Exception as error:  # told by __exit__, in the thread of the test
                self.errors.append(error)

    def __exit__(self, kind, *_):
        for thread in self._threads:
            thread.join(60)
        if kind is None:
            assert not self.errors, self.errors[:3]
            assert not any(thread.is_alive() for thread in self._threads), "the load did not end"
