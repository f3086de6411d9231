"""Rows that a story starts from: people, offers and bookings, paid at the simulator."""

import itertools
import json
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

MAIL_DOMAIN = "families.example"
_numbers = itertools.count(1)


@dataclass
class Person:
    id: int
    subject: str
    role: str
    email: str
    name: str
    token: str = field(repr=False)


@dataclass
class Booking:
    id: int
    parent: Person
    teacher: Person
    payment_intent: str | None
    amount_minor: int
    currency: str


class Seed:
    def __init__(self, stack):
        self.stack = stack

    def person(self, role, name, *, time_zone="UTC", locale="en", guardian=None, email=None):
        number = next(_numbers)
        subject = f"{role.lower()}-{number}"
        email = email or f"{subject}@{MAIL_DOMAIN}"
        row = self.stack.one(
            "INSERT INTO users (subject, email, display_name, time_zone, locale, guardian_id)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            subject,
            email,
            name,
            time_zone,
            locale,
            guardian.id if guardian else None,
        )
        token = self.stack.issuer.mint(subject, role, email=email, name=name)
        person = Person(row["id"], subject, role, email, name, token)
        if self.stack.login:
            self.stack.login.add(person)
        return person

    def offer(
        self,
        teacher,
        *,
        title="Algebra, one to one",
        minutes=60,
        amount_minor=4500,
        currency="EUR",
        notice="24 hours",
    ):
        return self.stack.one(
            "INSERT INTO offers (teacher_id, title, duration, amount_minor, currency, cancel_notice)"
            " VALUES (%s, %s, make_interval(mins => %s), %s, %s, %s) RETURNING id",
            teacher.id,
            title,
            minutes,
            amount_minor,
            currency,
            notice,
        )["id"]

    def payment(self, amount_minor, currency, booking_id, email=None):
        """A captured PaymentIntent: at the simulator, or at the Stripe (in test mode) that was given."""
        if not self.stack.stripe:
            return self._pay_at_given_stripe(amount_minor, currency, booking_id)
        return self.stack.stripe.post(
            "payment_intents",
            amount=amount_minor,
            currency=currency.lower(),
            metadata={"booking_id": str(booking_id)},
            **({"email": email} if email else {}),
        )

    def _pay_at_given_stripe(self, amount_minor, currency, booking_id):
        """By a test card. Over urllib, because Stripe itself speaks TLS only."""
        given = self.stack.settings()
        form = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "confirm": "true",
            "payment_method": "pm_card_visa",
            "payment_method_types[0]": "card",
            "metadata[booking_id]": booking_id,
        }
        request = urllib.request.Request(
            f"{given['UNBOOK_STRIPE_URL']}/v1/payment_intents",
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Bearer {given['UNBOOK_STRIPE_KEY']}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def booking(
        self,
        parent,
        teacher,
        *,
        starts_in="3 days",
        student=None,
        offer=None,
        status=1,
        title="Algebra, one to one",
        minutes=60,
        amount_minor=4500,
        currency="EUR",
        notice="24 hours",
        paid=True,
    ):
        """starts_in is an SQL interval from the database's clock. paid: captured at the simulator."""
        row = self.stack.one(
            "INSERT INTO bookings (parent_id, student_id, teacher_id, offer_id, title, starts_at, ends_at,"
            " amount_minor, currency, cancel_notice, stripe_session_id, cancelled_at, cancel_cause)"
            " SELECT %s, %s, %s, %s, %s, at, at + make_interval(mins => %s), %s, %s, %s, %s, NULL, NULL"
            " FROM (SELECT clock_timestamp() + %s::interval AS at) t RETURNING id",
            parent.id,
            (student or parent).id,
            teacher.id,
            offer,
            title,
            minutes,
            amount_minor,
            currency,
            notice,
            f"cs_test_seed{next(_numbers)}" if paid else None,
            starts_in,
        )
        intent = None
        if paid:
            payment = self.payment(amount_minor, currency, row["id"], parent.email)
            intent = payment["id"]
            self.stack.sql(
                "INSERT INTO payments (payment_intent, booking_id, charge_id, amount_minor, currency,"
                " captured_at) VALUES (%s, %s, %s, %s, %s, clock_timestamp())",
                intent,
                row["id"],
                payment.get("latest_charge"),
                amount_minor,
                currency,
            )
            self.stack.sql(
                "UPDATE bookings SET payment_intent = %s, paid_at = clock_timestamp() WHERE id = %s",
                intent,
                row["id"],
            )
        for step in {0: (), 1: (1,), 2: (1, 2)}[status]:
            self.stack.sql("UPDATE bookings SET status = %s WHERE id = %s", step, row["id"])
        if status == 1:
            self.stack.sql(
                "INSERT INTO meetings (booking_id, provider, external_id, url, state, next_try_at)"
                " VALUES (%s, 'template', %s, %s, 'ready', clock_timestamp())",
                row["id"],
                f"meet-{row['id']}",
                f"https://meet.example/{row['id']}",
            )
        return Booking(row["id"], parent, teacher, intent, amount_minor, currency)

    def family(self, **names):
        """A parent, a teacher and an admin, as most stories need them."""
        return (
            self.person("Parent", names.get("parent", "Petra Novák"), time_zone="Europe/Berlin"),
            self.person("Teacher", names.get("teacher", "Tomás Ibáñez"), time_zone="Europe/Madrid"),
            self.person("Admin", names.get("admin", "Ada Admin")),
        )
