"""Watch one booking from all sides at once: rows, topic, Stripe, mails. Each step is told once."""

import time

from stack.wait import TimedOut


def watch(line, steps, timeout=30.0):
    """steps: [(what, look)]; look() tells what it sees, something false while it sees nothing."""
    waiting = dict(steps)
    deadline = time.monotonic() + timeout
    while waiting:
        for step, look in list(waiting.items()):
            if detail := look():
                line.step(step, detail)
                del waiting[step]
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {timeout:g} s: {', '.join(waiting)}")
        time.sleep(0.003)


class Sight:
    """What can be seen of one booking. Every method is a look: cheap, and false until it is so."""

    def __init__(self, stack, topic, booking_id):
        self.stack, self.topic, self.id = stack, topic, booking_id

    def row(self):
        return self.stack.one("SELECT * FROM bookings WHERE id = %s", self.id)

    def confirmed(self):
        row = self.row()
        return row["status"] == 1 and f"status 1, kept payment {row['payment_intent']}"

    def cancelled(self):
        row = self.row()
        return row["status"] == 3 and f"status 3, cause {row['cancel_cause']}, version {row['version']}"

    def closed(self):
        row = self.row()
        return row["checkout_closed_at"] and row["next_try_at"] is None and "nobody can pay it any more"

    def event(self, what):
        kind = f"unbook.booking.{what}.v1"
        where = self.topic.find(kind, self.id)
        return where and f"{kind}, {where}"

    def meeting(self):
        row = self.stack.one("SELECT url FROM meetings WHERE booking_id = %s AND state = 'ready'", self.id)
        return row and row["url"]

    def refund(self):
        return self.stack.one("SELECT * FROM refunds WHERE booking_id = %s", self.id)

    def refund_claimed(self):
        refund = self.refund()
        return refund and refund["attempts"] > 0 and f"refund {refund['id']}"

    def refund_sent(self):
        refund = self.refund()
        if not refund or not self.stack.stripe:
            return refund and refund["first_sent_at"] and "at the given Stripe"
        posts = self.stack.stripe.ledger.refund_posts(refund["payment_intent"])
        return posts and f"POST /v1/refunds, key {posts[0].key}"

    def refunded(self):
        refund = self.refund()
        if not refund or refund["state"] != "succeeded":
            return None
        row = self.stack.one("SELECT id, amount_minor, currency FROM stripe_refunds WHERE payment_intent = %s"
                             " AND status = 'succeeded'", refund["payment_intent"])
        return row and f"{row['id']}, {row['amount_minor']} {row['currency']} (minor units)"

    def mail(self, kind, person):
        row = self.stack.one("SELECT message_id, state FROM mails WHERE booking_id = %s AND kind = %s"
                             " AND recipient_id = %s", self.id, kind, person.id)
        if not row or not self.stack.mail:
            return row and row["state"] == "sent" and row["message_id"]
        copies = self.stack.mail.reader.by_message_id().get(row["message_id"], [])
        return copies and f"to {person.email}: {copies[0].subject}"
