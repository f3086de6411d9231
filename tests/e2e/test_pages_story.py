"""The story and the report, clicked in a browser: what people see, judged by rows, mails and Stripe's ledger."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import icalendar
from pages_world import CANCEL, book, cancels, card, checkout_of, chromium, confirm, of_checkout, pages  # noqa: F401
from playwright.sync_api import expect


def test_a_session_that_is_far_enough_is_cancelled_and_the_money_comes_back(pages):
    booking = pages.booking(starts_in="3 days")
    with pages.person(booking.parent) as page:
        assert "token" not in page.url
        mine = card(page, booking)
        expect(mine.get_by_text("Confirmed")).to_be_visible()
        mine.get_by_role("button", name=CANCEL).focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Cancel this session?")
        expect(dialog).to_contain_text("The payment is returned in full.")
        expect(dialog).to_contain_text("Possible until")
        expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(mine.get_by_role("button", name=CANCEL)).to_be_focused()
        assert pages.row(booking.id)["status"] == 1
        page.keyboard.press("Enter")
        dialog.get_by_label("Reason").fill("We are ill")
        dialog.get_by_role("button", name=CANCEL).click()
        expect(mine.get_by_text("Cancelled", exact=True)).to_be_visible()
        expect(mine).to_contain_text("€45.00 was returned.")
        expect(mine).to_contain_text("It should be on your account by")
        expect(page.locator("#said")).not_to_be_empty()
        mine.get_by_role("button", name="What happened").click()
        expect(mine.get_by_role("listitem").filter(has_text="The refund went through.")).to_be_visible()
    assert pages.row(booking.id)["status"] == 3
    pages.stack.stripe.ledger.assert_refunded_once(booking.payment_intent)
    for person in (booking.parent, booking.teacher):
        pages.stack.eventually(lambda who=person: len(pages.stack.mail.delivered(who.email)) == 1)


def test_inside_24_hours_the_button_is_disabled_and_says_why(pages):
    booking = pages.booking(starts_in="20 hours")
    with pages.person(booking.parent) as page:
        sent = cancels(page)
        button = card(page, booking).get_by_role("button", name=CANCEL)
        expect(button).to_be_disabled()
        expect(button).to_have_accessible_description(
            "It is too late to cancel: sessions can be cancelled until 24 hours before they start."
        )
        button.click(force=True)
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert not sent
    assert pages.row(booking.id)["status"] == 1


def test_the_button_turns_so_by_the_servers_clock_while_the_page_is_open(pages):
    """The page's own clock decides nothing: two hours ahead it only asks again. An open question is withdrawn, too."""
    booking = pages.booking(starts_in="24 hours 5 seconds")
    with pages.person(booking.parent, at="/signin") as page:
        page.clock.install()
        page.goto(pages.url)
        button = card(page, booking).get_by_role("button", name=CANCEL)
        expect(button).to_be_enabled()
        with page.expect_response("**/parent/bookings?when=upcoming*"):
            page.clock.fast_forward("02:00:00")
        expect(button).to_be_enabled()
        button.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("alert")).to_contain_text("It is too late to cancel", timeout=15000)
        expect(dialog.get_by_role("button", name=CANCEL)).to_be_disabled()
        dialog.get_by_role("button", name="Keep it").click()
        expect(button).to_be_disabled()
    assert pages.row(booking.id)["status"] == 1


