"""Every folder of tests/data/tokens, signed here: the good ones are let in, all others get the same answer."""

import base64
import hashlib
import hmac
import json
import random
import re
import time

import pytest
from api_world import DATA, world  # noqa: F401
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from stack.http import Http
from stack.tokens import TokenIssuer, b64url

CASES = sorted(path.name for path in (DATA / "tokens").iterdir())
OTHER = TokenIssuer()


def part(case, name):
    return (DATA / "tokens" / case / name).read_bytes()


def with_times(raw, now):
    return re.sub(rb"@([+-]\d+)@", lambda found: str(now + int(found[1])).encode(), raw)


def hs256(secret, signed):
    return b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def rs256(issuer, signed):
    return b64url(issuer.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))


def token_of(case, issuer):
    how = part(case, "sign").decode().strip()
    claims = with_times(part(case, "claims"), int(time.time()))
    if how == "broken-utf8":
        claims = claims.replace(b"Parent", b"Par\xff\xfeent")
    signed = f"{b64url(part(case, 'head'))}.{b64url(claims)}"
    right = rs256(issuer, signed)
    pem = issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if how == "changed":
        return f"{b64url(part(case, 'head'))}.{b64url(claims.replace(b'Parent', b'Admin'))}.{right}"
    return {
        "right": f"{signed}.{right}",
        "broken-utf8": f"{signed}.{right}",
        "none": f"{signed}.",
        "other-key": f"{signed}.{rs256(OTHER, signed)}",
        "hs256-public-pem": f"{signed}.{hs256(pem, signed)}",
        "hs256-jwk": f"{signed}.{hs256(json.dumps(issuer.jwks()['keys'][0]).encode(), signed)}",
        "hs256-empty": f"{signed}.{hs256(b'', signed)}",
        "flip": f"{signed}.{'B' if right[0] == 'A' else 'A'}{right[1:]}",
        "cut": f"{signed}.{right[:-4]}",
        "padded": f"{signed}.{right}==",
        "two-parts": signed,
        "four-parts": f"{signed}.{right}.{right}",
    }[how]


def ask(world, authorization):  # noqa: F811
    headers = {} if authorization is None else {"Authorization": authorization}
    return world.api.get("/api/Sessions/parent/bookings", headers=headers)


def without_trace(answer):
    return {key: value for key, value in answer.json.items() if key != "traceId"}


@pytest.mark.parametrize("case", CASES)
def test_a_token_ends_as_its_case_says(world, case):  # noqa: F811
    answer = ask(world, f"Bearer {token_of(case, world.stack.issuer)}")
    if part(case, "expect") == b"good\n":
        assert answer.status == 200, answer.text
    else:
        assert answer.status == 401, answer.text
        assert without_trace(answer) == without_trace(ask(world, None))
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer x", "Basic dTpw", "bearer  x", "Bearer a.b.c", "Token x"],
)
def test_no_bearer_token_no_entry(world, header):  # noqa: F811
    assert ask(world, header).status == 401


def test_the_scheme_is_read_in_any_case(world):  # noqa: F811
    assert ask(world, f"bearer {world.parent.token}").status == 200


def test_mutated_tokens_are_never_accepted(world):  # noqa: F811
    """A few thousand here; the fuzz target and a longer run cover the rest."""
    rng = random.Random(7)
    good = world.parent.token
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    for _ in range(300):
        text = list(good)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            at = rng.randrange(len(text))
            kind = rng.randrange(3)
            if kind == 0:
                text[at] = rng.choice(alphabet)
            elif kind == 1:
                del text[at]
            else:
                text.insert(at, rng.choice(alphabet))
        if "".join(text) != good:
            assert ask(world, "Bearer " + "".join(text)).status == 401


def test_an_unknown_caller_becomes_a_user_once(world):  # noqa: F811
    token = world.stack.issuer.mint(
        "newcomer",
        "Parent",
        email="new@families.example",
        name="Nía Ñew",
        zoneinfo="America/Lima",
        locale="es",
    )
    for _ in range(3):
        assert ask(world, f"Bearer {token}").status == 200
    row = world.stack.one("SELECT * FROM users WHERE subject = 'newcomer'")
    assert (row["email"], row["display_name"], row["time_zone"], row["locale"]) == (
        "new@families.example",
        "Nía Ñew",
        "America/Lima",
        "es",
    )


