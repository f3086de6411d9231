"""A time that is held while its payment page is open: /book says how it stands, also when that changes while the page is looked at."""

import datetime

from pages_world import book, checkout_of, chromium, of_checkout, pages  # noqa: F401
from playwright.sync_api import expect

OVER = "This time is no longer held for you and can be booked again."
LOOKED_AT = "document.dispatchEvent(new Event('visibilitychange'))"


def release(pages, checkout, parent):
    assert pages.stack.api.post(f"/api/Sessions/cancel-payment/{checkout}", {}, token=parent.token).status == 200


def hold(pages, page):
    """Back from the payment page; its checkout."""
    book(pages, page)
    checkout = checkout_of(page)
    page.go_back()
    expect(page.get_by_role("alert")).to_contain_text("This time is held for you until")
    return checkout


def test_a_time_that_was_released_elsewhere_is_not_said_to_be_held(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        checkout = hold(pages, page)
        alert, day = page.get_by_role("alert"), page.locator("#date").input_value()
        keys = []
        page.on("request", lambda one: one.method == "POST" and keys.append(one.headers["idempotency-key"]))
        page.get_by_role("button", name="Go to the payment that is open").focus()
        page.evaluate(LOOKED_AT)
        page.wait_for_load_state("networkidle")
        expect(alert).to_contain_text("This time is held for you until")
        expect(page.get_by_role("button", name="Go to the payment that is open")).to_be_focused()
        release(pages, checkout, parent)
        page.evaluate(LOOKED_AT)
        expect(alert).to_have_text(OVER)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        pages.look(page, "desk-held-no-longer")
        expect(page.locator("#date")).to_have_value("")
        page.locator("#date").fill(day)
        page.locator("#start").fill("16:30")
        page.get_by_role("button", name="Go to payment").click()
        page.wait_for_url("**/c/pay/*")
        assert checkout_of(page) != checkout and len(keys) == 1


def test_what_is_typed_since_stays_when_the_hold_is_over(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        checkout = hold(pages, page)
        notes, day = page.get_by_label("Notes for the teacher"), page.locator("#date").input_value()
        notes.fill("Fractions")
        release(pages, checkout, parent)
        page.evaluate(LOOKED_AT)
        expect(page.get_by_role("alert")).to_have_text(OVER)
        expect(notes).to_have_value("Fractions")
        expect(notes).to_be_focused()
        expect(page.locator("#date")).to_have_value(day)


def test_at_the_end_of_a_hold_the_page_asks_what_has_become_of_it(pages):
    """Until that is known it promises nothing."""
    parent = pages.fresh_parent()
    with pages.person(parent, at="/signin") as page:
        page.clock.install()
        page.goto(f"{pages.url}/book")
        checkout, alert = hold(pages, page), page.get_by_role("alert")
        page.route("**/parent/bookings?stripeSessionId=*", lambda route: route.abort())
        page.clock.fast_forward("00:36:00")
        expect(alert).to_have_text("The time to pay is over. We are asking what has become of it …")
        page.unroute("**/parent/bookings?stripeSessionId=*")
        release(pages, checkout, parent)
        page.clock.fast_forward("00:00:10")
        expect(alert).to_have_text(OVER)


def test_a_hold_that_keeps_a_time_from_another_student_is_followed_too(pages):
    parent = pages.fresh_parent()
    pages.stack.seed.person("Student", "Sam Student", guardian=parent)
    with pages.person(parent, at="/book") as page:
        checkout, alert = hold(pages, page), page.get_by_role("alert")
        page.get_by_label("Who it is for").select_option("Myself")
        page.get_by_role("button", name="Go to payment").click()
        expect(alert).to_contain_text("You already hold this time; please pay for it or cancel it first.")
        release(pages, checkout, parent)
        page.evaluate(LOOKED_AT)
        expect(alert).to_have_text(OVER)
        page.get_by_role("button", name="Go to payment").click()
        page.wait_for_url("**/c/pay/*")
        assert checkout_of(page) != checkout


def test_room_for_another_hold_takes_the_refusal_away(pages):
    parent, held = pages.fresh_parent(), []
    for day in (311, 312, 313):
        when = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=day)
        body = {"teacherId": pages.teacher.id, "offerId": pages.offer, "scheduledDateTime": when.isoformat()}
        answer = pages.stack.api.post("/api/Sessions/book", body, token=parent.token)
        assert answer.status == 201, answer.text
        held.append(answer.data["stripeSessionId"])
    with pages.person(parent, at="/book") as page:
        pages.choose_time(page)
        page.get_by_role("button", name="Go to payment").click()
        expect(page.get_by_role("alert")).to_contain_text("Several of your bookings wait for payment")
        release(pages, held[0], parent)
        page.evaluate(LOOKED_AT)
        expect(page.locator("#problem")).to_be_empty()
        page.get_by_role("button", name="Go to payment").click()
        page.wait_for_url("**/c/pay/*")


def test_a_payment_that_takes_days_is_not_said_to_be_held(pages):
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        checkout, alert = hold(pages, page), page.get_by_role("alert")
        pages.stack.stripe.post(f"checkouts/{checkout}/pay", delayed=True)
        pages.stack.eventually(lambda: of_checkout(pages, checkout)["payment_awaited"])
        page.evaluate(LOOKED_AT)
        expect(alert).to_contain_text("Your payment for this time is being processed.")
        pages.stack.stripe.post(f"checkouts/{checkout}/async", succeeded=True)
        pages.stack.eventually(lambda: of_checkout(pages, checkout)["status"] == 1)
        page.evaluate(LOOKED_AT)
        expect(alert).to_contain_text("This time is booked and paid for.")
        page.reload()
        expect(page.locator("#problem")).to_be_empty()
