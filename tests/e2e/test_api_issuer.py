"""Keys by URL: fetched from the issuer, rotated without a restart, and kept while the issuer is away or talks nonsense."""

import concurrent.futures

import pytest
from book_world import Shop
from stack.http import Http
from stack.tokens import TokenIssuer

SLOW = {"UNBOOK_JWKS_REFRESH_MS": 3600000, "UNBOOK_JWKS_AGAIN_MS": 3600000}
PATH = "/api/Sessions/parent/bookings"


def status(stack, token, api=None):
    return (api or stack.api).get(PATH, token=token).status


@pytest.fixture
def school(new_stack):
    """make(**settings): an API whose keys are at the issuer's URL, and a parent who has signed in there."""

    def make(**settings):
        stack = new_stack(only=("api",), login=True, settings={**SLOW, **settings})
        return stack, Shop(stack).fresh_parent()

    return make


def test_a_token_of_the_login_is_good_and_a_wrong_password_is_not(school):
    stack, parent = school()
    assert status(stack, stack.login.login(parent)) == 200
    wrong = stack.login.http.post("/api/Account/login", {"email": parent.email, "password": "guess"})
    assert wrong.status == 401 and wrong.data is None
    link = stack.login.link(parent, f"{stack.of('api')[0].url}/")
    there = stack.login.http.get(link.removeprefix(stack.login.url)).headers["location"]
    assert status(stack, there.split("#token=")[1]) == 200


def test_a_new_key_is_fetched_when_a_token_names_it(school):
    stack, parent = school(UNBOOK_JWKS_AGAIN_MS=100)
    old = stack.login.login(parent)
    assert status(stack, old) == 200
    stack.login.rotate(keep=True)
    new = stack.login.login(parent)
    stack.eventually(lambda: status(stack, new) == 200, 20, "the new key is known")
    assert status(stack, old) == 200


def test_a_key_that_the_issuer_took_back_is_refused_after_the_refresh(school):
    stack, parent = school(UNBOOK_JWKS_REFRESH_MS=100)
    old = stack.login.login(parent)
    assert status(stack, old) == 200
    stack.login.rotate()
    stack.eventually(lambda: status(stack, old) == 401, 20, "the old key is gone")
    assert status(stack, stack.login.login(parent)) == 200


def test_unknown_keys_are_asked_for_at_a_bounded_rate(school):
    stack, _ = school(UNBOOK_JWKS_AGAIN_MS=60000)
    before = stack.login.fetches()
    forged = [TokenIssuer(key_id=f"k{n}").mint("parent-1", "Parent") for n in range(3)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: status(stack, forged[n % 3]), range(60)))
    assert set(answers) == {401} and stack.login.fetches() <= before + 1


@pytest.mark.parametrize("kind", ["error", "garbage", "empty", "secret", "huge", "redirect", "away"])
def test_the_last_good_keys_stay_while_the_issuer_fails(school, kind):
    stack, parent = school(UNBOOK_JWKS_REFRESH_MS=100)
    token = stack.login.login(parent)
    assert status(stack, token) == 200
    if kind == "away":
        stack.login.stop()
    else:
        stack.login.fault(kind)
    api = stack.of("api")[0]
    stack.eventually(
        lambda: any("not fetched" in line.get("msg", "") for line in api.log_lines()), 20, "a fetch fails"
    )
    assert status(stack, token) == 200
    assert Http(api.admin_url).get("/readyz").status == 200
    assert sum("not fetched" in line.get("msg", "") for line in api.log_lines()) == 1
    if kind == "away":
        stack.login.start()
    else:
        stack.login.fault(None)
        stack.login.rotate()
        new = stack.login.login(parent)
        stack.eventually(lambda: status(stack, new) == 200, 15, "the new key is known")


def test_without_the_issuer_it_starts_and_is_not_ready(new_stack):
    stack = new_stack(only=(), login=True)
    parent = Shop(stack, api=0).fresh_parent()
    stack.login.stop()
    service = stack.start_service("api", wait=False)
    service.wait_listening()
    api, admin = Http(service.url), Http(service.admin_url)
    stack.eventually(
        lambda: admin.get("/readyz").text == "api: keys of the issuer\n", 20, "only the keys are missing"
    )
    refused = api.get(PATH, token=parent.token)
    assert (refused.status, refused.json["code"]) == (503, "unavailable") and refused.headers["retry-after"]
    assert api.get(PATH).status == 401
    stack.login.start()
    stack.eventually(lambda: admin.get("/readyz").status == 200, 20, "the keys are there")
    assert status(stack, parent.token, api) == 200
