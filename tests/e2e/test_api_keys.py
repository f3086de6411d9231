"""Idempotency-Key: a request that is repeated under its key is answered as the first was, and does nothing again; whatever fails between."""

import concurrent.futures
import http.client
import itertools
import threading
import urllib.parse

import pytest
from book_world import Shop, shop  # noqa: F401
from stack.http import Http

_keys = itertools.count(1)


def fresh_key():
    return f"key-{next(_keys)}"


def under(key, **more):
    return {"Idempotency-Key": key, **more}


def replayed(answer):
    return answer.headers.get("idempotent-replayed") == "true"


def body_of(shop, when=None):  # noqa: F811
    return {"teacherId": shop.teacher.id, "scheduledDateTime": when or shop.at()}


def book(shop, parent, key, body=None, api=None):  # noqa: F811
    return (api or shop.api).post(
        "/api/Sessions/book", body or body_of(shop), token=parent.token, headers=under(key)
    )


def bookings_of(shop, parent):  # noqa: F811
    return shop.stack.sql("SELECT * FROM bookings WHERE parent_id = %s ORDER BY id", parent.id)


def fault(shop, **rule):  # noqa: F811
    shop.stack.stripe.control("POST", "/_sim/faults", {"path": "/v1/checkout/sessions", **rule})


def checkouts_for(shop, parent):  # noqa: F811
    """How many checkouts Stripe made for this parent's bookings."""
    ids = {str(row["id"]) for row in bookings_of(shop, parent)}
    made = shop.stack.stripe.ledger.exchanges("POST", "/v1/checkout/sessions")
    return sum(
        e.path == "/v1/checkout/sessions"
        and e.status == 200
        and not e.replayed
        and e.params["client_reference_id"] in ids
        for e in made
    )


def same(first, second):
    """The repeat is the first answer, byte by byte."""
    assert replayed(second) and not replayed(first)
    assert (second.status, second.body) == (first.status, first.body)


def answered_twice(shop, ask):  # noqa: F811
    """What ask(headers) answers under a key, repeated, and repeated again without Redis's help."""
    headers = under(fresh_key())
    first = ask(headers)
    same(first, ask(headers))
    shop.stack.redis.command("FLUSHALL")
    same(first, ask(headers))
    return first


def test_every_command_is_answered_again_and_done_once(shop):  # noqa: F811
    parent = shop.fresh_parent()
    body = body_of(shop)
    booked = answered_twice(
        shop, lambda headers: shop.api.post("/api/Sessions/book", body, token=parent.token, headers=headers)
    )
    assert booked.status == 201 and len(bookings_of(shop, parent)) == 1 and checkouts_for(shop, parent) == 1
    checkout = booked.data["stripeSessionId"]

    def post(path):
        return lambda headers: shop.api.post(path, token=parent.token, headers=headers)

    shop.pay(checkout)
    assert answered_twice(shop, post(f"/api/Sessions/confirm-payment/{checkout}")).status == 200
    refused = answered_twice(shop, post(f"/api/Sessions/cancel-payment/{checkout}"))
    assert (refused.status, refused.json["code"]) == (400, "already_paid")
    path = f"/api/Sessions/{booked.data['sessionId']}/cancel"
    cancelled = answered_twice(
        shop, lambda headers: shop.api.put(path, "ill", token=parent.token, headers=headers)
    )
    assert cancelled.status == 200 and "refund" in cancelled.json["message"]
    assert shop.count("refunds", booked.data["sessionId"]) == 1
    assert answered_twice(shop, post(path)).json["message"].startswith("This session is already cancelled")
    _, other = shop.booked(parent)
    left = answered_twice(shop, post(f"/api/Sessions/cancel-payment/{other['stripeSessionId']}"))
    assert left.json["message"] == "Session booking cancelled successfully"


def test_the_pending_one_that_is_cancelled_remembers_it_too(shop):  # noqa: F811
    parent, data = shop.booked()
    path = f"/api/Sessions/{data['sessionId']}/cancel"
    answer = answered_twice(shop, lambda headers: shop.api.post(path, token=parent.token, headers=headers))
    assert answer.status == 200 and shop.row(data["sessionId"])["cancel_cause"] == "parent"


def test_a_key_belongs_to_one_request_of_one_caller(shop):  # noqa: F811
    parent, stranger = shop.fresh_parent(), shop.fresh_parent()
    key, body = fresh_key(), body_of(shop)
    first = book(shop, parent, key, body)
    assert first.status == 201

    def refused(answer):
        assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused"), answer.text
        assert not replayed(answer) and answer.json["details"][0]["field"] == "Idempotency-Key"

    refused(book(shop, parent, key, {**body, "notes": "other"}))
    path = f"/api/Sessions/{first.data['sessionId']}/cancel"
    refused(shop.api.put(path, token=parent.token, headers=under(key)))
    shop.stack.redis.command("FLUSHALL")
    refused(book(shop, parent, key, {**body, "notes": "other"}))
    same(first, book(shop, parent, f'"{key}"', body))
    other = book(shop, stranger, key)
    assert other.status == 201 and not replayed(other)
    assert shop.row(first.data["sessionId"])["status"] == 0 and len(bookings_of(shop, parent)) == 1


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "caf\xe9", '"open', "tab\there"])
def test_what_is_no_key_is_a_bad_request(shop, key):  # noqa: F811
    parent = shop.fresh_parent()
    answer = book(shop, parent, key)
    assert (answer.status, answer.json["code"]) == (400, "invalid_idempotency_key"), answer.text
    assert answer.json["details"][0]["field"] == "Idempotency-Key" and not bookings_of(shop, parent)


