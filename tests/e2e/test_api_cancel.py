"""PUT and POST /api/Sessions/{id}/cancel: what it decides, what it writes, what it says (story MYM-31)."""

import concurrent.futures
import json
import threading
from urllib.parse import quote

import psycopg
import pytest
from api_world import DATA, world  # noqa: F401
from stack.http import Http

BODIES = sorted(path.name for path in (DATA / "cancel_bodies").iterdir())


def test_more_than_24_hours_ahead_it_is_cancelled_refunded_and_both_are_told(world):  # noqa: F811
    booking = world.booking()
    answer = world.cancel(booking, world.parent, {"reason": "My child is ill"})
    assert answer.status == 200 and answer.data is True
    assert "€45.00" in answer.json["message"] and "refund" in answer.json["message"]
    row = world.row(booking)
    assert (row["status"], row["cancel_cause"], row["cancelled_by"], row["version"]) == (
        3,
        "parent",
        world.parent.id,
        2,
    )
    assert row["cancellation_reason"] == "My child is ill"
    refund = world.stack.one("SELECT * FROM refunds WHERE booking_id = %s", booking.id)
    assert (refund["payment_intent"], refund["state"], refund["cause"]) == (
        booking.payment_intent,
        "requested",
        "parent",
    )
    mails = world.stack.sql("SELECT * FROM mails WHERE booking_id = %s ORDER BY recipient_id", booking.id)
    assert [(m["kind"], m["recipient_id"], m["booking_version"]) for m in mails] == [
        ("cancelled", world.parent.id, 2),
        ("cancelled", world.teacher.id, 2),
    ]
    assert world.stack.one("SELECT state FROM meetings WHERE booking_id = %s", booking.id)["state"] in (
        "unwanted",
        "gone",
    )
    log = world.stack.sql("SELECT what, actor FROM booking_log WHERE booking_id = %s ORDER BY id", booking.id)
    assert [(e["what"], e["actor"]) for e in log] == [
        ("cancelled", f"user:{world.parent.id}"),
        ("refund_requested", f"user:{world.parent.id}"),
    ]


def test_it_says_what_is_back_and_what_lacks_when_a_part_failed(world):  # noqa: F811
    booking = world.booking()
    world.cancel(booking, world.parent)
    world.stack.sql(
        "WITH r AS (UPDATE refunds SET state = 'needs_attention', failure_reason = 'refund_short'"
        " WHERE payment_intent = %s RETURNING id, payment_intent)"
        " INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, refund_id, generation)"
        " SELECT 're_ours' || id, payment_intent, 3500, 'EUR', 'succeeded', id, 1 FROM r"
        " UNION ALL SELECT 're_part' || id, payment_intent, 1000, 'EUR', 'failed', NULL, NULL FROM r",
        booking.payment_intent,
    )

    def shown(**row):
        world.stack.sql(
            f"UPDATE refunds SET {', '.join(f'{column} = %s' for column in row)} WHERE payment_intent = %s",
            *row.values(), booking.payment_intent,
        )  # fmt: skip
        refund = world.api.get(f"/api/Sessions/{booking.id}", token=world.parent.token).data["refund"]
        return refund["status"], refund["amountMinor"], refund["words"]

    back = " €35.00 was returned before."
    late = "The refund of €10.00 takes longer than usual. We are looking into it."
    assert shown(generation=1) == ("needs_attention", 1000, late + back)
    asked = "A refund of the remaining €10.00 has been requested."
    assert shown(state="requested", generation=2) == ("requested", 1000, asked + back)
    settled = {"settled_by": "operator:bo", "settled_reference": "x", "settled_at": "2026-01-01", "settled_minor": 1000}
    other = "€10.00 was returned another way."
    assert shown(state="needs_attention", generation=1, **settled) == ("settled", 1000, other + back)
    lacks = "The refund of €4.00 takes longer than usual. We are looking into it. €6.00 was returned another way."
    assert shown(settled_minor=600) == ("needs_attention", 400, lacks + back)
    world.stack.sql(
        "INSERT INTO booking_log (booking_id, actor, what) VALUES (%s, 'operator:bo', 'refund_retried')", booking.id
    )
    told = world.api.get(f"/api/Sessions/{booking.id}/timeline", token=world.parent.token).data
    assert told[-1]["words"] == "The refund was taken up again."


