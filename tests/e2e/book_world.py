"""A school that sells: one API over a database of its own, with teachers who have offers. Each booking at an hour of its own."""

import datetime
import itertools

import pytest
from stack import Stack
from stack.http import Http

DONE = "Session booking cancelled successfully"

_hours = itertools.count(100, 2)


class Shop:
    def __init__(self, stack, api=None):
        self.stack = stack
        self.one_api = api
        self.parent, self.teacher, self.admin = stack.seed.family()
        self.offer = stack.seed.offer(self.teacher)

    @property
    def api(self):
        return self.one_api or self.stack.api

    def fresh_parent(self):
        return self.stack.seed.person("Parent", "Pia Parent")

    def at(self, **ahead):
        """A time so far from the database's now; without arguments at an hour that nobody else takes."""
        ahead = ahead or {"hours": next(_hours)}
        now = self.stack.one("SELECT clock_timestamp() AS at")["at"]
        return (now + datetime.timedelta(**ahead)).astimezone(datetime.UTC).isoformat()

    def book(self, parent=None, when=None, teacher=None, api=None, **more):
        body = {"teacherId": (teacher or self.teacher).id, "scheduledDateTime": when or self.at(), **more}
        return (api or self.api).post(
            "/api/Sessions/book", body, token=(parent or self.fresh_parent()).token
        )

    def booked(self, parent=None, **more):
        """A Pending booking with its checkout: (parent, data of the answer)."""
        parent = parent or self.fresh_parent()
        answer = self.book(parent, **more)
        assert answer.status == 201, answer.text
        return parent, answer.data

    def row(self, id):
        return self.stack.one("SELECT * FROM bookings WHERE id = %s", id)

    def cancel_payment(self, checkout, person, api=None):
        return (api or self.api).post(f"/api/Sessions/cancel-payment/{checkout}", token=person.token)

    def confirm_payment(self, checkout, person):
        return self.api.post(f"/api/Sessions/confirm-payment/{checkout}", token=person.token)

    def cancel(self, id, person):
        return self.api.put(f"/api/Sessions/{id}/cancel", token=person.token)

    def pay(self, checkout, **more):
        return self.stack.stripe.post(f"checkouts/{checkout}/pay", **more)

    def at_stripe(self, checkout):
        """{"status": "open", ...}: the object as Stripe has it."""
        answer = Http(self.stack.stripe.url).get(
            f"/v1/checkout/sessions/{checkout}", headers={"Authorization": f"Bearer {self.stack.stripe.key}"}
        )
        return answer.json

    def count(self, table, id):
        return self.stack.one(f"SELECT count(*) AS n FROM {table} WHERE booking_id = %s", id)["n"]


@pytest.fixture(scope="module")
def shop(infra, build):
    """Without workers: rows stay as the API wrote them."""
    stack = Stack(infra, build=build)
    try:
        stack.start(only=("api",))
        yield Shop(stack)
    finally:
        stack.stop()
    problems = stack.problems()
    assert not problems, "\n".join(problems)
    stack.remove()


def break_stripe(shop, path, **fault):
    shop.stack.stripe.control("POST", "/_sim/faults", {**fault, "path": path})


def forget_faults(shop):
    shop.stack.stripe.control("DELETE", "/_sim/faults")


def confirmed(shop, data):
    row = shop.row(data["sessionId"])
    assert row["status"] == 1 and row["payment_intent"] and row["paid_at"]
    return row
