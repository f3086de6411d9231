"""Every state of the pages: readable by everybody, in each language, light and dark, on a phone and on a desk; and how they are served."""

import json
import re

import pytest
from browser import PHONE, SCREEN, complaints
from pages_world import card, chromium, pages  # noqa: F401
from playwright.sync_api import expect
from stack.system import ROOT

LOOKS = {
    "desk": {"size": SCREEN},
    "desk-dark-de": {"size": SCREEN, "dark": True, "language": "de"},
    "phone-dark": {"size": PHONE, "dark": True},
    "phone-es": {"size": PHONE, "language": "es"},
}
DICTIONARIES = """async (languages) => {
    const base = document.querySelector("script[type=module]").src.replace("app.js", "");
    const shape = (value) => typeof value === "function" ? "function" : (value.match(/\\{\\w+\\}/g) ?? []).sort().join();
    const flat = (words) => Object.entries(words).flatMap(([name, value]) => typeof value === "object"
        ? flat(value).map(([inner, text]) => [`${name}.${inner}`, text]) : [[name, shape(value)]]);
    const read = async (language) => Object.fromEntries(flat((await import(`${base}${language}.js`)).default));
    return Object.fromEntries(await Promise.all(languages.map(async (one) => [one, await read(one)])));
}"""


KNOWN = """async (sentences) => {
    const base = document.querySelector("script[type=module]").src.replace("app.js", "");
    const { parse } = await import(`${base}server_words.js`);
    return sentences.filter((sentence) => parse(sentence) === null);
}"""
SPEAKERS = (
    "common/domain/cancel.c",
    "common/wire/session_refund.c",
    "services/api/book.c",
    "services/api/cancel.c",
    "services/api/limits.c",
    "services/api/payment.c",
    "services/api/sessions.c",
)
NEVER_SHOWN = {
    "The slot is yours until the time in holdExpiresAt; please pay to confirm it.",  # the page leaves for Stripe
    "This teacher has several offers; please choose one.",  # the page names the offer
    "Your session is confirmed.",  # its own words
    "Send application/json.",  # they do
    "This parameter is malformed.",  # the pages send none that is
    "Only a confirmed session can be joined.",  # they have the link itself
    "Requests refused because of a limit, by limit.",  # a metric's help
    "It is a sentence that nobody says.",  # so that the judge is judged
}


def sentences_of_the_server():
    """Whole sentences in the sources of those who speak to people; an amount where one goes in."""
    literal = r'"((?:[^"\\]|\\.)*)"'
    for path in SPEAKERS:
        for run in re.finditer(rf"{literal}(?:\s*{literal})*", (ROOT / path).read_text("utf-8")):
            text = "".join(re.findall(literal, run.group(0)))
            if re.fullmatch(r"(?:[A-Z]|%s was|The refund of %s).* .*\.", text) and "%s%s" not in text:
                yield re.sub("%s", "€45.00", text)