def test_a_later_token_fills_in_what_the_first_left_out(world):  # noqa: F811
    def row_after(**says):
        token = world.stack.issuer.mint("quiet", "Parent", **says)
        assert ask(world, f"Bearer {token}").status == 200
        return world.stack.one(
            "SELECT email, display_name AS name, xmin::text AS written FROM users WHERE subject = 'quiet'"
        )

    first = row_after()
    assert (first["email"], first["name"]) == (None, "")
    row_after(email="quiet@families.example")
    filled = row_after(name="Quinn")
    assert (filled["email"], filled["name"]) == ("quiet@families.example", "Quinn")
    assert row_after(email="other@families.example", name="Other") == filled, "what is there stays"


def test_a_refused_caller_does_not_become_a_user(world):  # noqa: F811
    assert ask(world, f"Bearer {OTHER.mint('stranger', 'Parent')}").status == 401
    assert ask(world, f"Bearer {world.stack.issuer.mint('cook', 'Cook')}").status == 403
    assert world.stack.one("SELECT count(*) AS n FROM users WHERE subject IN ('stranger', 'cook')")["n"] == 0


def test_keys_are_taken_from_a_new_file_without_a_restart(world):  # noqa: F811
    path = world.stack.jwks_file
    first = world.stack.issuer
    token = OTHER.mint(world.parent.subject, "Parent")
    assert ask(world, f"Bearer {token}").status == 401

    def put(jwks):
        fresh = path.with_suffix(".new")
        fresh.write_text(jwks)
        fresh.rename(path)

    try:
        put(json.dumps({"keys": OTHER.jwks()["keys"] + first.jwks()["keys"]}))
        world.stack.eventually(lambda: ask(world, f"Bearer {token}").status == 200, 20, "the new key is used")
        assert ask(world, f"Bearer {world.parent.token}").status == 200
        put("")
        time.sleep(2.5)
        assert ask(world, f"Bearer {token}").status == 200, "a bad file keeps the last good keys"
    finally:
        put(json.dumps(first.jwks()))
    world.stack.eventually(lambda: ask(world, f"Bearer {token}").status == 401, 20, "the old set is back")


def test_hs256_by_an_oct_key(world):  # noqa: F811
    secret = bytes(range(48))
    claims = {
        "nameid": world.parent.subject,
        "role": "Parent",
        "iss": "https://login.unbook.test",
        "aud": "unbook",
        "exp": int(time.time()) + 60,
    }
    head = {"alg": "HS256", "typ": "JWT"}
    signed = f"{b64url(json.dumps(head).encode())}.{b64url(json.dumps(claims).encode())}"
    jwks = world.stack.dir / "oct.json"
    jwks.write_text(
        json.dumps({"keys": [{"kty": "oct", "k": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}]})
    )
    service = world.stack.start_service("api", UNBOOK_JWKS_FILE=jwks)
    try:
        api = Http(service.url)
        good = f"{signed}.{hs256(secret, signed)}"
        assert api.get("/api/Sessions/parent/bookings", token=good).status == 200
        assert (
            api.get("/api/Sessions/parent/bookings", token=f"{signed}.{hs256(secret + b'x', signed)}").status
            == 401
        )
        assert api.get("/api/Sessions/parent/bookings", token=world.parent.token).status == 401
    finally:
        service.terminate(10)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"keys":[]}',
        '{"keys":[{"kty":"oct","k":""}]}',
        '{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}',
        "not json",
        None,
    ],
)
def test_without_a_good_key_nothing_starts(world, content):  # noqa: F811
    jwks = world.stack.dir / "bad.json"
    if content is None:
        jwks.unlink(missing_ok=True)
    else:
        jwks.write_text(content)
    service = world.stack.start_service("api", wait=False, UNBOOK_JWKS_FILE=jwks)
    world.stack.eventually(lambda: not service.running(), 20, "it ends")
    assert service.exit_code == 78
    world.stack.running.remove(service)