def test_twenty_clicks_at_once_are_one_booking(shop):  # noqa: F811
    """Of two processes, so that not all of them meet in one."""
    twin = Http(shop.stack.start_service("api").url)
    parent, key, body = shop.fresh_parent(), fresh_key(), body_of(shop)
    fault(shop, kind="delay", seconds=0.3)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda i: book(shop, parent, key, body, api=(shop.api, twin)[i % 2]), range(20))
        )
    done = [a for a in answers if a.status == 201]
    assert done and {a.status for a in answers} <= {201, 409}
    assert {a.json["code"] for a in answers if a.status == 409} <= {"in_progress"}
    assert len({a.data["stripeSessionId"] for a in done}) == 1
    assert len(bookings_of(shop, parent)) == 1 and checkouts_for(shop, parent) == 1
    last = book(shop, parent, key, body, api=twin)
    assert last.status == 201 and replayed(last)


def test_two_processes_give_one_answer_for_one_key(shop):  # noqa: F811
    """A twin is told to wait, or gets what the first got; and what each heard is what it hears again."""
    twin = Http(shop.stack.start_service("api").url)
    parent, data = shop.booked()
    shop.pay(data["stripeSessionId"])
    assert shop.confirm_payment(data["stripeSessionId"], parent).status == 200
    path, key = f"/api/Sessions/{data['sessionId']}/cancel", fresh_key()
    barrier = threading.Barrier(8)

    def cancel(n):
        barrier.wait(10)
        return (shop.api, twin)[n % 2].put(path, token=parent.token, headers=under(key))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(cancel, range(8)))
    done = [a for a in answers if a.status == 200]
    assert len({a.body for a in done}) == 1 and sum(not replayed(a) for a in done) == 1
    assert "refund" in done[0].json["message"]
    assert all(a.status == 409 and a.json["code"] == "in_progress" for a in answers if a.status != 200)
    for api in (shop.api, twin):
        assert api.put(path, token=parent.token, headers=under(key)).body == done[0].body


def test_a_refusal_that_may_pass_is_decided_anew(shop):  # noqa: F811
    when, key = shop.at(), fresh_key()
    rival, data = shop.booked(when=when)
    parent = shop.fresh_parent()
    assert book(shop, parent, key, body_of(shop, when)).json["code"] == "slot_taken"
    assert shop.cancel_payment(data["stripeSessionId"], rival).status == 200
    assert book(shop, parent, key, body_of(shop, when)).status == 201


def test_two_keys_or_another_kind_of_body_are_another_matter(shop):  # noqa: F811
    parent, data = shop.booked()
    path, key = f"/api/Sessions/{data['sessionId']}/cancel", fresh_key()
    parts = urllib.parse.urlsplit(shop.api.base_url)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    line.putrequest("PUT", path)
    for name, value in (("Authorization", f"Bearer {parent.token}"), ("Idempotency-Key", key), ("Idempotency-Key", "other")):
        line.putheader(name, value)
    line.endheaders()
    refused = line.getresponse()
    assert refused.status == 400 and b"invalid_idempotency_key" in refused.read()
    line.close()
    plain = shop.api.put(path, '"x"', token=parent.token, headers=under(key, **{"Content-Type": "text/plain"}))
    assert plain.status == 200
    as_json = shop.api.put(path, '"x"', token=parent.token, headers=under(key, **{"Content-Type": "application/json"}))
    assert as_json.status == 422


