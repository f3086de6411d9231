"""GET teachers/available and POST book: price and slot from our tables, one checkout at Stripe, nothing left behind when that fails."""

import concurrent.futures
import json
import re

import pytest
from book_world import Shop, shop  # noqa: F401
from stack.http import Http

REPORT = "?session_id={CHECKOUT_SESSION_ID}&type=session-booking"


def creations(stack):
    return [
        e
        for e in stack.stripe.ledger.exchanges()
        if e.method == "POST" and e.path == "/v1/checkout/sessions"
    ]


def test_what_is_on_sale_is_shown_to_anybody_signed_in(shop):  # noqa: F811
    shop.stack.sql("UPDATE offers SET active = false WHERE id = %s", shop.stack.seed.offer(shop.teacher, title="Old"))
    answer = shop.api.get("/api/Sessions/teachers/available", token=shop.parent.token)
    assert answer.status == 200
    mine = [o for o in answer.data if o["teacherId"] == shop.teacher.id]
    assert len(mine) == 1
    offer = mine[0]
    assert (offer["offerId"], offer["teacherName"], offer["title"]) == (
        shop.offer,
        shop.teacher.name,
        "Algebra, one to one",
    )
    assert (offer["price"], offer["amountMinor"], offer["currency"]) == (45.0, 4500, "EUR")
    assert (offer["durationMinutes"], offer["cancelNoticeHours"], offer["cancelNoticeMinutes"]) == (60, 24, 1440)
    assert shop.api.get("/api/Sessions/teachers/available").status == 401


def test_a_booking_is_pending_held_and_has_its_checkout_before_anybody_hears_of_it(shop):  # noqa: F811
    when = shop.at()
    parent, data = shop.booked(when=when, notes=" fractions ")
    row = shop.row(data["sessionId"])
    assert (row["status"], row["stripe_session_id"]) == (0, data["stripeSessionId"])
    assert row["checkout_url"] == data["stripeCheckoutUrl"] and data["stripeCheckoutUrl"].startswith("http")
    assert (row["parent_id"], row["student_id"], row["teacher_id"]) == (parent.id, parent.id, shop.teacher.id)
    assert (row["amount_minor"], row["currency"], row["title"]) == (4500, "EUR", "Algebra, one to one")
    assert row["notes"] == "fractions" and row["payment_intent"] is None and row["paid_at"] is None
    assert (row["ends_at"] - row["starts_at"]).total_seconds() == 3600
    held = (row["hold_expires_at"] - row["created_at"]).total_seconds()
    assert 2097 < held <= 2100 and row["next_try_at"] == row["hold_expires_at"]
    log = shop.stack.sql("SELECT what, actor FROM booking_log WHERE booking_id = %s", row["id"])
    assert [(e["what"], e["actor"]) for e in log] == [("booked", f"user:{parent.id}")]
    shown = shop.api.get("/api/Sessions/parent/bookings", token=parent.token).data
    assert [(s["status"], s["statusName"], s["checkoutUrl"]) for s in shown] == [
        (0, "Pending", data["stripeCheckoutUrl"])
    ]


def test_the_checkout_is_what_the_report_wants(shop):  # noqa: F811
    parent, data = shop.booked()
    found = shop.at_stripe(data["stripeSessionId"])
    instance = str(shop.stack.one("SELECT id FROM instance")["id"])
    assert found["success_url"] == "http://localhost:4200/payment/success" + REPORT
    assert found["cancel_url"] == "http://localhost:4200/payment/cancel" + REPORT
    assert (found["amount_total"], found["currency"]) == (4500, "eur")
    assert found["payment_method_types"] == ["card"]
    assert found["client_reference_id"] == str(data["sessionId"])
    assert found["metadata"] == {"booking_id": str(data["sessionId"]), "instance_id": instance}
    assert found["expires_at"] == int(shop.row(data["sessionId"])["hold_expires_at"].timestamp())
    request = creations(shop.stack)[-1]
    assert request.key == f"checkout:{instance}:{data['sessionId']}"
    assert request.params["payment_intent_data"]["metadata"] == found["metadata"]


