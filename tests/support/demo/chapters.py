"""The chapters of the story, each told while it happens. What the services answered is kept for verify.py."""

import datetime

from stack.seed import Booking

from . import browser, show
from .topic import TopicReader
from .watch import Sight, watch

STRIPE_IS_AWAY = {"kind": "error", "status": 503, "effect": False, "path": "/v1/checkout/sessions/*/expire",
                  "count": None}


class StoryFailed(Exception):
    pass


class Scene:
    """Petra, Tomás, his offer, and the places to look at."""

    def __init__(self, stack):
        self.stack = stack
        stack.parent, stack.teacher, stack.admin = stack.seed.family()
        self.parent, self.teacher = stack.parent, stack.teacher
        self.offer = stack.seed.offer(self.teacher)
        self.topic = TopicReader(stack.kafka.bootstrap, stack.topics[0])
        self.line = show.TimeLine()

    def begin(self, heading):
        show.heading(heading)
        self.line.begin()

    def seeded(self, starts_in):
        """A lesson that was paid long ago."""
        return self.stack.seed.booking(self.parent, self.teacher, starts_in=starts_in, offer=self.offer)

    def hour_in(self, days):
        now = self.stack.one("SELECT clock_timestamp() AS at")["at"].astimezone(datetime.UTC)
        return now.replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=days, hours=1)

    def call(self, method, path, body=None):
        return self.stack.api.request(method, f"/api/Sessions/{path}", body=body, token=self.parent.token)

    def demand(self, answer, *wanted):
        """That the API answered with one of these."""
        if answer.status not in wanted:
            raise StoryFailed(f"the API answered {answer.status}: {answer.text}")
        return answer

    def sight(self, booking_id):
        return Sight(self.stack, self.topic, booking_id)

    def book(self, days):
        """A Pending booking and its checkout, as the API answered them."""
        body = {"teacherId": self.teacher.id, "offerId": self.offer,
                "scheduledDateTime": self.hour_in(days).isoformat()}
        data = self.demand(self.call("POST", "book", body), 201).data
        self.line.step("booked", f"201, booking {data['sessionId']}, held until {data['holdExpiresAt']}")
        return data

    def listed(self, booking_id):
        """The booking as My Bookings shows it, None when it does not."""
        found = self.demand(self.call("GET", "parent/bookings"), 200).data
        return next((session for session in found if session["id"] == booking_id), None)

    def pay(self, data):
        """On Stripe's page, and back. The answer of confirm-payment, which the page calls that she comes back to."""
        back = browser.pay(data["stripeCheckoutUrl"], self.parent.email, self.parent.name)
        self.line.step("paid", f"303 back to {back}")
        answer = self.call("POST", f"confirm-payment/{browser.checkout_of(back)}")
        self.line.step("confirm-payment", f"{answer.status} {answer.json['message']}")
        return answer


def lesson(scene):
    """Booked, paid on Stripe's page, Confirmed: (booking, session as the parent sees it)."""
    scene.begin("Petra books a lesson with Tomás in three days and pays for it")
    data = scene.book(3)
    scene.line.step("Stripe's page", data["stripeCheckoutUrl"])
    scene.demand(scene.pay(data), 200)
    sight = scene.sight(data["sessionId"])
    watch(scene.line, [
        ("row Confirmed", sight.confirmed),
        ("event published", lambda: sight.event("confirmed")),
        ("meeting link", sight.meeting),
        ("mail to parent", lambda: sight.mail("confirmed", scene.parent)),
        ("mail to teacher", lambda: sight.mail("confirmed", scene.teacher)),
    ])
    row = sight.row()
    booking = Booking(row["id"], scene.parent, scene.teacher, row["payment_intent"], row["amount_minor"],
                      row["currency"])
    return booking, scene.demand(scene.call("GET", str(row["id"])), 200).data


def cancel(scene, booking):
    """In time. The API's answer."""
    scene.begin("Petra cancels the lesson in three days")
    sight = scene.sight(booking.id)
    answer = scene.demand(scene.call("PUT", f"{booking.id}/cancel", {"reason": "We are ill"}), 200)
    scene.line.step("accepted", f"200 {answer.json['message']}")
    watch(scene.line, [
        ("row Cancelled", sight.cancelled),
        ("event published", lambda: sight.event("cancelled")),
        ("refund claimed", sight.refund_claimed),
        ("refund requested", sight.refund_sent),
        ("refund succeeded", sight.refunded),
        ("mail to parent", lambda: sight.mail("cancelled", scene.parent)),
        ("mail to teacher", lambda: sight.mail("cancelled", scene.teacher)),
    ])
    return answer


def cancel_late(scene, booking):
    """23 hours ahead. The API's answer."""
    scene.begin("Petra cancels a lesson that begins in 23 hours")
    answer = scene.call("PUT", f"{booking.id}/cancel", {"reason": "We are ill"})
    scene.line.step("refused" if answer.status == 409 else "answered",
                    f"{answer.status} {answer.json.get('code', '')}: {answer.json.get('message', '')}")
    return answer


def abandon(scene):
    """Booked, never paid: (booking's id, as My Bookings shows it before, and after)."""
    scene.begin("Petra books another lesson, closes Stripe's page and forgets it")
    data = scene.book(4)
    before = scene.listed(data["sessionId"])
    scene.line.step("My Bookings", f"shows it as {before['status']} {before['statusName']}" if before else "-")
    scene.stack.stripe.post(f"checkouts/{data['stripeSessionId']}/time_out")
    scene.line.step("its time is over", "Stripe's clock is pushed forward for this one checkout, and Stripe tells us")
    sight = scene.sight(data["sessionId"])
    watch(scene.line, [
        ("row Cancelled", sight.cancelled),
        ("event published", lambda: sight.event("cancelled")),
        ("checkout closed", sight.closed),
    ])
    after = scene.listed(data["sessionId"])
    scene.line.step("My Bookings", "still shows it" if after else "does not show it any more; the hour is free")
    return data["sessionId"], before, after


def pay_late(scene):
    """Cancelled while Stripe was away, then paid all the same: (booking's id, cancel-payment, confirm-payment)."""
    scene.begin("Petra leaves a payment while Stripe is out of reach, and then pays in another tab")
    data = scene.book(5)
    scene.stack.stripe.control("POST", "/_sim/faults", STRIPE_IS_AWAY)
    scene.line.step("Stripe is away", "every request to expire a checkout is answered 503")
    left = scene.demand(scene.call("POST", f"cancel-payment/{data['stripeSessionId']}"), 200)
    scene.line.step("cancel-payment", f"200 {left.json['message']}")
    sight = scene.sight(data["sessionId"])
    watch(scene.line, [("row Cancelled", sight.cancelled)])
    returned = scene.pay(data)
    watch(scene.line, [
        ("refund requested", sight.refund_sent),
        ("refund succeeded", sight.refunded),
        ("mail to parent", lambda: sight.mail("payment_returned", scene.parent)),
    ])
    scene.stack.stripe.control("DELETE", "/_sim/faults")
    return data["sessionId"], left, returned
