"""--check-config: whatever a start would refuse for its settings alone, all of it at once, and no secret in what is said."""

import json
import pathlib
import subprocess

import pytest
from stack.system import build_bin

TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / "services" / "notifier" / "templates"
GOOD = {
    "UNBOOK_PG_URL": "postgresql://u:p@127.0.0.1:1/d",
    "UNBOOK_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "UNBOOK_STRIPE_KEY": "sk_test_1",
    "UNBOOK_WEBHOOK_SECRET": "whsec_0123456789",
    "UNBOOK_FRONTEND_URL": "https://app.example",
    "UNBOOK_CORS_ORIGINS": "https://app.example, http://localhost:4200,http://[::1]:80",
    "UNBOOK_SMTP_URL": "smtp://127.0.0.1:1",
    "UNBOOK_MAIL_FROM": "School <mail@school.example>",
    "UNBOOK_TEMPLATES_DIR": str(TEMPLATES),
}


def jwks(path, *keys):
    path.write_text(json.dumps({"keys": list(keys)}))
    return str(path)


def run(build, service, *args, **settings):
    argv = [build_bin(build) / f"unbook-{service}", *args]
    done = subprocess.run(argv, env={"PATH": "/usr/bin:/bin"} | settings, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def oct_key(length):
    return {"kty": "oct", "k": "A" * length}


@pytest.mark.parametrize("service", ["api", "refund-worker", "notifier", "reaper"])
def test_good_settings_are_right(build, tmp_path, service):
    settings = GOOD | {"UNBOOK_JWKS_FILE": jwks(tmp_path / "good", oct_key(43))}
    assert run(build, service, "--check-config", **settings)[0] == 0


def test_every_mistake_that_a_start_would_refuse_is_named_at_once(build, tmp_path):
    broken = tmp_path / "templates"
    (broken / "en").mkdir(parents=True)
    (broken / "layout.txt").write_text("{{#open}}")
    stripe = {"UNBOOK_STRIPE_KEY": "pk_live_hidden", "UNBOOK_STRIPE_URL": "http://stripe.example"}
    mistakes = {
        "api": stripe
        | {
            "UNBOOK_JWKS_FILE": jwks(tmp_path / "none"),
            "UNBOOK_WEBHOOK_SECRET": "hidden",
            "UNBOOK_CORS_ORIGINS": "https://app.example,*",
        },
        "refund-worker": stripe,
        "reaper": stripe,
        "notifier": {"UNBOOK_MAIL_FROM": "School <mail>", "UNBOOK_TEMPLATES_DIR": str(broken)},
    }
    for service, wrong in mistakes.items():
        for args in (["--check-config"], []):
            code, said = run(build, service, *args, **GOOD | wrong)
            named = [line.split()[0] for line in said.splitlines() if line.startswith("UNBOOK_")]
            assert code == 78 and sorted(named) == sorted(wrong), f"{service} {args}: {said}"
            assert f"{len(wrong)} mistake" in said and "hidden" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UNBOOK_CORS_ORIGINS", "https://app.example/"),
        ("UNBOOK_CORS_ORIGINS", "https://app.example/path"),
        ("UNBOOK_CORS_ORIGINS", "app.example"),
        ("UNBOOK_CORS_ORIGINS", "https://App.example"),
        ("UNBOOK_CORS_ORIGINS", "https://"),
        ("UNBOOK_STRIPE_URL", "https://user@stripe.example"),
        ("UNBOOK_STRIPE_KEY", "sk_test"),
        ("UNBOOK_JWKS_FILE", "weak"),
        ("UNBOOK_JWKS_FILE", "empty"),
    ],
)
def test_one_mistake_is_one_line(build, tmp_path, name, value):
    jwks(tmp_path / "weak", oct_key(10))
    (tmp_path / "empty").write_text("")
    good = {"UNBOOK_JWKS_FILE": jwks(tmp_path / "good", oct_key(43))}
    value = str(tmp_path / value) if name == "UNBOOK_JWKS_FILE" else value
    code, said = run(build, "api", "--check-config", **GOOD | good | {name: value})
    lines = [line for line in said.splitlines() if line.startswith("UNBOOK_")]
    assert code == 78 and len(lines) == 1 and lines[0].startswith(name), said


def test_the_keys_come_from_a_file_or_from_a_url(build, tmp_path):
    file = {"UNBOOK_JWKS_FILE": jwks(tmp_path / "good", oct_key(43))}
    url = {"UNBOOK_JWKS_URL": "https://login.example/.well-known/jwks.json"}
    assert run(build, "api", "--check-config", **GOOD | url)[0] == 0
    for settings, word in ((file | url, "both set"), ({}, "is missing")):
        code, said = run(build, "api", "--check-config", **GOOD | settings)
        lines = [line for line in said.splitlines() if line.startswith("UNBOOK_")]
        assert code == 78 and len(lines) == 1, said
        assert "UNBOOK_JWKS_FILE" in lines[0] and "UNBOOK_JWKS_URL" in lines[0] and word in lines[0]
    code, said = run(build, "api", "--check-config", **GOOD | {"UNBOOK_JWKS_URL": "http://login.example/keys"})
    assert code == 78 and "must be https" in said
