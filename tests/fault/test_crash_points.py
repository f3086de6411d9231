"""F1: killed with SIGKILL at every named point of the code, one by one (faults: the crash-point table).

Afterwards, with a fresh process in its place: one refund, both mails, nothing open, every fact in its topic.
"""

import ast
import pathlib
import re

import pytest

CODE = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r'(?:CRASH_POINT\(|\.crash_point = )"([a-z_.]+)"')

API = ["cancel.after_lock", "cancel.before_commit", "cancel.after_commit"]
RELAY = ["relay.after_produce", "relay.after_report", "relay.before_commit"]
WORKER = ["worker.after_poll", "worker.after_claim", "worker.after_offset"]
REFUND = [
    "refund.after_claim",
    "refund.before_post",
    "refund.after_post",
    "refund.after_reply",
    "refund.before_record",
    "refund.after_record",
]
MAIL = ["mail.after_claim", "mail.before_send", "mail.after_send", "mail.after_record"]
REFUND_EVENT = ["refund_event.before_record"]
COMPLETE = ["complete.before_commit"]


def points_in_the_code():
    return {
        name
        for room in ("common", "services")
        for path in (CODE / room).rglob("*.[ch]")
        for name in NAMED.findall(path.read_text())
    }


def test_api_killed_at_each_point(new_world):
    world = new_world(only=("refund-worker", "notifier", "reaper"))
    bookings = world.book(len(API))
    for point, booking in zip(API, bookings, strict=True):
        victim = world.crash("api", point).wait_up()
        assert world.client.cancel(booking).outcome == "unknown"
        world.died_at(victim, point)
    world.start(["api"])
    world.cancel(bookings)
    world.judge()


def end_api_when_told(world):
    """What its relay, or a victim before it, had to tell is told; then it ends."""
    world.eventually(lambda: not world.stack.sql("SELECT 1 FROM outbox"), 20, "the API's relay is done")
    world.stack.of("api")[0].terminate()


def test_relay_of_the_api_killed_at_each_point(new_world):
    """The victim's relay is the only one, so it takes the batch. It finds nothing when it starts, else it dies before it is ready."""
    world = new_world(only=(), joined=False)
    bookings = world.book(3 * len(RELAY))
    for number, point in enumerate(RELAY):
        world.start(["api"])
        end_api_when_told(world)
        victim = world.crash("api", point).wait_up()
        for booking in bookings[3 * number : 3 * number + 3]:
            world.client.cancel(booking)
        world.died_at(victim, point)
    world.start(["refund-worker", "notifier", "reaper", "api"])
    world.cancel(bookings)
    world.judge()


def test_relay_of_a_worker_killed_at_each_point(new_world):
    """The same, with what a worker has to tell."""
    world = new_world(only=(), joined=False)
    for point in RELAY:
        world.start(["api"])
        world.cancel(world.book(3))
        end_api_when_told(world)
        world.died_at(world.crash("refund-worker", point), point)
    world.start(["refund-worker", "notifier", "reaper", "api"])
    world.judge()


@pytest.mark.parametrize("service", ["refund-worker", "notifier"])
@pytest.mark.parametrize("point", WORKER)
def test_worker_killed_at(new_world, service, point):
    world = new_world(only=[name for name in ("api", "refund-worker", "notifier", "reaper") if name != service])
    bookings = world.book(3)
    victim = world.crash(service, point)
    world.cancel(bookings)
    world.died_at(victim, point)
    world.start([service])
    world.judge()


@pytest.mark.parametrize(
    ("service", "points"),
    [("refund-worker", [*REFUND, "refund.after_post:2", "refund.before_record:3"]), ("notifier", MAIL)],
)
def test_killed_over_its_work_at_each_point(new_world, service, points):
    """Each victim finds what the one before it has left, and new work."""
    world = new_world(only=[name for name in ("api", "refund-worker", "notifier", "reaper") if name != service])
    for point in points:
        victim = world.crash(service, point)
        world.cancel(world.book(3))
        world.died_at(victim, point)
    world.start([service])
    world.judge()


@pytest.mark.parametrize("point", COMPLETE)
def test_reaper_killed_at(new_world, point):
    world = new_world(only=("api", "refund-worker", "notifier"))
    over = world.stack.seed.booking(world.parent, world.teacher, starts_in="-3 hours")
    victim = world.crash("reaper", point)
    world.died_at(victim, point)
    assert world.stack.one("SELECT status FROM bookings WHERE id = %s", over.id)["status"] == 1
    world.start(["reaper"])
    world.judge()
    assert world.stack.one("SELECT status FROM bookings WHERE id = %s", over.id)["status"] == 2


@pytest.mark.parametrize("point", REFUND_EVENT)
def test_refund_worker_killed_over_an_event_of_stripe(new_world, point):
    """A pending refund moves on at Stripe, which says so; the worker dies over the news. It hears of it from nobody else: its own looks
    at Stripe, which would often be faster, are refused until then."""
    world = new_world(only=("api", "notifier", "reaper"))
    world.webhooks()
    (booking,) = world.book()
    world.stack.stripe.post(
        f"payment_intents/{booking.payment_intent}/course", course="pending_succeeded", delay_s=1
    )
    world.stripe_fault("error", status=503, effect=False, method="GET", count=None)
    victim = world.crash("refund-worker", point)
    world.cancel([booking])
    world.died_at(victim, point)
    world.no_stripe_faults()
    world.start(["refund-worker"])
    world.judge()


def points_in_the_tests():
    """Every crash point that a whole-system test names, here or in its own file; "name:n" counts for name."""
    words = {
        node.value.split(":")[0]
        for folder in ("e2e", "fault")
        for path in (CODE / "tests" / folder).glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return words & points_in_the_code()


def test_every_crash_point_of_the_code_is_killed_at():
    """A new CRASH_POINT in the code stays red until a test kills a process there."""
    wanted, named = points_in_the_code(), points_in_the_tests()
    print(f"crash points covered: {len(named)} of {len(wanted)}")
    assert sorted(wanted - named) == [], "nobody is killed at these"
    ours = {point.split(":")[0] for point in (*API, *RELAY, *WORKER, *REFUND, *MAIL, *REFUND_EVENT, *COMPLETE)}
    assert ours - wanted == set(), "these are no longer in the code"