def test_a_session_that_took_place_shows_the_refund_by_hand_that_was_taken_over(world):  # noqa: F811
    booking = world.booking(status=2, starts_in="-3 hours")
    world.stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status)"
        " VALUES (%s, %s, 4500, 'EUR', 'succeeded')", f"re_all{booking.id}", booking.payment_intent,
    )  # fmt: skip
    world.stack.sql(
        "INSERT INTO refunds (id, payment_intent, booking_id, cause, state, next_try_at)"
        " VALUES (gen_random_uuid(), %s, %s, 'admin', 'succeeded', now())", booking.payment_intent, booking.id,
    )  # fmt: skip
    path = f"/api/Sessions/{booking.id}"
    shown = world.api.get(path, token=world.parent.token).data["refund"]
    assert (shown["status"], shown["amountMinor"]) == ("succeeded", 4500)
    assert shown["words"].startswith("€45.00 was returned.")
    world.stack.sql("UPDATE refunds SET state = 'needs_attention' WHERE payment_intent = %s", booking.payment_intent)
    world.stack.sql("UPDATE stripe_refunds SET status = 'failed' WHERE payment_intent = %s", booking.payment_intent)
    shown = world.api.get(path, token=world.parent.token).data["refund"]
    assert (shown["status"], shown["amountMinor"]) == ("needs_attention", 4500)


def test_it_promises_what_a_refund_by_hand_or_a_dispute_has_left(world):  # noqa: F811
    booking = world.booking()
    world.stack.sql(
        "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status) VALUES"
        " (%s, %s, 1000, 'EUR', 'pending'), (%s, %s, 700, 'EUR', 'failed')",
        f"re_hand{booking.id}",
        booking.payment_intent,
        f"re_lost{booking.id}",
        booking.payment_intent,
    )
    path = f"/api/Sessions/{booking.id}"
    for status, words in (("pending", "is on its way back."), ("succeeded", "was returned.")):
        world.stack.sql("UPDATE stripe_refunds SET status = %s WHERE id = %s", status, f"re_hand{booking.id}")
        shown = world.api.get(path, token=world.parent.token).data
        assert shown["refund"]["words"] == f"€10.00 of the €45.00 that was paid {words}"
    assert "What remains of the payment is returned: €35.00." in shown["cancelMessage"]
    assert (shown["refund"]["status"], shown["refund"]["amountMinor"]) == ("by_hand", 1000)
    message = world.cancel(booking, world.parent).json["message"]
    assert "the remaining €35.00 is on its way" in message and "€10.00 was returned before" in message
    assert "remaining €35.00" in world.cancel(booking, world.parent).json["message"], "a repeat says the same"
    told = world.stack.one(
        "SELECT detail FROM booking_log WHERE booking_id = %s AND what = 'refund_requested'", booking.id
    )
    assert told["detail"]["amountMinor"] == 3500
    assert world.api.get(path, token=world.parent.token).data["refund"]["amountMinor"] == 3500
    (listed,) = [
        s for s in world.api.get("/api/Sessions/parent/bookings", token=world.parent.token).data if s["id"] == booking.id
    ]
    assert "€10.00 was returned before" in listed["refund"]["words"]

    disputed = world.booking()
    log = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', 'disputed', %s)"
    word = {"dispute": "dp_1", "status": "needs_response", "paymentIntent": disputed.payment_intent}
    world.stack.sql(log, disputed.id, json.dumps(word))
    world.stack.sql(log, disputed.id, json.dumps(word | {"status": "won", "paymentIntent": "pi_other"}))
    message = world.cancel(disputed, world.parent).json["message"]
    assert "disputed with the bank" in message and "€" not in message


def the_bank_gives_back(world, booking, amount_minor):
    word = {"dispute": "dp_1", "status": "lost", "paymentIntent": booking.payment_intent}
    world.stack.sql(
        "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%s, 'stripe', 'charged_back', %s)",
        booking.id,
        json.dumps(word | {"amountMinor": amount_minor, "currency": "eur"}),
    )