def test_what_is_cancelled_ahead_hides_nothing_that_takes_place(pages):
    parent = pages.fresh_parent()
    for day in range(11):
        booking = pages.booking(parent, f"{day + 3} days")
        assert pages.stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=parent.token).status == 200
    live = pages.booking(parent, "20 days")
    with pages.person(parent) as page:
        expect(card(page, live)).to_be_visible()
        coming, cancelled = (page.get_by_role("region", name=name) for name in ("Coming up", "Cancelled"))
        expect(coming.locator(".session")).to_have_count(1)
        expect(cancelled.locator(".session")).to_have_count(10)
        not_all = page.get_by_text("This is not the whole list")
        expect(not_all).to_be_hidden()
        page.emulate_media(media="print")
        expect(not_all).to_be_visible()
        expect(cancelled.get_by_text("This is not the whole list")).to_have_count(1)
        page.emulate_media(media="screen")
        cancelled.get_by_role("button", name="Show more").click()
        expect(cancelled.locator(".session")).to_have_count(11)
        expect(not_all).to_have_count(0)
        card(page, live).get_by_role("button", name=CANCEL).click()
        confirm(page)
        expect(coming).to_contain_text("Nothing is coming up.")
        expect(cancelled.locator(".session")).to_have_count(12)


def test_a_double_click_asks_once(pages):
    booking = pages.booking()
    with pages.person(booking.parent) as page:
        sent = cancels(page)
        card(page, booking).get_by_role("button", name=CANCEL).click()
        page.get_by_role("dialog").get_by_role("button", name=CANCEL).dblclick()
        expect(card(page, booking).get_by_text("Cancelled", exact=True)).to_be_visible()
        assert len(sent) == 1 and re.fullmatch("[0-9a-f]{32}", sent[0].headers["idempotency-key"])
    with pages.person(booking.parent, at="/book") as page:
        booked = []
        page.on("request", lambda one: one.url.endswith("/book") and one.method == "POST" and booked.append(one))
        pages.choose_time(page)
        page.get_by_role("button", name="Go to payment").dblclick()
        page.wait_for_url("**/c/pay/*")
        assert len(booked) == 1 and booked[0].headers["idempotency-key"]


def test_two_tabs_end_with_the_same_session(pages):
    booking = pages.booking()
    with pages.person(booking.parent) as first:
        second = pages.open(first.context, "/", booking.parent)
        for page in (first, second):
            card(page, booking).get_by_role("button", name=CANCEL).click()
        for page in (first, second):
            confirm(page)
            expect(card(page, booking).get_by_text("Cancelled", exact=True)).to_be_visible()
    pages.stack.eventually(lambda: pages.stack.mail.delivered(booking.teacher.email))
    pages.stack.stripe.ledger.assert_refunded_once(booking.payment_intent)


SAFE = "Trying again is safe: it is done at most once."


def test_without_a_network_nothing_is_lost_and_the_same_wish_is_sent_again(pages):
    booking = pages.booking()
    with pages.person(booking.parent) as page:
        sent = cancels(page)
        mine = card(page, booking)
        mine.get_by_role("button", name=CANCEL).click()
        page.context.set_offline(True)
        expect(page.locator("#banner")).to_contain_text("You are offline")
        confirm(page)
        expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("You are offline. Nothing was sent.")
        expect(mine.get_by_text("Confirmed")).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator("#banner")).to_be_empty()
        expect(page.get_by_role("dialog").locator("[role=alert]")).to_be_empty()
        page.route("**/cancel", lambda route: route.abort(), times=1)
        confirm(page)
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(f"We do not know whether it arrived. {SAFE}")
        confirm(page)
        expect(mine.get_by_text("Cancelled", exact=True)).to_be_visible()
        assert len({one.headers["idempotency-key"] for one in sent}) == 1 and len(sent) == 3
    pages.stack.eventually(lambda: pages.stack.mail.delivered(booking.teacher.email))
    pages.stack.stripe.ledger.assert_refunded_once(booking.payment_intent)