def test_the_own_hold_is_answered_again(shop):  # noqa: F811
    when = shop.at()
    parent, data = shop.booked(when=when)
    before = len(creations(shop.stack))
    again = shop.book(parent, when=when)
    assert again.status == 201 and again.data == data
    assert len(creations(shop.stack)) == before, "Stripe was not asked"
    mine = shop.stack.seed.person("Student", "Stu", guardian=parent)
    other = shop.book(parent, when=when, studentId=mine.id)
    assert other.status == 409 and other.json["code"] == "own_hold"
    assert other.data["stripeCheckoutUrl"] == data["stripeCheckoutUrl"]
    stranger = shop.book(when=when)
    assert stranger.status == 409 and stranger.json["code"] == "slot_taken" and stranger.data is None


def test_the_own_hold_takes_the_notes_of_who_comes_back(shop):  # noqa: F811
    when = shop.at()
    parent, data = shop.booked(when=when, notes="fractions")
    notes = lambda: shop.row(data["sessionId"])["notes"]  # noqa: E731
    body = {"teacherId": shop.teacher.id, "scheduledDateTime": when, "notes": " decimals "}
    first = {"token": parent.token, "headers": {"Idempotency-Key": "decimals"}}
    answer = shop.api.post("/api/Sessions/book", body, **first)
    assert (answer.status, answer.data, notes()) == (201, data, "decimals")
    for more, kept in (({}, "decimals"), ({"notes": None}, "decimals"), ({"notes": "roots"}, "roots")):
        assert shop.book(parent, when=when, **more).data == data
        assert notes() == kept
    again = shop.api.post("/api/Sessions/book", body, **first)
    assert again.headers["idempotent-replayed"] and again.data == data and notes() == "roots"
    stranger = shop.book(when=when, notes="mine")
    mine = shop.stack.seed.person("Student", "Stu", guardian=parent)
    other = shop.book(parent, when=when, notes="another", studentId=mine.id)
    assert (stranger.status, other.status, notes()) == (409, 409, "roots")
    assert shop.book(parent, when=when, notes=" ").data == data and notes() is None


def test_for_the_own_student_and_nobody_elses(shop):  # noqa: F811
    parent = shop.fresh_parent()
    mine = shop.stack.seed.person("Student", "Stu", guardian=parent)
    others = shop.stack.seed.person("Student", "Sven", guardian=shop.parent)
    _, data = shop.booked(parent, studentId=mine.id)
    assert shop.row(data["sessionId"])["student_id"] == mine.id
    for id in (others.id, shop.parent.id, 9_000_000_000):
        answer = shop.book(parent, studentId=id)
        assert answer.status == 400 and answer.json["code"] == "not_your_student"


def test_a_parent_learns_for_whom_they_may_book(shop):  # noqa: F811
    parent, seed = shop.fresh_parent(), shop.stack.seed
    people = [seed.person("Student", name, guardian=parent) for name in ("zoë", "Émile", "Äbby", "")]
    seed.person("Student", "Sven", guardian=shop.parent)
    listed = shop.api.get("/api/Sessions/parent/students", token=parent.token)
    assert listed.data == [{"id": people[i].id, "name": people[i].name} for i in (3, 2, 1, 0)]
    nobody = shop.api.get("/api/Sessions/Parent/Students", token=shop.fresh_parent().token)
    assert (nobody.status, nobody.data) == (200, [])


