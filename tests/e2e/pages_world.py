"""The whole system with a browser in front of it, shared by the tests of a module: people, their tokens, and what they see."""

import contextlib
import datetime
import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import Chromium, complaints
from stack import Stack
from stack.system import ROOT

SCREENS = ROOT / "build" / "screens"

CANCEL = "Cancel session"


class Pages:
    def __init__(self, stack, chromium):
        self.stack = stack
        self.chromium = chromium
        self.parent, self.teacher, self.admin = stack.seed.family()
        self.offer = stack.seed.offer(self.teacher)
        self.url = stack.of("api")[0].url
        self.axe = Axe()
        self._days = 10

    @contextlib.contextmanager
    def person(self, who=None, at="/", **how):
        """A page of that person's own browser; complaints of its scripts fail the test."""
        with self.chromium.person(**how) as context:
            yield self.open(context, at, who)
            assert not complaints(context)

    def open(self, context, at="/", who=None):
        page = context.new_page()
        page.goto(self.url + at + (f"#token={who.token}" if who else ""))
        return page

    def fresh_parent(self):
        return self.stack.seed.person("Parent", "Pia Parent")

    def booking(self, parent=None, starts_in="3 days", **more):
        """A paid one; each of its own teacher, so that hours do not matter."""
        teacher = more.pop("teacher", None) or self.stack.seed.person("Teacher", "Tina Teacher")
        return self.stack.seed.booking(parent or self.fresh_parent(), teacher, starts_in=starts_in, **more)

    def row(self, id):
        return self.stack.one("SELECT * FROM bookings WHERE id = %s", id)

    def choose_time(self, page):
        """On /book: a day that nobody else takes, at half past four."""
        self._days += 1
        day = datetime.date.today() + datetime.timedelta(days=self._days)
        page.locator("#date").fill(day.isoformat())
        page.locator("#start").fill("16:30")

    def look(self, page, name):
        """No violation of accessibility, nothing wider than the screen; a picture is kept."""
        page.wait_for_function("!document.querySelector('[aria-busy]')")
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
        results = self.axe.run(page, options={"rules": {"target-size": {"enabled": True}}})
        assert results.violations_count == 0, f"{name}: {results.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"


def card(page, booking):
    return page.locator(f"#session-{booking.id if hasattr(booking, 'id') else booking}")


@pytest.fixture(scope="module")
def chromium():
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(infra, build, chromium):
    stack = Stack(infra, build=build, own_pages=True, settings={"UNBOOK_CORS_ORIGINS": "http://127.0.0.1:8"})
    try:
        stack.start()
        stack.connect_webhooks()
        yield Pages(stack, chromium)
    finally:
        stack.stop()
    problems = stack.problems()
    assert not problems, "\n".join(problems)
    stack.remove()


@pytest.fixture(scope="module")
def family(pages):
    """A parent with a session of every kind."""
    parent = pages.fresh_parent()
    teacher = pages.teacher
    student = pages.stack.seed.person("Student", "Sofia Schüler", guardian=parent)
    late = pages.booking(parent, "20 hours", teacher=teacher, title="Piano for beginners", amount_minor=3800)
    early = pages.booking(parent, "3 days", teacher=teacher, student=student)
    gone = pages.booking(parent, "5 days", teacher=teacher, student=student, title="Spanish conversation")
    waits = pages.booking(parent, "6 days", teacher=teacher, title="Chess")
    part = pages.booking(parent, "8 days", teacher=teacher)
    pages.booking(parent, "-3 days", teacher=teacher, status=2)
    when = pages.stack.one("SELECT date_trunc('hour', clock_timestamp() + interval '7 days') AS at")["at"]
    body = {"teacherId": teacher.id, "scheduledDateTime": when.isoformat(), "notes": "Please bring the blue book."}
    held = pages.stack.api.post("/api/Sessions/book", body, token=parent.token)
    assert held.status == 201, held.text
    stripe = pages.stack.stripe
    stripe.post(f"payment_intents/{part.payment_intent}/refund", amount=1000)
    stripe.post(f"payment_intents/{waits.payment_intent}/course", course="requires_action")
    for booking, state in ((gone, "succeeded"), (waits, "requires_action")):
        pages.stack.api.put(f"/api/Sessions/{booking.id}/cancel", {"reason": "We are ill"}, token=parent.token)
        ends = "SELECT 1 FROM refunds WHERE booking_id = %s AND state = %s"
        pages.stack.eventually(lambda one=booking.id, to=state, sql=ends: pages.stack.one(sql, one, to))
    pages.stack.eventually(
        lambda: pages.stack.one("SELECT 1 FROM stripe_refunds WHERE payment_intent = %s", part.payment_intent)
    )
    return {
        "parent": parent,
        "held": held.data["sessionId"],
        "student": student,
        "late": late,
        "early": early,
        "gone": gone,
        "waits": waits,
        "part": part,
    }


def cancels(page):
    """Requests for a cancel that leave the page, as they do."""
    sent = []
    page.on("request", lambda one: one.method == "PUT" and one.url.endswith("/cancel") and sent.append(one))
    return sent


def confirm(page):
    page.get_by_role("dialog").get_by_role("button", name=CANCEL).click()


def book(pages, page):
    """Fill in the form and go to Stripe's page."""
    pages.choose_time(page)
    page.get_by_role("button", name="Go to payment").click()
    page.wait_for_url("**/c/pay/*")


def checkout_of(page):
    return page.url.rsplit("/", 1)[1].split("?")[0]


def of_checkout(pages, checkout):
    return pages.stack.one("SELECT * FROM bookings WHERE stripe_session_id = %s", checkout)


def fails_once(page, path, status, code):
    """The next request to that path is answered so, and does nothing; later ones are real."""
    body = json.dumps({"success": False, "message": "Not now.", "data": None, "code": code, "traceId": "4bf92f35"})
    page.route(path, lambda route: route.fulfill(status=status, body=body), times=1)