def test_what_happened_is_told_once_the_network_is_back(pages):
    booking = pages.booking()
    with pages.person(booking.parent) as page:
        mine = card(page, booking)
        button = mine.get_by_role("button", name="What happened")
        expect(button).to_be_enabled()
        page.context.set_offline(True)
        button.click()
        expect(mine.locator(".line")).to_contain_text("You are offline.")
        expect(button).to_have_attribute("aria-expanded", "true")
        page.context.set_offline(False)
        expect(mine.locator(".line")).to_have_text("Nothing is recorded yet.")
        button.click()
        page.context.set_offline(True)
        button.click()
        expect(mine.locator(".line")).to_contain_text("You are offline.")
        button.click()
        page.context.set_offline(False)
        expect(page.locator("#banner")).to_be_empty()
        expect(mine.locator(".line")).to_be_hidden()


def test_a_haste_that_is_refused_says_how_long_to_wait(pages):
    booking = pages.booking()
    refusal = {"success": False, "message": "Too many requests; please wait a moment.", "code": "too_many", "retryAfter": 12}
    answer = {"status": 429, "headers": {"Retry-After": "12"}, "body": json.dumps(refusal)}
    said = {
        "en": "Too many requests; please wait a moment. You can try again in 12 seconds.",
        "de": "Zu viele Anfragen; bitte warten Sie einen Moment. Sie können es in 12 Sekunden noch einmal versuchen.",
        "es": "Demasiadas peticiones; espere un momento. Puede intentarlo otra vez dentro de 12 segundos.",
    }
    for language, words in said.items():
        with pages.person(booking.parent, language=language) as page:
            page.route("**/cancel", lambda route: route.fulfill(**answer))
            card(page, booking).locator(".cancel").click()
            page.get_by_role("dialog").locator(".danger").click()
            expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(words)


