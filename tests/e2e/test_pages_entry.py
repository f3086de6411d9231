"""Coming to the pages: how they are served, signing in and out, and what stands there when a part is missing."""

import base64
import json

from browser import complaints
from pages_world import SCREENS, card, chromium, family, pages  # noqa: F401
from playwright.sync_api import expect


def test_a_token_that_ended_asks_to_sign_in_again(pages):
    ended = pages.stack.issuer.mint("parent-gone", "Parent", lifetime_s=-7200, nbf=0)
    with pages.person(None, f"/#token={ended}") as page:
        expect(page.get_by_role("heading", name="Your sign-in has ended")).to_be_visible()
        assert page.url == f"{pages.url}/"
        pages.look(page, "desk-signed-out")
        assert page.evaluate("sessionStorage.length") == 0
        assert page.get_by_role("button", name="Sign out").count() == 0


def test_what_is_no_token_asks_to_sign_in(pages):
    with pages.person(None, "/signin") as page:
        for rubbish in ("rubbish", "a.bnVsbA.c"):  # and null
            for path in ("/", "/book"):
                page.goto(f"{pages.url}/signin")
                page.goto(f"{pages.url}{path}#token={rubbish}")
                expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
                expect(page.locator("#said")).to_have_text(
                    "Please sign in. Your bookings are waiting behind your school's sign-in. It brings you back here."
                )
        page.goto(f"{pages.url}/xyz")
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_signing_in_leads_back_to_where_it_was_asked_for(pages, family):
    """The school's site leads to the front page with the token; a form that was begun is still there."""
    parent = family["parent"]
    where = f"{pages.url}/payment/cancel?session_id=cs_test_nobody&type=session-booking"
    with pages.person(None, "/payment/cancel?session_id=cs_test_nobody&type=session-booking") as page:
        to_front = {"Location": f"{pages.url}/#token={parent.token}"}
        page.route("**/signin", lambda route: route.fulfill(status=302, headers=to_front))
        page.get_by_role("link", name="Sign in").click()
        expect(page.get_by_role("heading", name="We do not know this payment")).to_be_visible()
        assert page.url == where
        page.goto(f"{pages.url}/book")
        pages.choose_time(page)
        page.locator("#notes").fill("Fractions")
        expect(page.get_by_label("Who it is for")).to_have_value(str(family["student"].id))
        page.get_by_label("Who it is for").select_option("Myself")
        chosen = page.locator("#date").input_value()
        page.get_by_label("Language").select_option("de")
        expect(page.locator("#notes")).to_have_value("Fractions")
        page.get_by_label("Sprache").select_option("en")
        expect(page.get_by_label("Notes for the teacher")).to_have_value("Fractions")
        page.evaluate("sessionStorage.setItem('unbook.token', 'a.e30.c')")
        page.get_by_role("button", name="Go to payment").click()
        page.get_by_role("link", name="Sign in").click()
        expect(page.locator("#notes")).to_have_value("Fractions")
        assert (page.url, page.locator("#date").input_value()) == (f"{pages.url}/book", chosen)
        expect(page.locator("#student option:checked")).to_have_text("Myself")
        page.evaluate("sessionStorage.setItem('unbook.backTo', '//stranger.example/x')")
        page.goto(f"{pages.url}/signin")
        expect(page.get_by_role("heading", name="My bookings")).to_be_visible()
        assert page.url == f"{pages.url}/"


def test_who_signed_out_stays_so(pages, family):
    with pages.person(family["student"], "/") as page:
        expect(card(page, family["early"])).to_be_visible()
        assert card(page, family["early"]).locator(".cancel").count() == 0, "a student cancels nothing"
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        with page.expect_response("**/student/upcoming*") as refused:
            page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        assert refused.value.status == 401 and refused.value.finished() is None
        page.evaluate("new Promise(requestAnimationFrame)")
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert page.get_by_role("button", name="Sign out").count() == 0


