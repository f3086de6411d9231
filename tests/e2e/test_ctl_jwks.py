"""unbookctl jwks from-secret: the key file of an issuer that signs with a secret, as the API reads it."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time

import pytest
from stack.http import Http
from stack.system import build_bin
from stack.tokens import AUDIENCE, ISSUER, b64url

HS256_SECRET = b"a secret of forty bytes, as samples do: "
HS512_SECRET = bytes(range(1, 65))
DIGESTS = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


@pytest.fixture
def ctl(build):
    def run(*args, secret=b""):
        return subprocess.run(
            [build_bin(build) / "unbookctl", "jwks", *map(str, args)],
            input=secret,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=30,
        )

    return run


def key_of(text):
    (key,) = json.loads(text)["keys"]
    return key


def secret_in(key):
    return base64.urlsafe_b64decode(key["k"] + "=" * (-len(key["k"]) % 4))


def token(alg, secret, subject, **header):
    now = int(time.time())
    claims = {"sub": subject, "role": "Parent", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600}
    signed = ".".join(b64url(json.dumps(part).encode()) for part in ({"alg": alg, "typ": "JWT", **header}, claims))
    return f"{signed}.{b64url(hmac.new(secret, signed.encode(), DIGESTS[alg]).digest())}"


@pytest.mark.parametrize("length", range(32, 36))
def test_the_secret_stands_in_the_file_to_the_byte(ctl, length):
    secret = os.urandom(length - 1) + b"x"
    for end in (b"", b"\n", b"\r\n"):
        done = ctl("from-secret", secret=secret + end)
        assert done.returncode == 0, done.stderr
        key = key_of(done.stdout)
        assert secret_in(key) == secret
        assert (key["kty"], key["alg"], "kid" in key) == ("oct", "HS256", False)


def test_a_short_secret_is_refused_and_not_repeated(ctl):
    for alg, most in (("HS256", 31), ("HS512", 63)):
        done = ctl("from-secret", "--alg", alg, secret=b"q" * most)
        assert done.returncode == 70
        assert done.stdout == b""
        assert f"{most} bytes, {alg} needs at least {most + 1}" in done.stderr.decode()
        assert b"qq" not in done.stderr
        assert ctl("from-secret", "--alg", alg, secret=b"q" * (most + 1)).returncode == 0


def test_a_file_is_replaced_whole_and_is_its_owners_alone(ctl, tmp_path):
    (tmp_path / "secret").write_bytes(HS512_SECRET + b"\n")
    out = tmp_path / "jwks.json"
    out.write_text("old")
    out.chmod(0o644)
    args = ("from-secret", "--file", tmp_path / "secret", "--alg", "HS512", "--kid", 'a"b', "--out", out)
    done = ctl(*args)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    key = key_of(out.read_text())
    assert (secret_in(key), key["alg"], key["kid"]) == (HS512_SECRET, "HS512", 'a"b')
    assert out.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["jwks.json", "secret"]


def test_what_cannot_be_read_or_written_says_so(ctl, tmp_path):
    missing = ctl("from-secret", "--file", tmp_path / "none")
    assert (missing.returncode, b"cannot read" in missing.stderr) == (70, True)
    nowhere = ctl("from-secret", "--out", tmp_path / "no" / "jwks.json", secret=HS256_SECRET)
    assert (nowhere.returncode, b"cannot write" in nowhere.stderr) == (70, True)
    assert ctl("from-secret", secret=b"q" * 5000).returncode == 70


@pytest.mark.parametrize(
    "args",
    [(), ("from-file",), ("from-secret", "the secret itself"), ("from-secret", "--alg", "RS256"),
     ("from-secret", "--kid", ""), ("from-secret", "--secret", "x")],
)  # fmt: skip
def test_wrong_arguments_are_named(ctl, args):
    done = ctl(*args, secret=HS256_SECRET)
    assert (done.returncode, done.stdout) == (64, b"")
    said = done.stderr.decode().splitlines()
    assert len(said) == 2 and said[1] == "see unbookctl jwks --help"
    assert not args or not args[-1] or args[-1].removeprefix("x") in said[0]


def test_help_is_no_error(ctl):
    for args in (("--help",), ("from-secret", "--help")):
        done = ctl(*args)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"--file" in done.stdout


@pytest.mark.parametrize(("alg", "secret"), [("HS256", HS256_SECRET), ("HS512", HS512_SECRET)])
def test_the_api_lets_in_who_the_secret_signed_for(new_stack, ctl, tmp_path, alg, secret):
    out = tmp_path / "jwks.json"
    assert ctl("from-secret", "--alg", alg, "--out", out, secret=secret).returncode == 0
    stack = new_stack(only=("api",), settings={"UNBOOK_JWKS_FILE": out})
    api = Http(stack.of("api")[0].url)

    def status(bearer):
        return api.request("GET", "/api/Sessions/parent/bookings", token=bearer).status

    assert status(token(alg, secret, "ines")) == 200
    assert status(token(alg, secret, "ines", kid="whatever the issuer calls it")) == 200
    assert status(token(alg, secret[:-1] + b"!", "ines")) == 401