def test_what_the_bank_has_given_back_is_not_refunded_and_both_are_told(world):  # noqa: F811
    booking = world.booking()
    the_bank_gives_back(world, booking, 4500)
    path = f"/api/Sessions/{booking.id}"
    offer = world.api.get(path, token=world.parent.token).data["cancelMessage"]
    assert offer.endswith("The bank has already given the payment back, so no refund by us follows.")
    words = "The bank has already given €45.00 back to whoever paid, so no refund by us follows."
    for message in (world.cancel(booking, world.parent).json["message"] for _ in range(2)):
        assert message.endswith(f" {words}")
    assert not world.stack.sql("SELECT 1 FROM refunds WHERE booking_id = %s", booking.id)
    mails = world.stack.sql("SELECT kind, recipient_id FROM mails WHERE booking_id = %s ORDER BY recipient_id", booking.id)
    assert [(m["kind"], m["recipient_id"]) for m in mails] == [
        ("cancelled", world.parent.id),
        ("cancelled", world.teacher.id),
    ]
    refund = world.api.get(path, token=world.parent.token).data["refund"]
    assert (refund["status"], refund["words"], refund["amountMinor"]) == ("charged_back", words, 4500)
    assert refund["expectedBy"] is None and refund["failureReason"] is None
    told = world.api.get(f"{path}/timeline", token=world.parent.token).data
    assert [e["what"] for e in told][:2] == ["charged_back", "cancelled"]
    assert told[0]["words"] == "The dispute is lost: the bank has given the disputed money back to whoever paid."


def test_what_the_bank_has_left_of_a_payment_is_not_promised_to_the_card(world):  # noqa: F811
    booking = world.booking()
    the_bank_gives_back(world, booking, 1000)
    path = f"/api/Sessions/{booking.id}"
    shown = world.api.get(path, token=world.parent.token).data
    part = "The bank has given €10.00 of the €45.00 that was paid back to whoever paid."
    refund = shown["refund"]
    assert (refund["status"], refund["words"], refund["amountMinor"]) == ("charged_back", part, 1000)
    assert shown["cancelMessage"].endswith(
        "The bank has given a part of the payment back; what remains is returned another way: €35.00."
    )
    words = (
        "The bank has already given €10.00 back to whoever paid; the remaining €35.00 is returned another way,"
        " and our team sees to it."
    )
    for message in (world.cancel(booking, world.parent).json["message"] for _ in range(2)):
        assert message.endswith(f" {words}")
    refund = world.api.get(path, token=world.parent.token).data["refund"]
    assert (refund["words"], refund["amountMinor"], refund["expectedBy"]) == (words, 3500, None)


def test_the_events_carry_ids_and_the_callers_trace(world):  # noqa: F811
    # An API without a broker: its outbox keeps what a relay would take at once.
    service = world.stack.start_service("api", wait=False, UNBOOK_KAFKA_BOOTSTRAP="127.0.0.1:1")
    service.wait_listening()
    others = [s for s in world.stack.of("api") if s is not service]
    for other in others:
        other.sigstop()
    try:
        booking = world.booking()
        trace = "0af7651916cd43dd8448eb211c80319c"
        answer = Http(service.url).put(
            f"/api/Sessions/{booking.id}/cancel",
            token=world.parent.token,
            headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"},
        )
        assert answer.status == 200, "without Kafka it is only later"
        rows = world.stack.sql("SELECT * FROM outbox WHERE aggregateid = %s ORDER BY id", str(booking.id))
    finally:
        for other in others:
            other.sigcont()
        service.terminate(30)
    assert [r["type"] for r in rows] == ["unbook.booking.cancelled.v1", "unbook.refund.requested.v1"]
    assert all(trace in r["headers"] for r in rows)
    cancelled, requested = (json.loads(r["payload"]) for r in rows)
    assert (cancelled["bookingId"], cancelled["status"], cancelled["cause"], cancelled["version"]) == (
        booking.id,
        3,
        "parent",
        2,
    )
    assert requested["amountMinor"] == 4500 and requested["paymentIntent"] == booking.payment_intent
    text = json.dumps([cancelled, requested])
    assert "@" not in text and world.parent.name not in text


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_repeated_it_is_the_same_answer_and_nothing_more(world, method):  # noqa: F811
    booking = world.booking()
    assert world.cancel(booking, world.parent, method=method).status == 200
    before = {table: world.count(table, booking) for table in ("refunds", "mails", "booking_log")}
    for person in (world.parent, world.teacher, world.admin):
        again = world.cancel(booking, person, method=method)
        assert again.status == 200 and again.data is True
        assert "already cancelled" in again.json["message"] and "€45.00" in again.json["message"]
    assert before == {table: world.count(table, booking) for table in before}
    assert world.row(booking)["version"] == 2