def test_a_reason_survives_the_end_of_a_sign_in(pages):
    """It is there again for the same person and session, until it is sent or dismissed."""
    parent, stranger = pages.fresh_parent(), pages.fresh_parent()
    booking, other = pages.booking(parent), pages.booking(parent, "4 days")
    kept = "sessionStorage.getItem('unbook.reason')"

    def end_and_sign_in(page, who):
        page.evaluate("sessionStorage.setItem('unbook.token', 'a.e30.c')")
        confirm(page)
        expect(page.get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
        assert page.get_by_role("dialog").count() == 0 and "We are ill" in page.evaluate(kept)
        to_front = {"Location": f"{pages.url}/#token={who.token}"}
        page.route("**/signin", lambda route: route.fulfill(status=302, headers=to_front), times=1)
        page.get_by_role("link", name="Sign in").click()

    with pages.person(parent) as page:
        dialog = page.get_by_role("dialog", name="Cancel this session?")
        reason = dialog.get_by_label("Reason")
        mine = card(page, booking).get_by_role("button", name=CANCEL)
        mine.click()
        reason.fill("We are ill")
        end_and_sign_in(page, parent)
        expect(reason).to_have_value("We are ill")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(mine).to_be_focused()
        assert page.evaluate(kept) is None, "dismissed"
        mine.click()
        expect(reason).to_have_value("")
        reason.fill("We are ill")
        end_and_sign_in(page, stranger)
        expect(page.get_by_text("Nothing is booked yet")).to_be_visible()
        assert page.evaluate(kept) is None, "somebody else's"
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{pages.url}/#token={parent.token}")
        mine.click()
        reason.fill("We are ill")
        end_and_sign_in(page, parent)
        expect(dialog).to_contain_text("Possible until")
        confirm(page)
        expect(card(page, booking)).to_contain_text("Reason given: We are ill")
        assert page.evaluate(kept) is None, "sent"
        card(page, other).get_by_role("button", name=CANCEL).click()
        expect(reason).to_have_value("")
    assert pages.row(booking.id)["cancellation_reason"] == "We are ill" and pages.row(other.id)["status"] == 1


def test_a_reason_survives_a_sign_in_whose_end_nobody_pressed_for(pages):
    """The deadline passed, or a list was read again: the question makes way, and what was typed is there afterwards."""
    booking = pages.booking()
    with pages.person(None, at="/signin") as page:
        page.clock.install()
        page.goto(f"{pages.url}/#token={booking.parent.token}")
        card(page, booking).get_by_role("button", name=CANCEL).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("We are ill")
        page.evaluate("sessionStorage.setItem('unbook.token', 'a.e30.c')")
        page.clock.fast_forward("49:00:00")
        expect(page.get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
        expect(dialog).to_have_count(0)
        page.goto("about:blank")
        page.goto(f"{pages.url}/#token={booking.parent.token}")
        expect(dialog.get_by_label("Reason")).to_have_value("We are ill")


def test_what_no_text_holds_is_left_out_of_what_is_typed(pages):
    """Pasted along: the server would refuse it, and nobody sees it."""
    booking = pages.booking()
    with pages.person(booking.parent) as page:
        card(page, booking).get_by_role("button", name=CANCEL).click()
        reason = page.get_by_role("dialog").get_by_label("Reason")
        reason.evaluate("node => { node.value = 'We are\\u000b ill\\ud800,\\n\\tboth\\u007f'; }")
        confirm(page)
        expect(card(page, booking).get_by_text("Cancelled", exact=True)).to_be_visible()
    assert pages.row(booking.id)["cancellation_reason"] == "We are ill,\n\tboth"


def test_a_cancel_whose_answer_is_lost_is_looked_up(pages):
    booking = pages.booking()
    with pages.person(booking.parent) as page:
        sent = cancels(page)
        mine = card(page, booking)
        mine.get_by_role("button", name=CANCEL).click()
        page.route("**/cancel", lambda route: (route.fetch(), route.abort()), times=1)
        page.route(f"**/api/Sessions/{booking.id}", lambda route: route.abort())
        confirm(page)
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("alert")).to_contain_text(f"We do not know whether it arrived. {SAFE}")
        page.unroute(f"**/api/Sessions/{booking.id}")
        expect(dialog).to_have_count(0)
        expect(mine.get_by_text("Cancelled", exact=True)).to_be_visible()
        expect(mine.get_by_role("heading", level=3)).to_be_focused()
        assert len(sent) == 1


def test_after_the_deadline_nothing_is_offered_while_the_server_is_away(pages):
    booking = pages.booking(starts_in="3 days")
    with pages.person(booking.parent, at="/signin") as page:
        page.clock.install()
        page.goto(pages.url)
        button = card(page, booking).get_by_role("button", name=CANCEL)
        expect(button).to_be_enabled()
        page.route("**/parent/bookings*", lambda route: route.fulfill(status=503, headers={"Retry-After": "60"}, body="{}"))
        page.clock.fast_forward("49:00:00")
        expect(page.locator("#banner")).to_contain_text("Our server cannot answer right now.")
        expect(button).to_be_disabled()
        expect(button).to_have_accessible_description("We are asking the server whether this is still possible …")
        pages.look(page, "desk-server-away")
        page.unroute("**/parent/bookings*")
        page.get_by_role("button", name="Try again").click()
        expect(button).to_be_enabled()
        expect(page.locator("#banner")).to_be_empty()
        expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_what_the_page_cannot_know_about_the_money_it_does_not_say(pages):
    """Stripe cannot be asked to close its page; a payment takes days. The way back says so, and a release is told where it is seen."""
    parent = pages.fresh_parent()
    with pages.person(parent, at="/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        fault = {"kind": "cut", "effect": False, "count": None, "path": f"/v1/checkout/sessions/{checkout}*"}
        pages.stack.stripe.control("POST", "/_sim/faults", fault)
        try:
            page.locator("#back").click()
            expect(page.locator("main").get_by_text("whatever is paid there is returned in full")).to_be_visible()
            expect(page.locator("main").get_by_text("Nothing was paid")).to_have_count(0)
        finally:
            pages.stack.stripe.control("DELETE", "/_sim/faults")
        page.goto(f"{pages.url}/book")
        book(pages, page)
        checkout = checkout_of(page)
        pages.stack.stripe.post(f"checkouts/{checkout}/pay", delayed=True)
        page.goto(f"{pages.url}/payment/cancel?session_id={checkout}&type=session-booking")
        expect(page.get_by_role("heading", name="Your payment is being processed")).to_be_visible()
        expect(page.get_by_role("link", name="Pay now")).to_have_count(0)
        page.get_by_role("article").get_by_role("button", name="Release this time").click()
        page.get_by_role("dialog").get_by_role("button", name="Release this time").click()
        expect(page.get_by_role("main").get_by_text("A payment that still arrives is refunded in full.")).to_be_visible()
        expect(page.get_by_role("heading", name="Your booking is released")).to_be_focused()
    row = of_checkout(pages, checkout)
    assert (row["status"], row["cancel_cause"]) == (3, "parent")


class Blank(BaseHTTPRequestHandler):
    """The page of another site."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_):
        pass


ASK = """async ([url, token]) => {
    try {
        const answer = await fetch(url, {method: "PUT", headers: {Authorization: `Bearer ${token}`,
            "Content-Type": "application/json", "Idempotency-Key": "from-another-site"}, body: "{}"});
        return [answer.status, (await answer.json()).code];
    } catch (error) { return error.name; }
}"""


def test_a_page_of_another_origin_may_ask_only_when_it_is_listed(pages):
    booking = pages.booking(starts_in="20 hours")
    site = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    port = site.server_address[1]
    api = pages.stack.start_service("api", UNBOOK_LISTEN="127.0.0.1:0", UNBOOK_CORS_ORIGINS=f"http://127.0.0.1:{port}")
    try:
        with pages.chromium.person() as context:
            page = context.new_page()
            wish = [f"{api.url}/api/Sessions/{booking.id}/cancel", booking.parent.token]
            page.goto(f"http://127.0.0.1:{port}/")
            assert page.evaluate(ASK, wish) == [409, "too_late"]
            page.goto(f"http://localhost:{port}/")
            assert page.evaluate(ASK, wish) == "TypeError"
    finally:
        site.shutdown()


def test_a_calendar_takes_the_session(pages):
    title = "Geometría, " + "ñandú; " * 12
    booking = pages.booking(title=title.strip())
    with pages.person(booking.parent) as page:
        with page.expect_download() as saved:
            card(page, booking).get_by_role("button", name="Add to calendar").click()
        content = open(saved.value.path(), "rb").read()
    lines = content.split(b"\r\n")
    assert lines[-1] == b"" and b"\n" not in b"".join(lines) and max(map(len, lines)) <= 75
    event = icalendar.Calendar.from_ical(content).walk("VEVENT")[0]
    row = pages.row(booking.id)
    assert (str(event["SUMMARY"]), event["DTSTART"].dt) == (title.strip(), row["starts_at"].replace(microsecond=0))
    instance = pages.stack.one("SELECT id FROM instance")["id"]
    assert str(event["UID"]) == f"booking-{booking.id}@{instance}.unbook", "the UID of the mails"
    assert str(event["DESCRIPTION"]) == "with Tina Teacher"
    assert event["DTEND"].dt - event["DTSTART"].dt == row["ends_at"] - row["starts_at"]


def test_the_teacher_sees_and_cancels_and_the_parent_gets_the_money(pages):
    booking = pages.booking()
    with pages.person(booking.teacher) as page:
        mine = card(page, booking)
        expect(page.get_by_role("heading", name="Teaching")).to_be_visible()
        expect(mine).to_contain_text("Booked by Pia Parent")
        mine.get_by_role("button", name=CANCEL).click()
        confirm(page)
        expect(mine.get_by_text("Cancelled by you")).to_be_visible()
    pages.stack.eventually(
        lambda: pages.stack.one("SELECT state FROM refunds WHERE booking_id = %s", booking.id)["state"] == "succeeded"
    )
    pages.stack.stripe.ledger.assert_refunded_once(booking.payment_intent)