@pytest.fixture(scope="module")
def family(pages):
    """A parent with a session of every kind."""
    parent = pages.fresh_parent()
    teacher = pages.teacher
    student = pages.stack.seed.person("Student", "Sofia Schüler", guardian=parent)
    late = pages.booking(parent, "20 hours", teacher=teacher, title="Piano for beginners", amount_minor=3800)
    early = pages.booking(parent, "3 days", teacher=teacher, student=student)
    gone = pages.booking(parent, "5 days", teacher=teacher, student=student, title="Spanish conversation")
    waits = pages.booking(parent, "6 days", teacher=teacher, title="Chess")
    part = pages.booking(parent, "8 days", teacher=teacher)
    pages.booking(parent, "-3 days", teacher=teacher, status=2)
    when = pages.stack.one("SELECT date_trunc('hour', clock_timestamp() + interval '7 days') AS at")["at"]
    body = {"teacherId": teacher.id, "scheduledDateTime": when.isoformat(), "notes": "Please bring the blue book."}
    held = pages.stack.api.post("/api/Sessions/book", body, token=parent.token)
    assert held.status == 201, held.text
    stripe = pages.stack.stripe
    stripe.post(f"payment_intents/{part.payment_intent}/refund", amount=1000)
    stripe.post(f"payment_intents/{waits.payment_intent}/course", course="requires_action")
    for booking, state in ((gone, "succeeded"), (waits, "requires_action")):
        pages.stack.api.put(f"/api/Sessions/{booking.id}/cancel", {"reason": "We are ill"}, token=parent.token)
        ends = "SELECT 1 FROM refunds WHERE booking_id = %s AND state = %s"
        pages.stack.eventually(lambda one=booking.id, to=state, sql=ends: pages.stack.one(sql, one, to))
    pages.stack.eventually(
        lambda: pages.stack.one("SELECT 1 FROM stripe_refunds WHERE payment_intent = %s", part.payment_intent)
    )
    return {
        "parent": parent,
        "held": held.data["sessionId"],
        "student": student,
        "late": late,
        "early": early,
        "gone": gone,
        "waits": waits,
        "part": part,
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


def test_before_paying_the_rule_is_the_offers_own(pages):
    teacher = pages.stack.seed.person("Teacher", "Tilda Teacher")
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    rules = {
        pages.stack.seed.offer(teacher, title=long, notice="30 minutes"): "30 minutes before it starts",
        pages.stack.seed.offer(teacher, notice="90 minutes"): "90 minutes before it starts",
        pages.stack.seed.offer(teacher, notice="26 hours 5 minutes"): "26 hours and 5 minutes before it starts",
        pages.stack.seed.offer(teacher, notice="0"): "You can cancel until it starts",
    }
    soon = """hours => {
        const at = new Date(Date.now() + hours * 3600000), two = (number) => String(number).padStart(2, "0");
        date.value = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
        start.value = `${two(at.getHours())}:${two(at.getMinutes())}`;
        start.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    with pages.person(pages.fresh_parent(), "/book", size=PHONE) as page:
        summary = page.locator(".summary")
        for offer, rule in rules.items():
            page.locator(f"input[value='{offer}']").check()
            expect(summary).to_contain_text(rule)
        page.locator(f"input[value='{list(rules)[2]}']").check()
        page.evaluate(soon, 25)
        expect(summary).to_contain_text("less than 26 hours and 5 minutes: once it is paid, it cannot be cancelled.")
        expect(summary).not_to_contain_text("You can cancel")
        page.evaluate(soon, 28)
        expect(summary).to_contain_text("You can cancel until 26 hours and 5 minutes before it starts")
        page.locator(f"input[value='{next(iter(rules))}']").check()
        pages.look(page, "phone-book-long-title")
    pages.stack.sql("UPDATE offers SET active = false WHERE teacher_id = %s", teacher.id)


def test_a_refusal_speaks_the_readers_language(pages):
    parent = pages.fresh_parent()
    api, held = pages.stack.api, None
    for day in (301, 302, 303):
        when = pages.stack.one("SELECT date_trunc('day', now()) + make_interval(days => %s) AS at", day)["at"]
        body = {"teacherId": pages.teacher.id, "offerId": pages.offer, "scheduledDateTime": when.isoformat()}
        held = api.post("/api/Sessions/book", body, token=parent.token)
        assert held.status == 201, held.text
    with pages.person(parent, "/book", language="de") as page:
        pages.choose_time(page)
        page.get_by_role("button", name="Zur Zahlung").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Mehrere Ihrer Buchungen warten auf Zahlung")
        assert not re.search(r"\dT\d|session", alert.inner_text()) and alert.locator("[lang]").count() == 0
    path = f"/api/Sessions/cancel-payment/{held.data['stripeSessionId']}"
    assert api.post(path, {}, token=parent.token).status == 200
    with pages.person(pages.admin, "/find?q=ab", language="de") as page:
        expect(page.locator(".state")).to_contain_text("mindestens drei Buchstaben eines Namens")
        assert page.locator("main [lang]").count() == 0
        page.goto(f"{pages.url}/find?q={held.data['sessionId']}")
        released = card(page, held.data["sessionId"])
        expect(released).to_contain_text("Die Zahlung wurde abgebrochen")
        expect(released).not_to_contain_text("Angegebener Grund")


def test_the_judge_sees_a_page_that_is_not_for_everybody(pages):
    with pages.person(None, "/") as page:
        page.evaluate("document.querySelector('main a').textContent = ''")
        with pytest.raises(AssertionError, match="link-name"):
            pages.look(page, "broken-on-purpose")


def test_nothing_is_wider_than_a_small_phone_with_large_letters(pages, family):
    with pages.person(family["parent"], "/", size={"width": 320, "height": 640}, language="de") as page:
        expect(card(page, family["gone"])).to_be_visible()
        page.evaluate("document.documentElement.style.fontSize = '150%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
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
        page.get_by_label("Who it is for").select_option("Nobody in particular")
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
        expect(page.locator("#student")).to_have_value("")
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


def test_the_language_is_the_readers_and_stays_chosen(pages, family):
    other = pages.booking(family["parent"])
    with pages.person(family["parent"], "/", language="de") as page:
        expect(page.get_by_role("heading", name="Meine Buchungen")).to_be_visible()
        expect(card(page, family["late"]).locator(".why")).to_have_text(
            "Für eine Absage ist es zu spät: Stunden können bis 24 Stunden vor Beginn abgesagt werden."
        )
        expect(card(page, family["gone"])).to_contain_text("45,00\u00a0€")
        mine = card(page, other)
        mine.get_by_role("button", name="Stunde absagen").click()
        page.get_by_role("dialog").get_by_role("button", name="Stunde absagen").click()
        expect(page.locator("#said")).to_have_text(
            "Die Stunde ist abgesagt. Die volle Erstattung von 45,00\u00a0€ ist zu Ihrer Karte unterwegs;"
            " Banken zeigen sie nach 5 bis 10 Werktagen."
        )
        page.get_by_label("Sprache").select_option("es")
        expect(page.get_by_role("heading", name="Mis reservas")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Mis reservas")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "es"
        spoken = page.evaluate(DICTIONARIES, ["en", "de", "es"])
        assert spoken["de"] == spoken["es"]
        assert {name: spoken["de"].get(name) for name in spoken["en"]} == spoken["en"]


def test_every_sentence_of_the_server_is_known_to_the_other_languages(pages):
    said = {text for text in sentences_of_the_server() if not re.search("is on its way to €|cancelled[.] €", text)}
    assert len(said) > 30
    with pages.person(None, "/") as page:
        assert set(page.evaluate(KNOWN, sorted(said | NEVER_SHOWN))) == NEVER_SHOWN


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