def test_many_at_once_cancel_once(world):  # noqa: F811
    booking = world.booking()
    people = [world.parent, world.teacher, world.admin] * 8
    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(lambda person: world.cancel(booking, person), people))
    assert {a.status for a in answers} == {200}
    assert sum("already" not in a.json["message"] for a in answers) == 1
    assert (world.count("refunds", booking), world.count("mails", booking)) == (1, 2)


@pytest.mark.parametrize("starts_in", ["23 hours 59 minutes", "24 hours -1 second", "1 minute"])
def test_within_24_hours_it_is_too_late_in_the_words_of_the_button(world, starts_in):  # noqa: F811
    booking = world.booking(starts_in, teacher=world.stack.seed.person("Teacher", "Tess"))
    shown = world.api.get(f"/api/Sessions/{booking.id}", token=world.parent.token).data
    assert shown["canCancel"] is False
    answer = world.cancel(booking, world.parent)
    assert answer.status == 409 and answer.json["code"] == "too_late"
    assert answer.json["message"] == shown["cancelMessage"]
    assert "too late" in answer.json["message"] and "24 hours" in answer.json["message"]
    assert world.row(booking)["status"] == 1
    assert world.count("refunds", booking) == world.count("mails", booking) == 0


def test_an_admin_may_until_the_start(world):  # noqa: F811
    soon = world.booking("10 minutes", teacher=world.stack.seed.person("Teacher", "Tess"))
    assert world.cancel(soon, world.admin).status == 200
    row = world.row(soon)
    assert (row["cancel_cause"], row["cancelled_by"]) == ("admin", world.admin.id)
    running = world.booking("-10 minutes", teacher=world.stack.seed.person("Teacher", "Tess"))
    answer = world.cancel(running, world.admin)
    assert answer.status == 409 and answer.json["code"] == "not_cancellable"


def test_what_is_over_cannot_be_cancelled(world):  # noqa: F811
    done = world.booking("-50 hours", status=2)
    for person in (world.parent, world.teacher, world.admin):
        answer = world.cancel(done, person)
        assert answer.status == 409 and answer.json["code"] == "not_cancellable"
        assert "over" in answer.json["message"]


def test_the_teachers_cancel_is_a_full_refund_too(world):  # noqa: F811
    booking = world.booking()
    answer = world.cancel(booking, world.teacher)
    assert answer.status == 200 and "the parent" in answer.json["message"]
    assert world.row(booking)["cancel_cause"] == "teacher"
    assert world.count("refunds", booking) == 1


def test_a_teachers_shorter_notice_is_a_setting(world):  # noqa: F811
    service = world.stack.start_service("api", UNBOOK_TEACHER_NOTICE_S=3600)
    try:
        api = Http(service.url)
        booking = world.booking("2 hours", teacher=world.stack.seed.person("Teacher", "Tess"))
        path = f"/api/Sessions/{booking.id}/cancel"
        assert api.put(path, token=world.parent.token).status == 409
        assert api.put(path, token=booking.teacher.token).status == 200
    finally:
        service.terminate(30)


def test_the_notice_is_the_one_of_the_booking(world):  # noqa: F811
    strict = world.booking("30 hours", notice="48 hours", teacher=world.stack.seed.person("Teacher", "Tess"))
    lax = world.booking("3 hours", notice="2 hours", teacher=world.stack.seed.person("Teacher", "Tess"))
    refused = world.cancel(strict, world.parent)
    assert refused.status == 409 and "48 hours" in refused.json["message"]
    assert world.cancel(lax, world.parent).status == 200


def test_nothing_paid_nothing_returned(world):  # noqa: F811
    booking = world.booking(paid=False)
    answer = world.cancel(booking, world.parent)
    assert answer.status == 200 and "Nothing was paid" in answer.json["message"]
    assert (world.count("refunds", booking), world.count("mails", booking)) == (0, 2)


def test_a_pending_one_is_released(world):  # noqa: F811
    booking = world.booking(status=0, paid=False)
    world.stack.sql(
        "UPDATE bookings SET stripe_session_id = %s WHERE id = %s", f"cs_test_{booking.id}", booking.id
    )
    answer = world.cancel(booking, world.parent)
    assert answer.status == 200 and answer.data is True
    assert (world.row(booking)["status"], world.row(booking)["cancel_cause"]) == (3, "parent")
    assert (world.count("refunds", booking), world.count("mails", booking)) == (0, 0)
    shown = world.api.get("/api/Sessions/parent/bookings", token=world.parent.token).data
    assert booking.id not in [session["id"] for session in shown]


