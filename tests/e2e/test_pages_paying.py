"""Booking and paying in a browser, and the two ways back from the payment page."""

import re

from pages_world import CANCEL, book, card, checkout_of, chromium, confirm, fails_once, of_checkout, pages  # noqa: F401
from playwright.sync_api import expect


def test_leaving_the_payment_page_releases_the_booking(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        expect(page.get_by_text("You can cancel until 24 hours before it starts")).to_be_visible()
        book(pages, page)
        checkout = checkout_of(page)
        assert of_checkout(pages, checkout)["status"] == 0
        fails_once(page, "**/cancel-payment/*", 500, "internal")
        page.locator("#back").click()
        page.wait_for_url(f"{pages.url}/payment/cancel?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="The booking could not be released")).to_be_visible()
        pages.look(page, "desk-not-released")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="Your booking is released")).to_be_visible()
        pages.look(page, "desk-released")
        page.get_by_role("link", name="My bookings").last.click()
        expect(page.get_by_text("Nothing is booked yet")).to_be_visible()
        page.goto(f"{pages.url}/payment/success?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="Your booking is released")).to_be_visible()
        page.goto(f"{pages.url}/book")
        expect(page.locator("#date")).to_have_value("")
    row = of_checkout(pages, checkout)
    assert (row["status"], row["cancel_cause"]) == (3, "payment_cancelled")


def test_going_back_from_the_payment_page_shows_the_hold_and_takes_new_notes(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        page.go_back()
        expect(page.get_by_role("alert")).to_contain_text("This time is held for you until")
        expect(page.get_by_role("button", name="Go to the payment that is open")).to_be_visible()
        page.get_by_label("Notes for the teacher").fill("Fractions")
        page.get_by_role("button", name="Go to payment").click()
        page.wait_for_url(f"**/c/pay/{checkout}*")
        assert of_checkout(pages, checkout)["notes"] == "Fractions"
        page.goto(pages.url)
        page.get_by_role("link", name="Pay now").click()
        page.wait_for_url(f"**/c/pay/{checkout}*")
        page.go_back()
        expect(page.get_by_text("Notes: Fractions")).to_be_visible()
        page.get_by_role("button", name="Release this time").click()
        page.get_by_role("dialog").get_by_role("button", name="Release this time").click()
        expect(page.get_by_text("Nothing is booked yet")).to_be_visible()
        page.goto(f"{pages.url}/payment/success?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="Your booking is released")).to_be_visible()
        page.goto(f"{pages.url}/book")
        expect(page.locator("#date")).to_have_value("")
    row = of_checkout(pages, checkout)
    assert (row["status"], row["cancel_cause"]) == (3, "parent")


def test_a_paid_booking_is_confirmed_and_going_back_does_not_undo_it(pages):
    parent = pages.fresh_parent()
    student = pages.stack.seed.person("Student", "Sam Student", guardian=parent)
    with pages.person(parent, at="/book") as page:
        expect(page.locator(".summary")).to_contain_text("Sam Student")
        book(pages, page)
        checkout = checkout_of(page)
        assert of_checkout(pages, checkout)["student_id"] == student.id
        with page.context.expect_page() as second:
            page.evaluate("url => window.open(url)", f"{pages.url}/#token={parent.token}")
        expect(second.value.get_by_text("Waiting for payment")).to_be_visible()
        fails_once(page, "**/confirm-payment/*", 400, "not_paid")
        page.locator("#pay").click()
        page.wait_for_url(f"{pages.url}/payment/success?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="Your session is confirmed")).to_be_visible()
        pages.look(page, "desk-confirmed")
        expect(second.value.get_by_text("Confirmed")).to_be_visible()
        expect(second.value.get_by_text("for Sam Student")).to_be_visible()
        expect(second.value.get_by_role("link", name="Join the meeting")).to_have_attribute(
            "href", re.compile("^https://meet.example/")
        )
        assert "Unknown" not in second.value.locator("main").inner_text()
        page.goto(f"{pages.url}/payment/cancel?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="Your booking is confirmed")).to_be_visible()
        pages.look(page, "desk-already-confirmed")
        assert of_checkout(pages, checkout)["status"] == 1
        page.get_by_role("article").get_by_role("button", name=CANCEL).click()
        expect(page.get_by_role("dialog")).to_contain_text("for Sam Student")
        confirm(page)
        page.wait_for_url(f"{pages.url}/")
        expect(page.get_by_text("It should be on your account by")).to_be_visible()
        page.goto(f"{pages.url}/payment/success?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="Your session was cancelled later")).to_be_visible()
    row = of_checkout(pages, checkout)
    assert row["status"] == 3 and row["paid_at"]


def test_a_price_that_changed_is_said_before_anything_is_held(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        pages.choose_time(page)
        asked = []
        page.on("request", lambda one: one.method == "POST" and asked.append(one.url))
        pages.stack.sql("UPDATE offers SET amount_minor = amount_minor + 5000")
        page.get_by_role("button", name="Go to payment").click()
        expect(page.get_by_role("alert")).to_contain_text("The offer has changed")
        assert not asked
        pay = page.get_by_role("button", name="Go to payment")
        pages.stack.sql("UPDATE offers SET amount_minor = amount_minor - 5000")
        page.route("**/api/Sessions/book", lambda route: (route.fetch(), route.fulfill(status=504)), times=1)
        page.reload()
        pay.click()
        expect(page.get_by_role("alert")).to_contain_text("the time may be held for you already")
        pay.click()
        page.wait_for_url("**/c/pay/*")


def test_a_time_that_is_taken_is_said_where_it_was_chosen(pages):
    with pages.person(pages.fresh_parent(), at="/book") as page:
        pages.choose_time(page)
        chosen = page.evaluate("new Date(`${date.value}T${start.value}`).toISOString()")
        body = {"teacherId": pages.teacher.id, "scheduledDateTime": chosen}
        assert pages.stack.api.post("/api/Sessions/book", body, token=pages.fresh_parent().token).status == 201
        page.get_by_role("button", name="Go to payment").click()
        expect(page.get_by_role("alert")).to_have_text("This time is taken; please choose another.")
        pages.look(page, "desk-time-taken")
        expect(page.get_by_label("Starts at")).to_be_focused()
        page.get_by_label("Starts at").fill("18:45")
        page.get_by_role("button", name="Go to payment").click()
        page.wait_for_url("**/c/pay/*")


LOSE_PATIENCE = "() => { window.patience = AbortSignal.timeout; AbortSignal.timeout = () => patience.call(AbortSignal, 300); }"


REGAIN_PATIENCE = "() => { AbortSignal.timeout = patience; }"


def test_booking_again_is_the_same_wish_until_the_payment_page_was_seen(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        keys = []
        page.on("request", lambda one: one.method == "POST" and keys.append(one.headers["idempotency-key"]))
        pay = page.get_by_role("button", name="Go to payment")
        pages.choose_time(page)
        day = page.locator("#date").input_value()
        page.evaluate(LOSE_PATIENCE)
        page.route("**/api/Sessions/book", lambda route: None, times=1)
        pay.click()
        expect(page.get_by_role("alert")).to_contain_text("the time may be held for you already")
        expect(page.get_by_role("alert").get_by_role("link", name="My bookings")).to_be_visible()
        page.evaluate(REGAIN_PATIENCE)
        page.route("**/c/pay/*", lambda route: route.fulfill(status=204), times=1)
        with page.expect_response("**/c/pay/*") as left:
            pay.click()
        first = left.value.url.rsplit("/", 1)[1].split("?")[0]
        pages.stack.api.post(f"/api/Sessions/cancel-payment/{first}", token=parent.token)
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        expect(page.locator("#date")).to_have_value("")
        page.locator("#date").fill(day)
        page.locator("#start").fill("16:30")
        pay.click()
        page.wait_for_url("**/c/pay/*")
        assert checkout_of(page) != first and keys[0] == keys[1] != keys[2]


def test_booking_without_a_network_says_what_is_known(pages):
    """Nothing was sent, or nobody knows; the same wish is sent again."""
    with pages.person(pages.fresh_parent(), at="/book") as page:
        keys = []
        page.on("request", lambda one: one.method == "POST" and keys.append(one.headers["idempotency-key"]))
        pay, alert = page.get_by_role("button", name="Go to payment"), page.get_by_role("alert")
        pages.choose_time(page)
        page.context.set_offline(True)
        pay.click()
        expect(alert).to_have_text("You are offline. Nothing was sent.")
        page.context.set_offline(False)
        expect(page.locator("#problem")).to_be_empty()
        page.route("**/api/Sessions/book", lambda route: (route.fetch(), route.abort()), times=1)
        pay.click()
        unknown = "We do not know whether it arrived. Trying again is safe: it is done at most once."
        expect(alert).to_contain_text(unknown)
        page.context.set_offline(True)
        pay.click()
        expect(page.locator("form [aria-busy]")).to_have_count(0)
        expect(alert).to_contain_text(unknown)
        expect(alert.get_by_role("link", name="My bookings")).to_be_visible()
        page.context.set_offline(False)
        pay.click()
        page.wait_for_url("**/c/pay/*")
        assert len(keys) == 4 and len(set(keys)) == 1
        checkout = checkout_of(page)
    row = of_checkout(pages, checkout)
    assert pages.stack.one("SELECT count(*) AS n FROM bookings WHERE parent_id = %s", row["parent_id"])["n"] == 1


def test_a_delayed_payment_of_a_released_booking_is_not_said_to_be_none(pages):
    """It is on its way, and goes back once it has arrived."""
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        pages.stack.stripe.post(f"checkouts/{checkout}/pay", delayed=True)
        path = f"/api/Sessions/{of_checkout(pages, checkout)['id']}/cancel"
        assert pages.stack.api.put(path, token=parent.token).status == 200
        page.goto(f"{pages.url}/payment/success?type=session-booking&session_id={checkout}")
        expect(page.get_by_role("heading", name="Your booking is released")).to_be_visible()
        expect(page.locator("main")).to_contain_text("A payment that still arrives is returned in full.")
        expect(page.locator("main")).not_to_contain_text("Nothing was paid")


def test_a_delayed_payment_of_a_hold_that_ran_out_is_not_said_to_have_gone_through(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        ran_out = "UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = 'checkout_expired' WHERE id = %s"
        pages.stack.sql(ran_out, of_checkout(pages, checkout)["id"])
        pages.stack.stripe.post(f"checkouts/{checkout}/pay", delayed=True)
        page.goto(f"{pages.url}/payment/cancel?type=session-booking&session_id={checkout}")
        expect(page.get_by_role("heading", name="Your payment is being processed")).to_be_visible()
        expect(page.locator("main")).to_contain_text("The time is no longer held for you.")
        expect(page.locator("main")).not_to_contain_text("gone through")
        pages.look(page, "desk-released-processing")
        page.route("**/parent/bookings?stripeSessionId=*", lambda route: route.abort())
        page.reload()
        expect(page.locator("main")).to_contain_text("Your payment is being processed; we write to you once it has arrived.")
        expect(page.locator("main")).not_to_contain_text("no longer held")


def test_a_payment_that_was_not_kept_is_told_so_though_the_session_cannot_be_read(pages):
    parent = pages.fresh_parent()
    unreadable = "**/parent/bookings?stripeSessionId=*"
    with pages.person(parent, at="/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        pages.stack.stripe.post(f"checkouts/{checkout}/pay", amount=100)
        page.route(unreadable, lambda route: route.abort())
        back = f"{pages.url}/payment/success?type=session-booking&session_id="
        page.goto(f"{back}{checkout}")
        expect(page.get_by_role("heading", name="This payment could not be kept")).to_be_visible()
        expect(page.locator(".state.bad")).to_contain_text("This payment could not be kept for the session")
        later = pages.booking(parent)
        assert pages.stack.api.put(f"/api/Sessions/{later.id}/cancel", token=parent.token).status == 200
        page.goto(f"{back}{pages.row(later.id)['stripe_session_id']}")
        expect(page.get_by_role("heading", name="Your session was cancelled later")).to_be_visible()
