"""Every state of the pages: readable by everybody, in each language, light and dark, on a phone, a desk and paper, however much there is."""

import json
import re
import time

import pytest
from browser import PHONE, SCREEN
from pages_world import SCREENS, card, chromium, family, pages  # noqa: F401
from playwright.sync_api import expect

LOOKS = {
    "desk": {"size": SCREEN},
    "desk-dark-de": {"size": SCREEN, "dark": True, "language": "de"},
    "phone-dark": {"size": PHONE, "dark": True},
    "phone-es": {"size": PHONE, "language": "es"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_for_everybody(pages, family, look):
    parent = family["parent"]
    with pages.person(None, "/", **LOOKS[look]) as page:
        pages.look(page, f"{look}-sign-in")
        page.goto(f"{pages.url}/signin#token={parent.token}")
        page.goto(f"{pages.url}/")
        expect(card(page, family["gone"]).locator(".refund")).to_be_visible()
        expect(card(page, family["held"]).get_by_role("link")).to_have_attribute("href", re.compile("/c/pay/cs_test_"))
        card(page, family["gone"]).locator(".more").click()
        expect(card(page, family["gone"]).locator(".line li")).not_to_have_count(0)
        assert page.locator("section:has(#list-upcoming) .session.is-3").count() == 0
        pages.look(page, f"{look}-bookings")
        assert page.locator("main [lang]").count() == 0, "a sentence of the server is shown in its own language"
        card(page, family["early"]).locator(".cancel").click()
        pages.look(page, f"{look}-cancel")
        page.goto(f"{pages.url}/book")
        pages.choose_time(page)
        pages.look(page, f"{look}-book")


@pytest.mark.parametrize("look", ["desk", "phone-dark"])
def test_every_other_page_is_for_everybody_too(pages, family, look):
    with pages.person(pages.teacher, "/", **LOOKS[look]) as page:
        expect(card(page, family["late"])).to_be_visible()
        pages.look(page, f"{look}-teaching")
    with pages.person(family["student"], "/", **LOOKS[look]) as page:
        expect(card(page, family["early"])).to_be_visible()
        expect(page.get_by_role("region", name="Earlier and cancelled")).to_contain_text("Cancelled by the parent")
        expect(page.locator("main")).not_to_contain_text("€")
        pages.look(page, f"{look}-attending")
    with pages.person(pages.admin, f"/find?q={family['early'].id}", **LOOKS[look]) as page:
        expect(card(page, family["early"]).locator(".cancel")).to_be_enabled()
        pages.look(page, f"{look}-find")
    with pages.person(pages.fresh_parent(), "/", **LOOKS[look]) as page:
        page.locator(".state").wait_for()
        pages.look(page, f"{look}-empty")
        page.goto(f"{pages.url}/payment/cancel?session_id=cs_test_nobody&type=session-booking")
        expect(page.get_by_role("heading", name="We do not know this payment")).to_be_visible()
        pages.look(page, f"{look}-unknown-payment")


def facts(page):
    """What the question says of itself, by name."""
    names, values = (page.get_by_role("dialog").locator(one).all_inner_texts() for one in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def test_what_is_said_of_money_and_time_is_true(pages, family):
    with pages.person(family["parent"], "/") as page:
        cancelled = page.get_by_role("region", name="Cancelled", exact=True).locator(".session")
        expect(cancelled).to_have_count(2)
        waits = card(page, family["waits"])
        expect(waits).to_contain_text("The refund of €45.00 waits for somebody to act")
        expect(waits).not_to_contain_text("It should be on your account by")
        expect(waits.locator("[aria-current=step]")).to_have_text("Requested")
        card(page, family["part"]).locator(".cancel").click()
        expect(page.get_by_role("dialog")).to_contain_text("What remains of the payment is returned: €35.00.")
        page.keyboard.press("Escape")
        held = card(page, family["held"])
        until = re.search(r"until (.+)\.", held.locator(".note").inner_text()).group(1)
        held.locator(".cancel").click()
        assert until in facts(page)["Possible until"]
        refused = {"success": False, "message": "Not kept.", "data": None, "code": "refunded", "traceId": "4bf92f35"}
        page.route("**/confirm-payment/*", lambda route: route.fulfill(status=409, body=json.dumps(refused)))
        checkout = pages.row(family["gone"].id)["stripe_session_id"]
        page.goto(f"{pages.url}/payment/success?session_id={checkout}&type=session-booking")
        expect(page.locator(".refund")).to_contain_text("€45.00 was returned.")
        pages.look(page, "desk-not-kept")


def test_the_judge_sees_a_page_that_is_not_for_everybody(pages):
    with pages.person(None, "/") as page:
        page.evaluate("document.querySelector('main a').textContent = ''")
        with pytest.raises(AssertionError, match="link-name"):
            pages.look(page, "broken-on-purpose")


def test_nothing_is_wider_than_a_small_phone_with_large_letters(pages, family):
    parent = pages.fresh_parent()
    for name in ("Maximiliane Alexandra von Hohenfels-Brandenburg-Lindau", "Sam"):
        pages.stack.seed.person("Student", name, guardian=parent)
    for who, path, language in ((family["parent"], "/", "de"), (pages.teacher, "/", "en"), (parent, "/book", "es")):
        with pages.person(who, path, size={"width": 320, "height": 640}, language=language) as page:
            page.locator(".session, .choice").first.wait_for()
            for width, letters in ((320, 100), (390, 100), (320, 150), (390, 200), (320, 200)):
                page.set_viewport_size({"width": width, "height": 640})
                page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", letters)
                page.screenshot(path=SCREENS / f"letters-{language}-{width}-{letters}.png", full_page=True)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width, letters)
            if path == "/book":
                name, value = (page.locator(f".summary {one}").first.bounding_box() for one in ("dt", "dd"))
                assert name["x"] == value["x"], "one below the other, since no word fits beside another"
    with pages.person(family["parent"], "/", size={"width": 320, "height": 640}, language="de") as page:
        expect(card(page, family["gone"])).to_be_visible()
        page.evaluate("document.documentElement.style.fontSize = '150%'")
        card(page, family["early"]).locator(".cancel").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_be_in_viewport()
        expect(dialog.locator("button:focus")).to_be_in_viewport()


def answer_with(page, status, body, **headers):
    """The next reading of the bookings fails so; later ones are real."""
    page.route(
        "**/parent/bookings?when=upcoming*",
        lambda route: route.fulfill(status=status, body=json.dumps(body), headers=headers),
        times=1,
    )


def test_what_goes_wrong_is_said_calmly_and_tried_again(pages, family):
    with pages.person(None, "/signin") as page:
        page.evaluate("token => sessionStorage.setItem('unbook.token', token)", family["parent"].token)
        answer_with(page, 500, {"success": False, "message": "x", "code": "internal", "traceId": "4bf92f3577b34da6"})
        page.goto(pages.url)
        expect(page.get_by_text("Something went wrong on our side")).to_be_visible()
        expect(page.get_by_text("quote 4bf92f3577b34da6")).to_be_visible()
        pages.look(page, "desk-broken")
        page.get_by_role("button", name="Try again").click()
        expect(card(page, family["early"])).to_be_visible()
        answer_with(page, 429, {"success": False, "message": "x", "code": "too_many"}, **{"Retry-After": "2"})
        page.reload()
        expect(page.get_by_role("heading", name="A little slower, please")).to_be_visible()
        expect(page.get_by_text(re.compile("We try again by ourselves in [12] seconds?[.]"))).to_be_visible()
        pages.look(page, "desk-wait")
        expect(card(page, family["early"])).to_be_visible()
        answer_with(page, 503, {"success": False, "message": "x", "code": "unavailable"}, **{"Retry-After": "3600"})
        page.reload()
        expect(page.get_by_role("heading", name="Our service does not answer right now")).to_be_visible()
        expect(page.get_by_text("We try again by ourselves in 1 hour.")).to_be_visible()
        page.route("**/parent/bookings?when=upcoming*", lambda route: route.abort(), times=1)
        page.reload()
        expect(page.get_by_role("heading", name="No connection")).to_be_visible()
        pages.look(page, "desk-offline")
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(card(page, family["early"])).to_be_visible()


def test_a_page_that_came_too_fast_asks_only_for_what_is_missing(pages, family):
    """An allowance that is used up and comes back at one request a second."""
    asked, allowed_at = [], [0.0]

    def slowly(route):
        asked.append(route.request.url)
        if time.monotonic() - allowed_at[0] < 0.9:
            return route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")
        allowed_at[0] = time.monotonic()
        return route.continue_()

    with pages.person(None, "/signin") as page:
        page.evaluate("token => sessionStorage.setItem('unbook.token', token)", family["parent"].token)
        page.route("**/parent/bookings*", slowly)
        page.goto(pages.url)
        expect(card(page, family["gone"])).to_be_visible(timeout=12000)
        expect(card(page, family["early"])).to_be_visible()
        assert len(asked) <= 6, "three at once, of which two were refused, and those one after the other"


FAINT = """() => [...document.querySelectorAll("main *, #header *")].filter((node) => {
    const says = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (!says || !node.checkVisibility()) return false;
    return Math.max(...getComputedStyle(node).color.match(/\\d+/g).slice(0, 3).map(Number)) > 0x70;
}).map((node) => node.textContent)"""


def test_on_paper_the_sessions_stand_black_on_white(pages, family):
    with pages.person(family["parent"], "/", dark=True) as page:
        expect(card(page, family["gone"]).locator(".refund")).to_be_visible()
        assert page.evaluate(FAINT), "on a dark screen letters are bright"
        page.emulate_media(media="print")
        for gone in ("nav", "#footer", ".actions", ".more", ".skip"):
            assert page.locator(gone).count() and not any(one.is_visible() for one in page.locator(gone).all()), gone
        for booking in ("late", "early", "gone", "waits", "part"):
            expect(card(page, family[booking]).get_by_role("heading", level=3)).to_be_visible()
        meeting = pages.stack.one("SELECT url FROM meetings WHERE booking_id = %s", family["early"].id)["url"]
        expect(card(page, family["early"]).get_by_text(meeting)).to_be_visible()
        page.screenshot(path=SCREENS / "paper.png", full_page=True)
        assert page.evaluate(FAINT) == []


def test_on_the_smallest_phone_the_whole_question_can_be_reached(pages, family):
    with pages.person(family["parent"], "/", size={"width": 320, "height": 568}, language="de") as page:
        card(page, family["early"]).locator(".cancel").click()
        dialog = page.get_by_role("dialog")
        box = dialog.bounding_box()
        assert box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= 320 and box["y"] + box["height"] <= 568
        expect(dialog.get_by_role("heading")).to_be_in_viewport(ratio=1)
        reason = dialog.get_by_role("textbox")
        reason.fill("Wir sind krank")
        actions = dialog.locator(".actions")
        for one in (reason, *dialog.get_by_role("button").all()):
            expect(one).to_be_in_viewport(ratio=1)
        field = reason.bounding_box()
        assert field["y"] + field["height"] <= actions.bounding_box()["y"], "the buttons cover nothing that is written"
        pages.look(page, "smallest-cancel")


def test_on_a_very_low_screen_the_question_scrolls_as_a_whole(pages, family):
    """As it is at 400 % on a usual screen: what comes back can be read, and the buttons cover nothing."""
    with pages.person(family["parent"], "/", size={"width": 320, "height": 256}) as page:
        card(page, family["early"]).locator(".cancel").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_be_in_viewport()
        promise, actions = dialog.locator("#cancel-promise"), dialog.locator(".actions")
        expect(actions).not_to_be_in_viewport()
        promise.scroll_into_view_if_needed()
        expect(promise).to_be_in_viewport(ratio=1)
        assert promise.bounding_box()["y"] + promise.bounding_box()["height"] <= actions.bounding_box()["y"]
        page.screenshot(path=SCREENS / "low-cancel.png")
        for one in dialog.get_by_role("button").all():
            one.scroll_into_view_if_needed()
            expect(one).to_be_in_viewport(ratio=1)


def test_each_button_names_its_session(pages, family):
    with pages.person(family["parent"], "/") as page:
        early = card(page, family["early"])
        time = early.locator("time").first.inner_text()
        title = early.get_by_role("heading", level=3).inner_text()
        expect(early.locator(".cancel")).to_have_accessible_name(f"Cancel session {title} {time}")
        expect(early.locator(".more")).to_have_accessible_name(f"What happened {title} {time}")
        expect(card(page, family["gone"]).locator(".why").first).to_contain_text("Cancelled by you, ")
    with pages.person(pages.teacher, "/") as page:
        expect(card(page, family["gone"]).locator(".why").first).to_contain_text("Cancelled by the parent, ")


def test_a_long_list_is_shown_piece_by_piece(pages):
    parent = pages.fresh_parent()
    for day in range(12):
        pages.booking(parent, f"{day + 2} days")
    with pages.person(parent) as page:
        expect(page.locator(".session")).to_have_count(10)
        page.get_by_role("button", name="Show more").click()
        expect(page.locator(".session")).to_have_count(12)
        expect(page.locator(".session h3").nth(10)).to_be_focused()
        expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_payment_is_found_among_more_sessions_than_a_list_holds(pages):
    booking = pages.booking(starts_in="200 days")
    checkout = pages.row(booking.id)["stripe_session_id"]
    pages.stack.sql(
        "INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, amount_minor, currency,"
        " cancel_notice) SELECT %s, %s, %s, 'Chess', at, at + interval '1 hour', 4500, 'EUR', interval '24 hours'"
        " FROM (SELECT clock_timestamp() + n * interval '1 day' AS at FROM generate_series(1, 100) n) days",
        booking.parent.id,
        booking.parent.id,
        booking.teacher.id,
    )
    pages.stack.sql("UPDATE bookings SET status = 1 WHERE parent_id = %s AND status = 0", booking.parent.id)
    back = f"?session_id={checkout}&type=session-booking"
    with pages.person(booking.parent, at=f"/payment/cancel{back}") as page:
        expect(page.get_by_role("heading", name="Your booking is confirmed")).to_be_visible()
        expect(card(page, booking)).to_be_visible()
        page.goto(f"{pages.url}/payment/success{back}")
        expect(page.get_by_role("heading", name="Your session is confirmed")).to_be_visible()
        expect(card(page, booking)).to_be_visible()