def test_who_is_both_parent_and_teacher_gets_one_mail(world):  # noqa: F811
    booking = world.booking()
    world.stack.sql("UPDATE bookings SET teacher_id = parent_id WHERE id = %s", booking.id)
    assert world.cancel(booking, world.parent).status == 200
    assert world.count("mails", booking) == 1


@pytest.mark.parametrize("minor,currency,words", [(4500, "JPY", "¥4,500"), (12345, "KWD", "12.345")])
def test_the_amount_is_written_as_a_person_writes_it(world, minor, currency, words):  # noqa: F811
    booking = world.booking(amount_minor=minor, currency=currency)
    assert words in world.cancel(booking, world.parent).json["message"]


@pytest.mark.parametrize("case", BODIES)
def test_a_body_ends_as_its_case_says(world, case):  # noqa: F811
    folder = DATA / "cancel_bodies" / case
    kind = (folder / "type").read_text().strip() if (folder / "type").exists() else None
    expect = (folder / "expect").read_text().strip()
    booking = world.booking()
    answer = world.cancel(
        booking, world.parent, (folder / "body").read_bytes(), headers={"Content-Type": kind} if kind else {}
    )
    row = world.row(booking)
    if expect.startswith("invalid"):
        assert answer.status == 400 and answer.json["code"] == "invalid_body"
        field = expect.removeprefix("invalid").strip()
        assert [fault["field"] for fault in answer.json["details"]] == [field]
    elif expect == "unsupported":
        assert answer.status == 415 and answer.json["code"] == "unsupported_media_type"
    else:
        assert answer.status == 200, answer.text
        assert row["cancellation_reason"] == (expect.removeprefix("reason ") if expect != "none" else None)
    assert row["status"] == (3 if answer.status == 200 else 1)


@pytest.mark.parametrize(
    "bad", ["0", "-1", "01", "+1", "1.0", "abc", "9223372036854775808", "1e3", "0x1", "%31", "1;2", "١"]
)
def test_an_id_that_is_none_is_refused(world, bad):  # noqa: F811
    answer = world.api.put(f"/api/Sessions/{quote(bad, safe='%;+')}/cancel", token=world.parent.token)
    assert answer.status == 400 and answer.json["code"] == "invalid_id"


def test_a_cancel_that_waits_on_a_lock_across_the_deadline_is_refused(world):  # noqa: F811
    """Design rule 2: asked for in time, but decided by the clock after the wait."""
    booking = world.booking("24 hours 1500 milliseconds", teacher=world.stack.seed.person("Teacher", "Tess"))
    answers = []
    with psycopg.connect(world.stack.pg.url(world.stack.database)) as holder:
        holder.execute("SELECT 1 FROM bookings WHERE id = %s FOR NO KEY UPDATE", [booking.id])
        asked = holder.execute(
            "SELECT starts_at - clock_timestamp() > cancel_notice FROM bookings WHERE id = %s", [booking.id]
        ).fetchone()[0]
        assert asked, "it is still in time when it is asked for"
        waiter = threading.Thread(target=lambda: answers.append(world.cancel(booking, world.parent)))
        waiter.start()
        world.stack.eventually(
            lambda: world.stack.one(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND application_name = 'unbook-api' AND datname = current_database()"
            )["n"],
            5,
            "the cancel waits",
        )
        world.stack.eventually(
            lambda: world.stack.one(
                "SELECT starts_at - clock_timestamp() <= cancel_notice AS late FROM bookings WHERE id = %s",
                booking.id,
            )["late"],
            5,
            "the deadline passes",
        )
        holder.rollback()
    waiter.join(20)
    assert answers[0].status == 409 and answers[0].json["code"] == "too_late"
    assert world.row(booking)["status"] == 1


def test_a_row_that_stays_locked_is_503_and_nothing_happened(world):  # noqa: F811
    booking = world.booking()
    with psycopg.connect(world.stack.pg.url(world.stack.database)) as holder:
        holder.execute("SELECT 1 FROM bookings WHERE id = %s FOR NO KEY UPDATE", [booking.id])
        answer = world.cancel(booking, world.parent)
        assert answer.status == 503 and answer.json["code"] == "unavailable"
        assert answer.headers["retry-after"] == "1"
        holder.rollback()
    assert world.row(booking)["status"] == 1
    assert world.cancel(booking, world.parent).status == 200