OTHER_NAMES = {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": "zoe", "unique_name": "Zoë"}
OTHER_CLAIMS = base64.urlsafe_b64encode(json.dumps(OTHER_NAMES, ensure_ascii=False).encode()).decode().rstrip("=")


def follow(page, link):
    """From outside: on the page itself it would be a change of the fragment alone."""
    page.goto("about:blank")
    page.goto(link)


def test_a_link_of_somebody_else_asks_before_the_account_changes(pages, family):
    """Whoever is signed in keeps the tab until they say otherwise; the token is out of the address at once."""
    mine, stranger = family["parent"], pages.stack.seed.person("Parent", "Berta Besuch")
    question = "You are signed in as Pia Parent. The name in this link is “Berta Besuch”."
    with pages.person(mine) as page:
        expect(card(page, family["early"])).to_be_visible()
        for path in ("/", "/bookings"):  # the page that is open already, and another
            page.goto(f"{pages.url}{path}#token={stranger.token}")
            expect(page.locator("#said")).to_have_text(f"Who shall be signed in? {question}")
            assert page.url == f"{pages.url}{path}"
            pages.look(page, "desk-who")
            page.reload()
            expect(page.locator("main").get_by_text(question)).to_be_visible()
            stay = page.get_by_role("button", name="Stay signed in as Pia Parent")
            stay.focus()
            page.keyboard.press("Enter")
            expect(card(page, family["early"])).to_be_visible()
            expect(page.locator("#header .who span")).to_have_text("Pia Parent")
        follow(page, f"{pages.url}/bookings#token=rubbish")
        expect(card(page, family["early"])).to_be_visible()
        follow(page, f"{pages.url}/bookings#token=a.{OTHER_CLAIMS}.c")
        expect(page.locator("main").get_by_text("The name in this link is “Zoë”.")).to_be_visible()
        follow(page, f"{pages.url}/bookings#token={mine.token}")
        expect(card(page, family["early"])).to_be_visible()
        follow(page, f"{pages.url}/#token={stranger.token}")
        page.get_by_role("button", name="Sign in as “Berta Besuch”").click()
        expect(page.get_by_text("Nothing is booked yet")).to_be_visible()
        expect(page.locator("#header .who span")).to_have_text("Berta Besuch")
        assert page.url == f"{pages.url}/" and page.evaluate("sessionStorage.length") == 1
        follow(page, f"{pages.url}/#token={mine.token}")
        page.get_by_role("button", name="Sign out").click()
        assert page.evaluate("sessionStorage.length") == 0, "neither of the two"


QUOTES = {"en": "“{}”", "de": "„{}“", "es": "«{}»"}


def test_what_a_link_calls_somebody_is_told_as_the_links_own_words(pages, family):
    """At any length, with any marks: it stays a name, and nothing is wider than a phone."""
    trick = "your school” support team. Call +1 555 0100 at once to keep the lessons of your child"
    names = {trick: "your school support team. Call +1 555 01…", "x" * 41: "x" * 40 + "…", "🙂" * 40: "🙂" * 40, "": " (forged)"}
    for language, quotes in QUOTES.items():
        with pages.person(family["parent"], language=language) as page:
            for name, shown in names.items():
                follow(page, f"{pages.url}/#token={pages.stack.issuer.mint('forged', 'Parent', name=name or '')}")
                expect(page.locator(".state .lead").first).to_contain_text(quotes.format(shown.strip()))
                expect(page.locator(".state button").last).to_contain_text(quotes.format(shown.strip()))
                assert "at once" not in page.locator("body").inner_text()


def test_the_question_who_it_shall_be_is_no_wider_than_a_phone(pages):
    mail = "maximiliane.alexandra.von.hohenfels-brandenburg@grundschule-am-lindenplatz.example"
    mine = pages.stack.seed.person("Parent", mail)
    other = pages.stack.issuer.mint("other", "Parent", name=mail[1:])
    with pages.person(mine, size={"width": 320, "height": 640}) as page:
        follow(page, f"{pages.url}/#token={other}")
        expect(page.get_by_role("heading", name="Who shall be signed in?")).to_be_visible()
        for width, letters in ((320, 100), (360, 100), (390, 200), (320, 200)):
            page.set_viewport_size({"width": width, "height": 640})
            page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", letters)
            page.screenshot(path=SCREENS / f"who-{width}-{letters}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, letters)


def forged(claims, header=None, signature=""):
    """Well formed, except for what is asked for."""
    parts = [json.dumps(header or {"alg": "none"}), json.dumps(claims)]
    return ".".join([*(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts), signature])


def test_a_link_that_is_no_better_than_the_sign_in_replaces_none(pages, family):
    """Neither a forged one of the same person, nor one that ends sooner, nor an empty one."""
    mine, issuer = family["parent"], pages.stack.issuer
    claims = {"sub": mine.subject, "role": "Parent", "exp": 4102444800}
    signed = {"alg": "RS256"}
    kept = "sessionStorage.getItem('unbook.token')"
    worse = {
        "unsigned": forged(claims),
        "unsigned in capitals": forged(claims, {"alg": "None"}, "c2ln"),
        "without a signature": forged(claims, signed),
        "with a part too many": forged(claims, signed, "c2ln.x"),
        "of no header": f"a.{forged(claims, signed, 'c2ln').split('.', 1)[1]}",
        "sooner over": issuer.mint(mine.subject, "Parent", lifetime_s=60),
        "empty": "",
    }
    with pages.person(mine) as page:
        expect(card(page, family["early"])).to_be_visible()
        for what, token in worse.items():
            follow(page, f"{pages.url}/bookings#token={token}")
            expect(card(page, family["early"]), what).to_be_visible()
            assert (page.evaluate(kept), page.url) == (mine.token, f"{pages.url}/bookings"), what
        longer = issuer.mint(mine.subject, "Parent", lifetime_s=30 * 3600)
        follow(page, f"{pages.url}/bookings#token={longer}")
        expect(card(page, family["early"])).to_be_visible()
        assert page.evaluate(kept) == longer
        page.evaluate("token => sessionStorage.setItem('unbook.token', token)", worse["unsigned"])
        follow(page, f"{pages.url}/bookings#token={mine.token}")
        expect(card(page, family["early"])).to_be_visible()
        assert page.evaluate(kept) == mine.token, "what is worse is not kept either"
        stranger = pages.stack.seed.person("Parent", "Berta Besuch")
        follow(page, f"{pages.url}/bookings#token={stranger.token}")
        follow(page, f"{pages.url}/bookings#token=")
        expect(page.get_by_role("heading", name="Who shall be signed in?")).to_be_visible()


def test_a_link_whose_time_is_over_ends_no_sign_in(pages, family):
    mine = family["parent"]
    ended = pages.stack.issuer.mint(mine.subject, "Parent", lifetime_s=-7200, nbf=0)
    with pages.person(mine) as page:
        expect(card(page, family["early"])).to_be_visible()
        follow(page, f"{pages.url}/bookings#token={ended}")
        expect(card(page, family["early"])).to_be_visible()
        assert page.url == f"{pages.url}/bookings"
        assert page.evaluate("sessionStorage.getItem('unbook.token')") == mine.token


def test_a_payment_that_cannot_be_is_one_that_nobody_knows(pages, family):
    with pages.person(family["parent"]) as page:
        for id in ("cs_test_nobody", "rubbish", "a%2Fb", "%00", "%C3%BC", "..", "x" * 5000):
            for way in ("success", "cancel"):
                page.goto(f"{pages.url}/payment/{way}?type=session-booking&session_id={id}")
                expect(page.get_by_role("heading", name="We do not know this payment"), id[:9]).to_be_visible()


def test_a_page_of_which_a_part_is_missing_says_so(pages, family):
    """The token is out of the address all the same."""
    with pages.person(None, "/signin", language="de") as page:
        page.route("**/i18n.js", lambda route: route.fulfill(status=429))
        page.goto(f"{pages.url}/bookings#token={family['parent'].token}")
        expect(page.get_by_role("heading", name="Diese Seite ließ sich nicht öffnen")).to_be_visible()
        assert page.url == f"{pages.url}/bookings"
        pages.look(page, "desk-missing")
        page.unroute("**/i18n.js")
        page.get_by_role("link", name="Noch einmal versuchen").click()
        expect(card(page, family["early"])).to_be_visible()
        forbid = "{ get() { throw new DOMException('no', 'SecurityError') } }"
        page.context.add_init_script(f"Object.defineProperty(window, 'sessionStorage', {forbid})")
        page.reload()
        expect(page.get_by_role("heading", name="Diese Seite ließ sich nicht öffnen")).to_be_visible()
        assert complaints(page.context) == ["no"]
        page.context.said.clear()


def test_pages_are_served_with_their_policy_and_kept_by_browsers(pages):
    api = pages.stack.api
    page = api.get("/payment/cancel?session_id=cs_test_x&type=session-booking")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "form-action 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy and " style=" not in page.text and "<script>" not in page.text
    assert page.headers["cache-control"] == "no-cache"
    app = page.text.split('src="')[1].split('"')[0]
    script = api.get(app)
    assert (script.status, script.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    for path, etag in (("/", api.get("/").headers["etag"]), (app, script.headers["etag"])):
        assert api.get(path, headers={"If-None-Match": etag}).status == 304
        assert api.get(path, headers={"If-None-Match": '"other"'}).status == 200
        head = api.request("HEAD", path)
        assert (head.status, head.text) == (200, "")
        assert api.post(path).status == 405
    nowhere = api.get("/xyz", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (nowhere.status, nowhere.text, nowhere.headers["content-security-policy"]) == (404, page.text, policy)
    assert api.get("/apis", headers={"Accept": "text/html"}).text == page.text
    assert api.get("/xyz", headers={"Accept": "*/*"}).json["code"] == "not_found"
    for path in ("/api", "/api/", "/API/Session?x=/", "/api/Sessions/7/nothing"):
        assert api.get(path, headers={"Accept": "text/html"}).json["code"] == "not_found", path
    old = api.get(app.replace(app.split("/")[2], "0123456789abcdef"))
    assert (old.status, old.text, old.headers["cache-control"]) == (200, script.text, "no-cache")
    version = app.rsplit("/", 1)[0]
    for path in ("nothing.js", "%2e%2e%2fpages.c", "../../etc/passwd", "app.js/x", ""):
        assert api.get(f"{version}/{path}").status in (400, 404), path


def test_signing_in_is_the_other_sites_work(pages):
    assert pages.stack.api.get("/signin").status == 200
    api = pages.stack.start_service(
        "api", UNBOOK_LISTEN="127.0.0.1:0", UNBOOK_LOGIN_URL="https://school.example/login?to=lessons"
    )
    answer = type(pages.stack.api)(api.url).get("/signin")
    assert (answer.status, answer.headers["location"]) == (302, "https://school.example/login?to=lessons")


NEEDS = {
    "en": ("These pages need JavaScript", "Every mail about a session says what was booked"),
    "de": ("Diese Seiten brauchen JavaScript", "In jeder Mail zu einer Stunde steht, was gebucht wurde"),
    "es": ("Estas páginas necesitan JavaScript", "Cada correo sobre una clase dice qué se reservó"),
}


def test_without_scripts_the_page_says_what_it_needs(pages):
    """In every language, in the manner of the other states."""
    with pages.person(None, "/", scripts=False) as page:
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 720})
            page.screenshot(path=SCREENS / f"no-scripts-{width}.png")
            expect(page.get_by_role("link", name="unbook")).to_be_visible()
            for language, (title, mails) in NEEDS.items():
                words = page.locator(f"noscript [lang={language}]")
                expect(words.get_by_role("heading", name=title)).to_be_visible()
                expect(words).to_contain_text(mails)
                box = words.bounding_box()
                assert box["x"] >= 20 and box["x"] + box["width"] <= width - 20, (language, width)
