"""Watch one booking from all sides at once: rows, topic, Stripe, mails. Each step is told once."""

import time

from stack.wait import TimedOut, eventually


class TopicReader:
    """All events of one topic, by Kafka's own protocol and without a group."""

    def __init__(self, bootstrap, topic, partitions=12):
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        self.consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "demo-reader", "enable.auto.commit": False,
            "fetch.wait.max.ms": 10, "log_level": 0})
        self.partitions = [TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)]
        self.consumer.assign(self.partitions)
        eventually(self._is_fetching, 15, f"reading {topic}")

    def _is_fetching(self):
        self.consumer.poll(0)  # nothing is there yet that anybody waits for
        seen = [self.consumer.get_watermark_offsets(p, cached=True) for p in self.partitions]
        return all(found and found[1] >= 0 for found in seen)

    def next(self):
        """(event type, key, "partition/offset") or None."""
        message = self.consumer.poll(0)
        if message is None or message.error():
            return None
        headers = {k: v.decode("utf-8", "replace") for k, v in message.headers() or [] if v}
        key = (message.key() or b"").decode("utf-8", "replace")
        return headers.get("ce_type", ""), key, f"partition {message.partition()}, offset {message.offset()}"

    def close(self):
        self.consumer.close()


class Watch:
    STEPS = ("row Cancelled", "event published", "refund claimed", "refund requested", "refund succeeded",
             "mail to parent", "mail to teacher")

    def __init__(self, stack, booking, line):
        self.stack, self.booking, self.line = stack, booking, line
        self.topic = TopicReader(stack.kafka.bootstrap, stack.topics[0])
        self.seen = {}

    def until_done(self, timeout=30.0):
        deadline = time.monotonic() + timeout
        while len(self.seen) < len(self.STEPS):
            for step, look in zip(self.STEPS, self._looks(), strict=True):
                if step not in self.seen:
                    detail = look()
                    if detail:
                        self.seen[step] = detail
                        self.line.step(step, detail)
            if time.monotonic() > deadline:
                missing = [step for step in self.STEPS if step not in self.seen]
                raise TimedOut(f"not within {timeout:g} s: {', '.join(missing)}")
            time.sleep(0.003)
        self.topic.close()

    def _looks(self):
        return (self._row, self._event, self._claimed, self._requested, self._succeeded,
                lambda: self._mail(self.booking.parent), lambda: self._mail(self.booking.teacher))

    def _row(self):
        row = self.stack.one("SELECT status, cancel_cause, version FROM bookings WHERE id = %s",
                             self.booking.id)
        return row["status"] == 3 and f"status 3, cause {row['cancel_cause']}, version {row['version']}"

    def _event(self):
        while event := self.topic.next():
            kind, key, where = event
            if kind == "unbook.booking.cancelled.v1" and key == str(self.booking.id):
                return f"{kind}, {where}"
        return None

    def _refund(self):
        return self.stack.one("SELECT * FROM refunds WHERE booking_id = %s", self.booking.id)

    def _claimed(self):
        refund = self._refund()
        return refund and refund["attempts"] > 0 and f"refund {refund['id']}"

    def _requested(self):
        if not self.stack.stripe:
            refund = self._refund()
            return refund and refund["first_sent_at"] and "at the given Stripe"
        posts = self.stack.stripe.ledger.refund_posts(self.booking.payment_intent)
        return posts and f"POST /v1/refunds, key {posts[0].key}"

    def _succeeded(self):
        refund = self._refund()
        if not refund or refund["state"] != "succeeded":
            return None
        row = self.stack.one("SELECT id, amount_minor, currency FROM stripe_refunds WHERE payment_intent = %s"
                             " AND status = 'succeeded'", self.booking.payment_intent)
        return row and f"{row['id']}, {row['amount_minor']} {row['currency']} (minor units)"

    def _mail(self, person):
        if not self.stack.mail:
            row = self.stack.one("SELECT message_id FROM mails WHERE booking_id = %s AND recipient_id = %s"
                                 " AND state = 'sent'", self.booking.id, person.id)
            return row and row["message_id"]
        mails = self.stack.mail.delivered(person.email)
        return mails and f"to {person.email}: {mails[0].subject}"
