"""What stands in the topics may be old, doubled, broken or forged: F8, F9."""

import json
import pathlib
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from judge.evidence import read_topics
from stack.wait import never

CASES = pathlib.Path(__file__).resolve().parents[1] / "data" / "topics"
WEEK_S = 7 * 24 * 3600


def producer(world):
    return Producer({"bootstrap.servers": world.stack.kafka.bootstrap, "log_level": 0, "linger.ms": 0})


def test_duplicated_reordered_and_week_old_records(world):
    """F8: everything that was ever said comes three times more, backwards, and then all offsets go back to the start."""
    world.cancel(world.book(6))
    world.judge()
    records = read_topics(world.stack)
    out = producer(world)
    stamp = int((time.time() - WEEK_S) * 1000)
    for _ in range(3):
        for r in reversed(records):
            out.produce(r.topic, r.raw, r.key.encode(), headers=r.headers, timestamp=stamp)
    assert out.flush(15) == 0
    world.eventually(lambda: caught_up(world), 20, "all of it is read")
    before = untouched(world)
    for name in ("refund-worker", "notifier"):
        service = world.stack.of(name)[0]
        service.sigterm()
        assert service.wait_exit(25) == 0
        rewind(world, name)
    world.start(["refund-worker", "notifier"])
    world.eventually(lambda: caught_up(world), 20, "read from the start")
    world.judge()
    assert untouched(world) == before, "an old record did something"


def untouched(world):
    return {
        table: world.stack.sql(f"SELECT * FROM {table} ORDER BY 1")
        for table in ("refunds", "mails", "bookings", "stripe_refunds", "booking_log", "dead_letters")
    }


def committed(world, group):
    """{(topic, partition): (offset that the group has stored, end)} of the topics that it reads."""
    consumer = Consumer(
        {"bootstrap.servers": world.stack.kafka.bootstrap, "group.id": world.stack.prefix + group, "log_level": 0}
    )
    try:
        topics = ["unbook.refunds"] + (["unbook.bookings"] if group == "notifier" else [])
        parts = [TopicPartition(world.stack.prefix + t, p) for t in topics for p in range(world.stack.kafka.partitions)]
        stored = consumer.committed(parts, timeout=10)
        ends = {}
        for part in parts:
            ends[part.topic, part.partition] = consumer.get_watermark_offsets(part, timeout=10)[1]
        return {(s.topic, s.partition): (s.offset, ends[s.topic, s.partition]) for s in stored}
    finally:
        consumer.close()


def caught_up(world):
    """Lag 0: whatever came was dealt with, and its offset is committed. A topic without a leader yet is not caught up."""
    try:
        return all(
            offset == end or (end == 0 and offset < 0)
            for group in ("refund-worker", "notifier")
            for offset, end in committed(world, group).values()
        )
    except KafkaException as error:
        if error.args[0].code() == KafkaError.NOT_LEADER_FOR_PARTITION:
            return False
        raise


def rewind(world, group):
    consumer = Consumer(
        {"bootstrap.servers": world.stack.kafka.bootstrap, "group.id": world.stack.prefix + group, "log_level": 0}
    )
    try:
        parts = [TopicPartition(t, p, 0) for t, p in committed(world, group)]
        consumer.commit(offsets=parts, asynchronous=False)
    finally:
        consumer.close()


def poison():
    """[(name, topic, key, value, headers, code)] of every case for a topic that somebody reads."""
    for folder in sorted(p for p in CASES.iterdir() if p.is_dir()):
        record = json.loads((folder / "record.json").read_text())
        expect = json.loads((folder / "expect.json").read_text())
        if record["topic"] not in ("unbook.refunds", "unbook.bookings"):
            continue
        headers = [(k, v.encode()) for k, v in record.get("headers", {}).items()]
        headers += [(k, bytes.fromhex(v)) for k, v in record.get("headers_hex", {}).items()]
        key = record["key"].encode() if record.get("key") is not None else None
        yield folder.name, record["topic"], key, value_of(record), headers, expect.get("code")