def test_the_offer_must_be_the_teachers_and_clear(shop):  # noqa: F811
    teacher = shop.stack.seed.person("Teacher", "Tess")
    assert shop.book(teacher=teacher).json["code"] == "not_offered"
    assert shop.book(teacher=teacher, offerId=shop.offer).json["code"] == "not_offered"
    shop.stack.seed.offer(teacher, title="One")
    two = shop.stack.seed.offer(teacher, title="Two", minutes=90, amount_minor=7000, currency="USD")
    assert shop.book(teacher=teacher).json["code"] == "offer_needed"
    _, data = shop.booked(teacher=teacher, offerId=two)
    row = shop.row(data["sessionId"])
    assert (row["title"], row["amount_minor"], row["currency"]) == ("Two", 7000, "USD")


@pytest.mark.parametrize(
    ("ahead", "code"),
    [({"minutes": 59}, "too_soon"), ({"hours": -1}, "too_soon"), ({"days": 365, "minutes": 1}, "too_far")],
)
def test_not_too_soon_and_not_too_far(shop, ahead, code):  # noqa: F811
    answer = shop.book(when=shop.at(**ahead))
    assert answer.status == 400 and answer.json["code"] == code


def test_three_unpaid_ones_at_once_are_enough(shop):  # noqa: F811
    parent = shop.fresh_parent()
    times = [shop.at() for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda when: shop.book(parent, when=when), times))
    assert sorted(a.status for a in answers) == [201] * 3 + [409] * 5
    assert {a.json["code"] for a in answers if a.status == 409} == {"too_many_holds"}
    mine = sorted((a.data for a in answers if a.status == 201), key=lambda hold: hold["holdExpiresAt"])
    again = shop.book(parent)
    assert again.json["code"] == "too_many_holds" and again.data in mine
    assert again.data["holdExpiresAt"] == mine[0]["holdExpiresAt"], "the one that runs out first"
    assert f"session {again.data['sessionId']} (" in again.json["message"]
    shop.cancel_payment(again.data["stripeSessionId"], parent)
    assert shop.book(parent).status == 201


def test_one_slot_is_sold_once(shop):  # noqa: F811
    when = shop.at()
    parents = [shop.fresh_parent() for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda parent: shop.book(parent, when=when), parents))
    assert sorted(a.status for a in answers) == [201] + [409] * 11
    assert {a.json["code"] for a in answers if a.status == 409} == {"slot_taken"}


@pytest.mark.parametrize("field", ["price", "status", "mentee_id", "amountMinor"])
def test_a_client_names_no_price(shop, field):  # noqa: F811
    answer = shop.book(**{field: 1})
    assert answer.status == 400 and answer.json["details"][0]["field"] == field


def test_only_a_parent_books(shop):  # noqa: F811
    for person in (shop.teacher, shop.admin, shop.stack.seed.person("Student", "Stu")):
        assert shop.book(person).status == 403


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 201),
        ("application/json", 201),
        ('Application/JSON; charset="UTF-8"', 201),
        ("text/plain", 415),
        ("text/html", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("application/json; charset=utf-16", 415),
    ],
)
def test_a_booking_is_json(shop, content_type, status):  # noqa: F811
    body = json.dumps({"teacherId": shop.teacher.id, "scheduledDateTime": shop.at()}).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    answer = shop.api.post("/api/Sessions/book", body, token=shop.fresh_parent().token, headers=headers)
    assert answer.status == status, answer.text
    assert status == 201 or answer.json["code"] == "unsupported_media_type"


def test_the_own_hold_that_is_just_over_is_worth_waiting_for(shop):  # noqa: F811
    when = shop.at()
    parent, data = shop.booked(when=when)
    shop.stack.sql("UPDATE bookings SET hold_expires_at = clock_timestamp() WHERE id = %s", data["sessionId"])
    answer = shop.book(parent, when=when)
    assert (answer.status, answer.json["code"]) == (409, "in_progress"), answer.text
    assert answer.headers["retry-after"] and "try again" in answer.json["message"]
    assert shop.book(when=when).json["code"] == "slot_taken", "for anybody else"


# Stripe away


def break_creation(shop, **fault):  # noqa: F811
    fault = {**fault, "method": "POST", "path": "/v1/checkout/sessions"}
    shop.stack.stripe.control("POST", "/_sim/faults", fault)


