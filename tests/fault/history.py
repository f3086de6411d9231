"""A random history: a seed gives bookings, callers and faults; the same seed gives the same plan."""

import random
import threading
import time

from stack.broker import API_PRODUCE, NOT_ENOUGH_REPLICAS, TRANSPORT
from test_store_faults import terminate_backends

WORKERS = ("refund-worker", "notifier", "reaper")
CALLERS = 4
STRIPE_FAULTS = (
    ("cut", {"effect": True}),
    ("cut", {"effect": False}),
    ("error", {"status": 500, "effect": True}),
    ("error", {"status": 500, "effect": False}),
    ("error", {"status": 503, "effect": True}),
    ("half_body", {}),
    ("html", {"effect": True}),
    ("rate_limit", {"retry_after": 1}),
    ("delay", {"seconds": 0.7}),
)
MAIL_FAULTS = (
    {"step": "rcpt", "code": 451, "do": "reply"},
    {"step": "dot", "do": "cut", "kept": True},
    {"step": "dot", "do": "cut", "kept": False},
    {"step": "banner", "do": "cut"},
    {"step": "data", "do": "slow", "seconds": 0.5},
)
BAD_BODIES = (b"{", b'{"reason": 7}', b'{"price": 1}', b"[1]", b'{"reason":"a","reason":"b"}', b"\xff\xfe")


class History:
    def __init__(self, seed, world, embedded):
        self.world = world
        self.random = random.Random(seed)
        self.embedded = embedded
        self.stranger = world.stack.seed.person("Parent", "Stella Stranger")
        self.bookings = world.book(self.random.randint(12, 30))
        self.late = [
            world.stack.seed.booking(world.parent, world.stack.seed.person("Teacher", "Late Teacher"), starts_in="20 hours")
            for _ in range(2)
        ]
        self.told = []

    # what callers do

    def _ops(self):
        r = self.random
        for _ in range(r.randint(8, 16)):
            booking = r.choice(self.bookings)
            who = r.choice((self.world.parent, self.world.parent, self.world.teacher, self.world.admin))
            yield r.choice(
                (
                    {"booking": booking, "by": who},
                    {"booking": booking, "by": who, "method": "POST", "body": {"reason": "We are ill"}},
                    {"booking": booking, "by": who, "twice": True},
                    {"booking": booking, "by": self.stranger},
                    {"booking": booking, "by": who, "body": r.choice(BAD_BODIES), "headers": {"Content-Type": "application/json"}},
                    {"booking": booking, "by": who, "token": "eyJhbGciOiJub25lIn0.e30."},
                    {"booking": booking, "by": who, "path_id": r.choice(("0", "-1", "99999999999", "1%00", "x"))},
                    {"booking": r.choice(self.late), "by": self.world.parent},
                )
            ), r.random() * 0.5

    def _caller(self, ops):
        for op, pause_s in ops:
            op = dict(op)
            twice = op.pop("twice", False)
            self.world.client.cancel(**op)
            if twice:
                self.world.client.cancel(**op)
            time.sleep(pause_s)  # the rhythm of a person

    # what goes wrong

    def _faults(self):
        known = [self.kill, self.stop_and_start, self.freeze, self.cut_database, self.stall_database, self.redis, self.stripe, self.mail]
        known += [self.stripe, self.second_worker] + ([self.broker] * 2 if self.embedded else [])
        return [(self.random.choice(known), self.random.random()) for _ in range(self.random.randint(3, 6))]

    def _live(self, names=WORKERS):
        return self.random.choice([s for s in self.world.stack.running if s.service in names and s.running()])

    def kill(self):
        victim = self._live((*WORKERS, "api"))
        self.world.kill(victim)
        self.world.stack.start_service(victim.service, wait=False).wait_listening()

    def stop_and_start(self):
        victim = self._live((*WORKERS, "api"))
        victim.sigterm()
        assert victim.wait_exit(30) == 0, f"{victim.name} after SIGTERM"
        self.world.stack.start_service(victim.service, wait=False).wait_listening()

    def freeze(self):
        victim = self._live()
        victim.sigstop()
        self.world.expect.kills += 1
        time.sleep(self.random.choice((0.5, 2.5)))  # the fault itself: shorter or longer than a lease
        victim.sigcont()

    def cut_database(self):
        self.world.expect.kills += 1
        self.random.choice((lambda: terminate_backends(self.world), self.world.stack.proxies["pg"].reset))()

    def stall_database(self):
        self.world.expect.kills += 1
        self.world.stack.proxies["pg"].stall()
        time.sleep(self.random.random() * 2)  # the fault itself
        self.world.stack.proxies["pg"].heal()

    def redis(self):
        line = self.world.stack.proxies["redis"]
        self.random.choice((lambda: self.world.stack.redis.command("FLUSHALL"), line.reset, line.down, line.stall))()

    def stripe(self):
        kind, more = self.random.choice(STRIPE_FAULTS)
        self.world.stripe_fault(kind, method="POST", count=self.random.randint(1, 5), **more)

    def mail(self):
        rule = {**self.random.choice(MAIL_FAULTS), "count": self.random.randint(1, 3)}
        self.world.stack.mail.control("POST", "/_mail/faults", rule)

    def second_worker(self):
        self.world.stack.start_service(self.random.choice(WORKERS), wait=False).wait_listening()

    def broker(self):
        error = self.random.choice((NOT_ENOUGH_REPLICAS, TRANSPORT))
        command = self.random.choice(("down", "rtt 80", f"errors {API_PRODUCE} {error} {error} {error}"))
        self.embedded.command(command)

    # all of it

    def live(self):
        callers = [
            threading.Thread(target=self._caller, args=(list(self._ops()),), daemon=True) for _ in range(CALLERS)
        ]
        faults = self._faults()
        for caller in callers:
            caller.start()
        for fault, pause_s in faults:
            self.told.append(fault.__name__)
            fault()
            time.sleep(pause_s)  # the rhythm of misfortune
        for caller in callers:
            caller.join(90)
            assert not caller.is_alive(), "a caller was left without an answer"
        self.heal()

    def heal(self):
        for proxy in self.world.stack.proxies.values():
            proxy.heal()
        self.world.no_stripe_faults()
        self.world.stack.mail.control("DELETE", "/_mail/faults")
        if self.embedded:
            for command in ("up", "rtt 0", f"clear {API_PRODUCE}"):
                self.embedded.command(command)
        for name in ("api", *WORKERS):
            if not self.world.stack.of(name):
                self.world.stack.start_service(name, wait=False)