def value_of(record):
    if "text" in record:
        return record["text"].encode()
    if "hex" in record:
        return bytes.fromhex(record["hex"])
    if "repeat" in record:
        return (record["repeat"]["text"] * record["repeat"]["times"]).encode()
    return None if record.get("value") is None else json.dumps(record["value"]).encode()


def test_poison_records_become_dead_letters(world):
    """F9: each bad record of tests/data/topics is put aside once, the offset moves on, and the next good one is served."""
    (booking,) = world.book()
    out = producer(world)
    where, cases = {}, list(poison())

    def remember(name):
        def reported(error, message):
            assert error is None, f"{name}: {error}"
            where[message.topic(), message.partition(), message.offset()] = name

        return reported

    for name, topic, key, value, headers, _ in cases:
        world.stack.forged.add(value or b"")
        out.produce(world.stack.prefix + topic, value, key, headers=headers, on_delivery=remember(name))
    assert out.flush(15) == 0
    world.cancel([booking])
    world.eventually(lambda: caught_up(world), 30, "every offset moved on")
    letters = {where.get((d["topic"], d["partition"], d["offset"])): d for d in dead_letters(world)}
    codes = {name: code for name, *_, code in cases}
    for name, code in codes.items():
        if code:
            assert name in letters, f"{name} was not put aside"
            assert letters[name]["reason"].startswith(code), (name, letters[name]["reason"])
    for name, letter in letters.items():
        assert codes[name] or "unknown" in letter["reason"], (name, letter["reason"])
    assert len(dead_letters(world)) == len(letters)
    total = sum(
        value
        for service in world.stack.running
        for key, value in service.metrics().items()
        if key.startswith("unbook_dead_letters_total")
    )
    assert total >= len(letters), "no alarm counts them"
    world.judge(forged=True, dead_letters=len(letters))


def dead_letters(world):
    return world.stack.sql("SELECT * FROM dead_letters")


def test_forged_records_do_nothing(world):
    """Somebody with access to the broker says "cancelled" and "refund due" of Confirmed and unknown bookings."""
    (mine, other) = world.book(2)
    out = producer(world)
    for kind, topic, body in (
        ("unbook.booking.cancelled.v1", "unbook.bookings", {"status": 3, "statusName": "Cancelled", "cause": "parent"}),
        (
            "unbook.refund.requested.v1",
            "unbook.refunds",
            {
                "refundId": "6f1c1f7e-6c5b-4a87-9d4e-3f5f6f0b2a11",
                "paymentIntent": other.payment_intent,
                "state": "requested",
                "amountMinor": 4500,
                "currency": "EUR",
                "generation": 1,
            },
        ),
        (
            "unbook.refund.changed.v1",
            "unbook.refunds",
            {"refundId": "6f1c1f7e-6c5b-4a87-9d4e-3f5f6f0b2a11", "state": "failed", "generation": 1},
        ),
    ):
        head = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/forged", "ce_type": kind}
        head |= {"ce_time": "2020-01-01T00:00:00Z", "content-type": "application/json"}
        value = json.dumps(
            {"bookingId": other.id, "parentId": 1, "studentId": 1, "teacherId": 2, "version": 9, **body}
        ).encode()
        world.stack.forged.add(value)
        out.produce(
            world.stack.prefix + topic,
            value,
            str(other.id).encode(),
            headers=[(k, v.encode()) for k, v in head.items()],
        )
    assert out.flush(15) == 0
    world.cancel([mine])
    world.eventually(lambda: caught_up(world), 30, "every offset moved on")
    never(lambda: world.stack.sql("SELECT 1 FROM mails WHERE booking_id = %s", other.id), 0.3)
    world.judge(forged=True, dead_letters=1)
    assert world.stack.one("SELECT status FROM bookings WHERE id = %s", other.id)["status"] == 1
