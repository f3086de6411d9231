"""Going back to a page that the browser has kept as it was left (the back/forward cache): nothing on it may be out of date."""

import contextlib

import pytest
from browser import Chromium, complaints
from pages_world import CANCEL, book, card, checkout_of, of_checkout, pages  # noqa: F401
from playwright.sync_api import Error, expect

NOTE_RETURNS = "addEventListener('pageshow', (event) => event.persisted && sessionStorage.setItem('returned', 'yes'));"
# Routes of Playwright do not hold what a page asks that was kept.
HOLD = """const ask = fetch;
window.fetch = async (...wish) => {
    while (sessionStorage.getItem("hold")) await new Promise((resolve) => setTimeout(resolve, 50));
    return ask(...wish);
};"""


@pytest.fixture(scope="module")
def chromium():
    with Chromium(keeps_pages=True) as browser:
        yield browser


@contextlib.contextmanager
def person(pages, who, at="/"):
    with pages.chromium.person() as context:
        context.add_init_script(NOTE_RETURNS)
        context.add_init_script(HOLD)
        yield pages.open(context, at, who)
        assert not complaints(context)


def leave(page, to="/book"):
    page.evaluate("to => location.assign(to)", to)
    page.wait_for_url(f"**{to}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main [aria-busy]")).to_have_count(0)


def has_returned(page):
    try:
        return page.evaluate("sessionStorage.getItem('returned')") == "yes"
    except Error:  # between two documents
        return False


def go_back(pages, page):
    """To a page that was kept; a test in which none was would say nothing."""
    page.evaluate("history.back()")
    pages.stack.eventually(lambda: has_returned(page))


def cancel(pages, booking):
    assert pages.stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=booking.parent.token).status == 200


def test_a_session_that_was_cancelled_meanwhile_cannot_be_cancelled(pages):
    """Nor before the server has said so."""
    booking = pages.booking()
    with person(pages, booking.parent) as page:
        button = card(page, booking).get_by_role("button", name=CANCEL)
        expect(button).to_be_enabled()
        leave(page)
        cancel(pages, booking)
        page.evaluate("sessionStorage.setItem('hold', 'yes')")
        go_back(pages, page)
        expect(button).to_be_disabled()
        expect(button).to_have_accessible_description("We are asking the server whether this is still possible …")
        page.evaluate("sessionStorage.removeItem('hold')")
        expect(card(page, booking).get_by_text("Cancelled", exact=True)).to_be_visible()
        expect(button).to_have_count(0)


def test_what_can_still_be_cancelled_has_its_button_again(pages):
    booking = pages.booking()
    with person(pages, booking.parent) as page:
        button = card(page, booking).get_by_role("button", name=CANCEL)
        expect(button).to_be_enabled()
        leave(page)
        go_back(pages, page)
        expect(button).to_be_enabled()


def test_an_open_question_is_withdrawn(pages):
    booking = pages.booking()
    with person(pages, booking.parent) as page:
        card(page, booking).get_by_role("button", name=CANCEL).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name=CANCEL)).to_be_enabled()
        leave(page)
        cancel(pages, booking)
        go_back(pages, page)
        expect(dialog.get_by_role("alert")).not_to_be_empty()
        expect(dialog.get_by_role("button", name=CANCEL)).to_be_disabled()


def test_what_somebody_else_has_left_is_not_shown(pages):
    booking, stranger = pages.booking(), pages.stack.seed.person("Parent", "Berta Besuch")
    with person(pages, booking.parent) as page:
        expect(card(page, booking)).to_be_visible()
        leave(page)
        page.evaluate("token => sessionStorage.setItem('unbook.token', token)", stranger.token)
        go_back(pages, page)
        expect(page.locator("#header .who span")).to_have_text("Berta Besuch")
        expect(card(page, booking)).to_have_count(0)


def test_going_back_from_the_payment_page_shows_the_hold(pages):
    with person(pages, pages.fresh_parent(), "/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        page.evaluate("history.back()")
        expect(page.get_by_role("alert")).to_contain_text("This time is held for you until")
        assert has_returned(page)
        page.get_by_role("button", name="Go to the payment that is open").click()
        page.wait_for_url(f"**/c/pay/{checkout}*")


def test_what_was_paid_meanwhile_is_not_said_to_be_held(pages):
    with person(pages, pages.fresh_parent(), "/book") as page:
        book(pages, page)
        checkout, alert = checkout_of(page), page.get_by_role("alert")
        page.evaluate("history.back()")
        page.get_by_role("button", name="Go to the payment that is open").click()
        page.wait_for_url(f"**/c/pay/{checkout}*")
        page.locator("#pay").click()
        expect(page.get_by_role("heading", name="Your session is confirmed")).to_be_visible()
        page.evaluate("sessionStorage.removeItem('returned')")
        page.evaluate("history.go(-2)")
        expect(alert).to_contain_text("This time is booked and paid for.")
        assert has_returned(page)
        expect(alert).not_to_contain_text("held")
        expect(page.locator("#date")).to_have_value("")
        page.get_by_role("button", name="Go to payment").click()
        expect(alert).to_have_text("Please choose a date and a time.")
        leave(page, "/")
        expect(card(page, of_checkout(pages, checkout)["id"]).get_by_text("Confirmed")).to_be_visible()


def test_what_was_paid_at_once_is_said_to_be_paid(pages):
    with person(pages, pages.fresh_parent(), "/book") as page:
        book(pages, page)
        page.locator("#pay").click()
        expect(page.get_by_role("heading", name="Your session is confirmed")).to_be_visible()
        page.evaluate("history.go(-2)")
        expect(page.get_by_role("alert")).to_contain_text("This time is booked and paid for.")
        assert has_returned(page)
        page.get_by_role("alert").get_by_role("link", name="My bookings").click()
        expect(page.locator(".session").get_by_text("Confirmed")).to_be_visible()


def test_a_way_back_from_stripe_is_asked_for_again(pages):
    parent = pages.fresh_parent()
    with person(pages, parent, "/book") as page:
        book(pages, page)
        checkout = checkout_of(page)
        page.locator("#pay").click()
        expect(page.get_by_role("heading", name="Your session is confirmed")).to_be_visible()
        leave(page)
        path = f"/api/Sessions/{of_checkout(pages, checkout)['id']}/cancel"
        assert pages.stack.api.put(path, token=parent.token).status == 200
        go_back(pages, page)
        expect(page.get_by_role("heading", name="Your session was cancelled later")).to_be_visible()
        expect(page.get_by_role("button", name=CANCEL)).to_have_count(0)
