"""The Stripe simulator and the mail sink as processes of a stack."""

import json
import urllib.parse

from .http import Http
from .warm import WarmProc


class Standin:
    """A Python module that logs one "listening" JSON line per listener."""

    module = ""

    def __init__(self, run_dir, log_dir):
        self.run_dir = run_dir
        self.log_dir = log_dir
        self.proc = None
        self.ports = {}

    def arguments(self):
        return []

    def listens_on(self):
        """What must be announced before it is ready; ports are kept over a restart."""
        return ("http",)

    def start(self):
        self.proc = WarmProc(self.module, self.arguments(), self.log_dir / f"{self.module}.log")

    def wait_ready(self):
        self.proc.wait_ready(self._announced)

    def _announced(self):
        for line in self.proc.log_lines():
            if line.get("msg") == "listening":
                self.ports[line["what"]] = int(line["address"].rsplit(":", 1)[1])
        return all(what in self.ports for what in self.listens_on())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def http(self):
        return Http(self.url, timeout=60)  # many may ask at once on a busy machine

    def control(self, method, path, body=None):
        answer = self.http.request(method, path, body=body)
        if answer.status != 200:
            raise RuntimeError(f"{self.module}: {method} {path}: {answer.status} {answer.text[:300]}")
        return answer.json

    def stop(self):
        if self.proc:
            self.proc.terminate(5)


class StripeSim(Standin):
    module = "stripe_sim"

    def __init__(self, run_dir, log_dir, *, key, webhook_secret, webhook_url=None):
        super().__init__(run_dir, log_dir)
        self.key = key
        self.webhook_secret = webhook_secret
        self.webhook_url = webhook_url
        self.ledger_path = run_dir / "stripe-ledger.jsonl"

    def arguments(self):
        words = [
            "--ledger",
            str(self.ledger_path),
            "--key",
            self.key,
            "--webhook-secret",
            self.webhook_secret,
            "--port",
            str(self.ports.get("http", 0)),
        ]
        return words + (["--webhook-url", self.webhook_url] if self.webhook_url else [])

    @property
    def ledger(self):
        """What is in the ledger now (stripe_sim.ledger.Ledger)."""
        from stripe_sim.ledger import Ledger

        return Ledger(self.ledger_path)

    def post(self, path, **body):
        return self.control("POST", f"/_sim/{path}", body)

    def get(self, path):
        return self.control("GET", f"/_sim/{path}")


class MailSink(Standin):
    module = "mail_sink"

    def __init__(self, run_dir, log_dir):
        super().__init__(run_dir, log_dir)
        self.spool = run_dir / "mail"

    def listens_on(self):
        return ("http", "smtp")

    def arguments(self):
        return [
            "--spool",
            str(self.spool),
            "--port",
            str(self.ports.get("smtp", 0)),
            "--http-port",
            str(self.ports.get("http", 0)),
        ]

    @property
    def reader(self):
        """What is in the spool now (mail_sink.reader.SpoolReader)."""
        from mail_sink.reader import SpoolReader

        return SpoolReader(self.spool)

    def delivered(self, rcpt=None):
        return self.reader.delivered(rcpt)

    def smtp_url(self, port=None):
        return f"smtp://127.0.0.1:{port or self.ports['smtp']}"


class LoginService(Standin):
    """The development issuer. Its accounts are the people of the seed, all with one password."""

    module = "dev_issuer"
    PASSWORD = "lesson"

    def __init__(self, run_dir, log_dir, signer):
        super().__init__(run_dir, log_dir)
        self.key_path = run_dir / "issuer.pem"
        self.accounts_path = run_dir / "accounts.json"
        self.accounts = []
        signer.save(self.key_path)
        self._write()

    def arguments(self):
        return [
            "--key",
            str(self.key_path),
            "--accounts",
            str(self.accounts_path),
            "--port",
            str(self.ports.get("http", 0)),
        ]

    @property
    def jwks_url(self):
        return f"{self.url}/.well-known/jwks.json"

    def add(self, person):
        about = {key: getattr(person, key) for key in ("email", "subject", "role", "name")}
        self.accounts.append({**about, "password": self.PASSWORD})
        self._write()

    def _write(self):
        partial = self.accounts_path.with_suffix(".new")
        partial.write_text(json.dumps(self.accounts))
        partial.replace(self.accounts_path)

    def chooser(self, page):
        """Where one chooses as whom to come to that page."""
        return f"{self.url}/signin?{urllib.parse.urlencode({'to': page}, safe='@:/')}"

    def link(self, person, page):
        """To that page, signed in."""
        return f"{self.url}/signin?{urllib.parse.urlencode({'as': person.email, 'to': page}, safe='@:/')}"

    def login(self, person):
        """A token, as a person would get it."""
        answer = self.http.post("/api/Account/login", {"email": person.email, "password": self.PASSWORD})
        assert answer.status == 200, answer.text
        return answer.data["token"]

    def rotate(self, *, keep=False):
        return self.control("POST", "/_issuer/rotate", {"keep": keep})["kid"]

    def fault(self, kind):
        self.control("POST", "/_issuer/fault", {"kind": kind})

    def fetches(self):
        return self.control("GET", "/_issuer/fetches")["fetches"]