def failed(shop, answer, status):  # noqa: F811
    assert answer.status == status, answer.text
    assert answer.json["code"] == "payment_unavailable" and "Nothing was booked" in answer.json["message"]


def last(shop):  # noqa: F811
    return shop.stack.one("SELECT * FROM bookings ORDER BY id DESC LIMIT 1")


@pytest.mark.parametrize(
    ("fault", "status", "is_proven"),
    [
        ({"kind": "cut", "effect": False}, 503, False),
        ({"kind": "cut", "effect": True}, 503, False),
        ({"kind": "hang", "effect": True, "seconds": 4}, 503, False),
        ({"kind": "error", "status": 500, "effect": False}, 502, False),
        ({"kind": "html", "effect": False}, 502, False),
        ({"kind": "rate_limit"}, 503, True),
    ],
)
def test_when_stripe_fails_the_slot_is_free_again_at_once(shop, fault, status, is_proven):  # noqa: F811
    when = shop.at()
    break_creation(shop, **fault)
    failed(shop, shop.book(when=when), status)
    row = last(shop)
    assert (row["status"], row["cancel_cause"], row["stripe_session_id"]) == (3, "checkout_failed", None)
    assert (row["checkout_closed_at"] is not None) == is_proven, "else the reaper must look for it"
    assert (row["next_try_at"] is None) == is_proven
    assert shop.count("refunds", row["id"]) == shop.count("mails", row["id"]) == 0
    shop.booked(when=when)
    shown = shop.api.get("/api/Sessions/parent/bookings", token=shop.parent.token).data
    assert row["id"] not in [s["id"] for s in shown]


def test_what_stripe_never_takes_is_not_to_be_tried_again(shop):  # noqa: F811
    teacher = shop.stack.seed.person("Teacher", "Dear")
    shop.stack.seed.offer(teacher, amount_minor=100_000_000)
    when = shop.at()
    for _ in range(2):
        answer = shop.book(teacher=teacher, when=when)
        assert (answer.status, answer.json["code"]) == (409, "not_bookable"), answer.text
        assert "retry-after" not in answer.headers and "try again" not in answer.json["message"]
        row = last(shop)
        assert (row["status"], row["cancel_cause"], row["next_try_at"]) == (3, "checkout_failed", None)
        assert row["checkout_closed_at"], "proven: nothing was made, and the hour is free again"
    assert "line_items[0][price_data][unit_amount]" in shop.stack.of("api")[0].log_text()


def test_clocks_that_differ_are_not_the_offers_fault(new_stack):
    stack = new_stack(only=("api",))
    shop = Shop(stack)  # noqa: F811
    stack.stripe.control("POST", "/_sim/clock/advance", {"seconds": 360})
    body = {"teacherId": shop.teacher.id, "scheduledDateTime": shop.at()}
    for id in (1, 2):
        answer = shop.api.post(
            "/api/Sessions/book", body, token=shop.parent.token, headers={"Idempotency-Key": "the same"}
        )
        failed(shop, answer, 502)
        assert answer.headers["retry-after"] and "idempotent-replayed" not in answer.headers
        row = last(shop)
        assert (row["id"], row["status"], row["cancel_cause"]) == (id, 3, "checkout_failed")
        assert row["checkout_closed_at"], "proven: nothing was made, and the hour is free again"
    assert "PostgreSQL's clock" in stack.of("api")[0].log_text()
    assert stack.of("api")[0].metrics()['unbook_alarms_total{what="clock_off"}'] == 2


def test_when_nothing_listens_it_is_proven_that_nothing_was_made(new_stack):
    stack = new_stack(only=())
    shop = Shop(stack, Http(stack.start_service("api", UNBOOK_STRIPE_URL="http://127.0.0.1:1").url))  # noqa: F811
    failed(shop, shop.book(), 503)
    assert last(shop)["status"] == 3 and last(shop)["checkout_closed_at"] is not None


