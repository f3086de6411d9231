"""Where the keyboard and a reader of the screen are: a page that draws itself anew does not send them back to its beginning."""

import datetime

from pages_world import CANCEL, card, chromium, pages  # noqa: F401
from playwright.sync_api import expect


def read_again(page):
    """All lists, as after a return to the page: until the answer nothing is offered, so that every card ahead is drawn twice."""
    with page.expect_response("**/parent/bookings?when=past*"):
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")


def cancel_elsewhere(pages, booking):
    assert pages.stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=booking.parent.token).status == 200


def test_after_a_cancel_the_focus_stays_with_the_session(pages):
    booking = pages.booking()
    pages.booking(booking.parent, "4 days")
    with pages.person(booking.parent) as page:
        mine = card(page, booking)
        mine.get_by_role("button", name=CANCEL).focus()
        for key in ("Enter", "Shift+Tab", "Tab", "Tab", "Enter"):
            page.keyboard.press(key)
        heading = mine.get_by_role("heading", level=3)
        expect(heading).to_be_focused()
        expect(mine).to_contain_text("€45.00 was returned.")
        expect(heading).to_be_focused()
        pages.stack.sql("UPDATE bookings SET title = 'Chess' WHERE id = %s", booking.id)
        read_again(page)
        expect(heading).to_have_text("Chess")
        expect(heading).to_be_focused()


def test_after_show_more_the_focus_stays_with_the_first_that_came(pages):
    parent = pages.fresh_parent()
    for day in range(22):
        pages.booking(parent, f"{day + 2} days")
    with pages.person(parent) as page:
        more = page.get_by_role("button", name="Show more")
        more.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".session")).to_have_count(20)
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        heading = page.locator(".session h3").nth(20)
        expect(heading).to_be_focused()
        read_again(page)
        expect(page.locator(".session").first.get_by_role("button", name=CANCEL)).to_be_enabled()
        expect(heading).to_be_focused()


def test_whose_button_is_gone_is_at_its_session_or_at_the_page(pages):
    """It was cancelled, or released, from another tab."""
    booking = pages.booking()
    when = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=290)
    body = {"teacherId": pages.teacher.id, "offerId": pages.offer, "scheduledDateTime": when.isoformat()}
    held = pages.stack.api.post("/api/Sessions/book", body, token=booking.parent.token).data
    with pages.person(booking.parent) as page:
        mine, waits = card(page, booking), card(page, held["sessionId"])
        waits.get_by_role("link", name="Pay now").focus()
        path = f"/api/Sessions/cancel-payment/{held['stripeSessionId']}"
        assert pages.stack.api.post(path, {}, token=booking.parent.token).status == 200
        read_again(page)
        expect(waits).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        mine.get_by_role("button", name=CANCEL).focus()
        cancel_elsewhere(pages, booking)
        read_again(page)
        expect(mine).to_contain_text("Cancelled by you")
        expect(mine.get_by_role("heading", level=3)).to_be_focused()


def test_a_question_that_is_answered_leads_back_to_what_was_drawn_meanwhile(pages):
    booking = pages.booking()
    with pages.person(booking.parent) as page:
        button = card(page, booking).get_by_role("button", name=CANCEL)
        button.click()
        pages.stack.sql("UPDATE bookings SET title = 'Chess' WHERE id = %s", booking.id)
        read_again(page)
        expect(card(page, booking).locator("h3")).to_have_text("Chess")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(button).to_be_focused()


def test_a_try_that_is_made_by_itself_leads_to_what_came(pages):
    booking = pages.booking()
    with pages.person(None, "/signin") as page:
        page.evaluate("token => sessionStorage.setItem('unbook.token', token)", booking.parent.token)
        busy = {"status": 503, "headers": {"Retry-After": "2"}, "body": "{}"}
        page.route("**/parent/bookings?when=upcoming*", lambda route: route.fulfill(**busy), times=1)
        page.goto(pages.url)
        page.get_by_role("button", name="Try again").focus()
        expect(card(page, booking)).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_strip_that_goes_by_itself_leads_to_the_page(pages):
    with pages.person(pages.booking().parent) as page:
        expect(page.locator(".session")).to_have_count(1)
        page.context.set_offline(True)
        page.locator("#banner").get_by_role("button", name="Try again").focus()
        page.context.set_offline(False)
        expect(page.locator("#banner")).to_be_empty()
        expect(page.get_by_role("heading", level=1)).to_be_focused()