def test_one_at_work_is_in_progress_and_another_body_is_not_its_twin(shop):  # noqa: F811
    parent, key, body = shop.fresh_parent(), fresh_key(), body_of(shop)
    fault(shop, kind="barrier", name=key)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(book, shop, parent, key, body)
        shop.stack.eventually(lambda: len(bookings_of(shop, parent)) == 1, 20, "the slot is held")
        twin = book(shop, parent, key, body)
        other = book(shop, parent, key)
        shop.stack.stripe.post(f"barriers/{key}/release")
        assert first.result(20).status == 201
    assert (twin.status, twin.json["code"], twin.headers["retry-after"]) == (409, "in_progress", "1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    same(first.result(), book(shop, parent, key, body))


def test_a_failure_is_not_remembered(shop):  # noqa: F811
    parent, key, body = shop.fresh_parent(), fresh_key(), body_of(shop)
    fault(shop, kind="error", status=503)
    failed = book(shop, parent, key, body)
    assert failed.status in (502, 503)
    again = book(shop, parent, key, body)
    assert again.status == 201 and not replayed(again)
    assert [row["status"] for row in bookings_of(shop, parent)] == [3, 0]
    same(again, book(shop, parent, key, body))
    malformed, key = {"teacherId": "x"}, fresh_key()
    assert book(shop, parent, key, malformed).status == 400
    assert book(shop, parent, key).status == 201


def test_an_answer_that_may_change_is_asked_again(shop):  # noqa: F811
    parent, data = shop.booked()
    headers, path = under(fresh_key()), f"/api/Sessions/confirm-payment/{data['stripeSessionId']}"
    unpaid = shop.api.post(path, token=parent.token, headers=headers)
    assert (unpaid.status, unpaid.json["code"]) == (400, "not_paid")
    shop.pay(data["stripeSessionId"])
    assert shop.api.post(path, token=parent.token, headers=headers).status == 200


def test_a_payment_that_is_being_processed_is_asked_for_again(shop):  # noqa: F811
    parent, data = shop.booked()
    headers, checkout = under(fresh_key()), data["stripeSessionId"]

    def leave():
        return shop.api.post(f"/api/Sessions/cancel-payment/{checkout}", token=parent.token, headers=headers)

    shop.pay(checkout, delayed=True)
    for _ in range(2):
        waiting = leave()
        assert (waiting.status, waiting.json["code"]) == (400, "already_paid") and not replayed(waiting)
    shop.stack.sql(  # as the settler does when Stripe tells that it failed
        "UPDATE bookings SET status = 3, cancel_cause = 'checkout_failed', cancelled_at = now() WHERE id = %s",
        data["sessionId"],
    )
    left = leave()
    assert left.status == 200 and not replayed(left), left.text
    same(left, leave())


def test_a_session_without_a_price_is_left_after_it_was_cancelled(shop):  # noqa: F811
    teacher = shop.stack.seed.person("Teacher", "Free")
    shop.stack.seed.offer(teacher, amount_minor=0)
    parent, data = shop.booked(teacher=teacher)
    headers, path = under(fresh_key()), f"/api/Sessions/cancel-payment/{data['stripeSessionId']}"
    shop.pay(data["stripeSessionId"])
    assert shop.confirm_payment(data["stripeSessionId"], parent).status == 200
    assert shop.api.post(path, token=parent.token, headers=headers).json["code"] == "already_paid"
    assert shop.cancel(data["sessionId"], parent).status == 200
    assert shop.api.post(path, token=parent.token, headers=headers).status == 200


def test_without_redis_the_database_answers(new_stack):
    stack = new_stack(only=("api",), proxied=("redis",))
    shop = Shop(stack)  # noqa: F811
    parent, key, body = shop.fresh_parent(), fresh_key(), body_of(shop)
    first = book(shop, parent, key, body)
    stack.proxies["redis"].stall()
    same(first, book(shop, parent, key, body))
    key, body = fresh_key(), body_of(shop)
    second = book(shop, parent, key, body)
    stack.redis.stop()
    same(second, book(shop, parent, key, body))
    assert len(bookings_of(shop, parent)) == 2


@pytest.mark.parametrize("point", ["book.after_hold", "cancel.after_commit", "release.after_commit"])
def test_killed_between_the_effect_and_the_answer(new_stack, point):
    stack = new_stack(only=())
    shop = Shop(stack, api=Http(stack.start_service("api").url))  # noqa: F811
    parent, key, body = shop.fresh_parent(), fresh_key(), body_of(shop)
    path = "/api/Sessions/book"
    if not point.startswith("book"):
        _, data = shop.booked(parent)
        path, body = f"/api/Sessions/{data['sessionId']}/cancel", "ill"
        if point.startswith("cancel"):
            shop.pay(data["stripeSessionId"])
            assert shop.confirm_payment(data["stripeSessionId"], parent).status == 200
    doomed = stack.start_service("api", UNBOOK_CRASH_POINT=point)
    with pytest.raises(OSError):
        Http(doomed.url).post(path, body, token=parent.token, headers=under(key))
    stack.eventually(lambda: not doomed.running(), 20, "it is killed")
    left = stack.one("SELECT * FROM idempotency_keys WHERE key = %s", key)
    assert left["status"] is None and left["booking_id"] == bookings_of(shop, parent)[0]["id"]
    other = shop.api.post(path, "else", token=parent.token, headers=under(key))
    assert other.status == 422
    again = shop.api.post(path, body, token=parent.token, headers=under(key))
    assert again.status == (201 if point.startswith("book") else 200) and not replayed(again)
    same(again, shop.api.post(path, body, token=parent.token, headers=under(key)))
    rows = bookings_of(shop, parent)
    assert len(rows) == 1 and rows[0]["id"] == left["booking_id"]
    assert shop.count("refunds", rows[0]["id"]) == (1 if point.startswith("cancel") else 0)
    assert shop.count("booking_log", rows[0]["id"]) == len(
        stack.sql("SELECT DISTINCT what FROM booking_log WHERE booking_id = %s", rows[0]["id"])
    )
    assert checkouts_for(shop, parent) == 1
