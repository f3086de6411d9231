"""Start a stand-in as a process of its own, and talk JSON to its control API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
START_MAX_S = 20.0


class ControlError(Exception):
    """The control API said no."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


def call(method: str, url: str, body: Any = None, timeout_s: float = 30.0) -> Any:
    """One JSON exchange; proxies in the environment are ignored."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise ControlError(error.code, error.read().decode()) from None


class Process:
    """`python -m module …` that writes its ports to a file once it listens."""

    def __init__(self, module: str, folder: Path, arguments: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port_file = folder / "ports"
        port_file.unlink(missing_ok=True)
        self.log = folder / "log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "--port-file", str(port_file), *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(HERE)},
            )
        self.ports = self._ports(port_file)

    def _ports(self, port_file: Path) -> list[int]:
        deadline = time.monotonic() + START_MAX_S
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.process.args} did not start: {self.log.read_text()}")
            time.sleep(0.01)
        return [int(port) for port in port_file.read_text().split()]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class StripeSim(Process):
    """A running Stripe simulator."""

    key: str
    url: str
    ledger: Path

    def __init__(self, folder: Path, key: str = "sk_test_unbook", *arguments: str, port: int = 0) -> None:
        self.key = key
        self.ledger = folder / "ledger.jsonl"
        fixed = ["--ledger", str(self.ledger), "--key", key, "--port", str(port)]
        super().__init__("stripe_sim", folder, [*fixed, *arguments])
        self.url = f"http://127.0.0.1:{self.ports[0]}"

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST /_sim/<path>"""
        return call("POST", f"{self.url}/_sim/{path}", body or {})

    def get(self, path: str) -> Any:
        return call("GET", f"{self.url}/_sim/{path}")

    def delete(self, path: str) -> Any:
        return call("DELETE", f"{self.url}/_sim/{path}")

    def fault(self, kind: str, **more: Any) -> int:
        """Set one fault; its id."""
        return int(self.post("faults", {"kind": kind, **more})["ids"][0])

    def payment(self, amount_minor: int = 5000, currency: str = "eur", **more: Any) -> dict[str, Any]:
        """A PaymentIntent whose money was taken."""
        made: dict[str, Any] = self.post(
            "payment_intents", {"amount": amount_minor, "currency": currency, **more}
        )
        return made


class MailSink(Process):
    """A running mail sink."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.spool = folder / "spool"
        super().__init__("mail_sink", folder, ["--spool", str(self.spool), "--port", str(port), *arguments])
        self.smtp_port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.ports[1]}"

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        """GET /_mail/messages; query: rcpt=…, at_least=N&timeout_s=S"""
        found: list[dict[str, Any]] = call("GET", f"{self.url}/_mail/messages?{query}")["messages"]
        return found

    def fault(self, step: str, do: str = "reply", **more: Any) -> int:
        return int(call("POST", f"{self.url}/_mail/faults", {"step": step, "do": do, **more})["ids"][0])

    def clear_faults(self) -> None:
        call("DELETE", f"{self.url}/_mail/faults")
