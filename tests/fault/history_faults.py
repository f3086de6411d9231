"""What goes wrong in histories: around one lesson, and around everybody on the stack."""

import time

from stack.broker import API_PRODUCE, TRANSPORT
from test_store_faults import terminate_backends

WORKERS = ("refund-worker", "notifier", "reaper")
WEEK_S = 7 * 24 * 3600
STRIPE_FAULTS = (
    ("cut", {"effect": True}),
    ("cut", {"effect": False}),
    ("error", {"status": 500, "effect": True}),
    ("error", {"status": 500, "effect": False}),
    ("error", {"status": 503, "effect": True}),
    ("half_body", {}),
    ("html", {"effect": True}),
    ("rate_limit", {"retry_after": 1}),
    ("delay", {"seconds": 0.7, "when": "after"}),
)
MAIL_FAULTS = (
    {"step": "rcpt", "code": 451, "do": "reply"},
    {"step": "dot", "do": "cut", "kept": True},
    {"step": "dot", "do": "cut", "kept": False},
    {"step": "data", "do": "slow", "seconds": 0.5},
)
WEBHOOK_FAULTS = ({"mode": "hold"}, {"mode": "drop"}, {"copies": 10}, {"jitter_s": 1.0}, {"copies": 3, "jitter_s": 0.5})
WEBHOOKS_WELL = {"mode": "on", "copies": 1, "jitter_s": 0.0}


class OwnFaults:
    """Around one lesson. draw decides how."""

    def _stripe(self, draw, **where):
        kind, more = STRIPE_FAULTS[draw % len(STRIPE_FAULTS)]
        self.world.stripe_fault(kind, count=1 + draw % 3, **where, **more)

    def stripe_checkout(self, lesson, draw):
        self._stripe(draw, path=f"/v1/checkout/sessions/{lesson.checkout}*")

    def stripe_create(self, lesson, draw):
        """Whoever books next."""
        self._stripe(draw, method="POST", path="/v1/checkout/sessions")

    def stripe_refund(self, lesson, draw):
        if lesson.payment_intent:
            self._stripe(draw, payment_intent=lesson.payment_intent)

    def mail(self, lesson, draw):
        rule = {**MAIL_FAULTS[draw % len(MAIL_FAULTS)], "count": 1 + draw % 2, "rcpt": lesson.parent.email}
        self.world.stack.mail.control("POST", "/_mail/faults", rule)

    def event_again(self, lesson, draw):
        """F27: Stripe brings the same event ten times."""
        for event in self.world.events_about(lesson.checkout)[-1:]:
            self.world.stack.stripe.post("webhooks/resend", event=event, copies=10)

    def event_of_last_week(self, lesson, draw):
        """F27: somebody recorded it."""
        for event in self.world.events_about(lesson.checkout)[-1:]:
            status = self.world.stack.stripe.post("webhooks/send", event=event, age_s=WEEK_S)["status"]
            assert status == 400 or not isinstance(status, int) or status >= 500, f"an old event was answered {status}"


class SharedFaults:
    """Around everybody. Runs in the thread of the test, which starts the processes and so must outlive them."""

    def __init__(self, world, embedded):
        self.world = world
        self.embedded = embedded
        self.told = []

    def run(self, faults, span_s):
        """faults: (when, name, draw), when from 0 to 1 of span_s."""
        began = time.monotonic()
        for when, name, draw in sorted(faults):
            time.sleep(max(0.0, began + when * span_s - time.monotonic()))  # the hour of misfortune
            getattr(self, name)(draw)
            self.told.append(name)

    def _live(self, draw, names=WORKERS):
        live = [s for s in self.world.stack.running if s.service in names and s.running() and s.is_listening()]
        return live[draw % len(live)]

    def _start(self, name):
        self.world.stack.start_service(name, wait=False).wait_listening()
        if name == "api":
            self.world.webhooks()

    def kill(self, draw):
        victim = self._live(draw, (*WORKERS, "api"))
        self.world.kill(victim)
        self._start(victim.service)

    def stop_and_start(self, draw):
        victim = self._live(draw, (*WORKERS, "api"))
        victim.sigterm()
        assert victim.wait_exit(30) == 0, f"{victim.name} after SIGTERM"
        self._start(victim.service)

    def second_worker(self, draw):
        self._start(WORKERS[draw % len(WORKERS)])

    def freeze(self, draw):
        victim = self._live(draw)
        victim.sigstop()
        self.world.expect.kills += 1
        time.sleep((0.5, 2.5)[draw % 2])  # the fault itself: shorter or longer than a lease
        victim.sigcont()

    def cut_database(self, draw):
        self.world.expect.kills += 1
        (lambda: terminate_backends(self.world), self.world.stack.proxies["pg"].reset)[draw % 2]()

    def stall_database(self, draw):
        self.world.expect.kills += 1
        self._for_a_while(self.world.stack.proxies["pg"], "stall", draw)

    def stripe_gone(self, draw):
        self._for_a_while(self.world.stack.proxies["stripe"], ("down", "stall")[draw % 2], draw)

    def _for_a_while(self, line, what, draw):
        getattr(line, what)()
        time.sleep(0.3 + draw % 1000 / 1000)  # the fault itself
        line.heal()

    def redis(self, draw):
        line = self.world.stack.proxies["redis"]
        (lambda: self.world.stack.redis.command("FLUSHALL"), line.reset, line.down, line.stall)[draw % 4]()

    def webhooks(self, draw):
        """Stripe's words are late, lost, in disorder or many."""
        self.world.webhooks(**WEBHOOK_FAULTS[draw % len(WEBHOOK_FAULTS)])
        time.sleep(0.3 + draw % 1000 / 1000)  # the fault itself
        self.well_again()

    def well_again(self):
        self.world.webhooks(**WEBHOOKS_WELL)
        self.world.stack.stripe.post("webhooks/release", order="reverse")

    def broker(self, draw):
        if not self.embedded:
            return
        # Only errors that end the connection: this broker takes a later request after it refused an earlier one, which Kafka never does,
        # and librdkafka then counts the refused one as taken too.
        errors = " ".join([str(TRANSPORT)] * 3)
        self.embedded.command(("down", "rtt 80", f"errors {API_PRODUCE} {errors}")[draw % 3])
        time.sleep(0.3)  # the fault itself
        self._broker_well()

    def _broker_well(self):
        for command in ("up", "rtt 0", f"clear {API_PRODUCE}"):
            self.embedded.command(command)

    def heal(self):
        for proxy in self.world.stack.proxies.values():
            proxy.heal()
        self.world.no_stripe_faults()
        self.world.stack.mail.control("DELETE", "/_mail/faults")
        if self.embedded:
            self._broker_well()
        for name in ("api", *WORKERS):
            if not self.world.stack.of(name):
                self._start(name)
        self.well_again()