def test_our_own_twin_at_stripe_is_in_progress_and_nothing_is_released(shop):  # noqa: F811
    when = shop.at()
    parent = shop.fresh_parent()
    break_creation(shop, kind="key_in_use")
    answer = shop.book(parent, when=when)
    assert answer.status == 409 and answer.json["code"] == "in_progress" and answer.headers["retry-after"]
    row = last(shop)
    assert (row["status"], row["stripe_session_id"]) == (0, None)
    shown = shop.api.get("/api/Sessions/parent/bookings", token=parent.token).data
    assert shown == [], "nothing to pay yet, nothing to show"
    _, data = shop.booked(parent, when=when)
    assert data["sessionId"] == row["id"], "the same hold goes on"


def test_two_requests_of_one_parent_make_one_checkout(shop):  # noqa: F811
    parent, when = shop.fresh_parent(), shop.at()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: shop.book(parent, when=when), range(6)))
    assert {a.status for a in answers} <= {201, 409} and 201 in {a.status for a in answers}
    assert {a.json["code"] for a in answers if a.status == 409} <= {"in_progress"}
    assert len({a.data["stripeSessionId"] for a in answers if a.status == 201}) == 1
    n = shop.stack.one("SELECT count(*) AS n FROM bookings WHERE parent_id = %s", parent.id)["n"]
    assert n == 1


def test_released_while_stripe_was_at_work(shop):  # noqa: F811
    """T2 finds it Cancelled: the checkout is stored, closed at Stripe, and nobody hears its address."""
    break_creation(shop, kind="delay", seconds=0.7, when="after")
    parent = shop.fresh_parent()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(shop.book, parent)
        mine = "SELECT id FROM bookings WHERE parent_id = %s"
        shop.stack.eventually(lambda: shop.stack.sql(mine, parent.id), 20, "it is held")
        id = shop.stack.one(mine, parent.id)["id"]
        assert shop.cancel(id, parent).status == 200
        failed_answer = answer.result()
    assert failed_answer.status == 503
    row = shop.row(id)
    assert row["status"] == 3 and row["stripe_session_id"] and row["checkout_closed_at"]
    assert shop.at_stripe(row["stripe_session_id"])["status"] == "expired"


@pytest.mark.parametrize("point", ["book.after_hold", "book.after_post"])
def test_killed_on_the_way_a_repeat_goes_on_where_it_was(new_stack, point):
    stack = new_stack(only=())
    doomed = stack.start_service("api", UNBOOK_CRASH_POINT=point)
    shop = Shop(stack, Http(doomed.url))  # noqa: F811
    when = shop.at()
    with pytest.raises(OSError):
        shop.book(shop.parent, when=when)
    stack.eventually(lambda: not doomed.running(), 20, "it is killed")
    row = last(shop)
    assert (row["status"], row["stripe_session_id"]) == (0, None)
    shop.one_api = Http(stack.start_service("api").url)
    _, data = shop.booked(shop.parent, when=when)
    assert data["sessionId"] == row["id"]
    assert len(stack.stripe.ledger.effects("checkout_created")) == 1
    assert re.match(r"^cs_test_\w+$", data["stripeSessionId"])


def test_the_answer_of_the_commit_lost_the_hold_is_found_and_not_made_twice(new_stack):
    stack = new_stack(only=(), proxied=("pg",))
    shop = Shop(stack, Http(stack.start_service("api").url))  # noqa: F811
    when = shop.at()
    assert shop.api.get("/api/Sessions/parent/bookings", token=shop.parent.token).status == 200
    stack.proxies["pg"].cut_reply_after(b"COMMIT")
    _, data = shop.booked(shop.parent, when=when)
    assert stack.proxies["pg"].cuts_done
    assert stack.one("SELECT count(*) AS n FROM bookings")["n"] == 1
    assert shop.row(data["sessionId"])["stripe_session_id"] == data["stripeSessionId"]
