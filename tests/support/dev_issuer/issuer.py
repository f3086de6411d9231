"""The issuer's HTTP side: /.well-known/jwks.json and /api/Account/login, as the school's login would have them; /_issuer/ for tests.

GET  /.well-known/jwks.json        the public keys
POST /api/Account/login            {"email", "password"} -> {"success", "message", "data": {"token", "expiresIn", "user"}}
GET  /signin?as=EMAIL&to=URL       to a page on this machine, signed in: its address gets #token=...; without as: a choice of people
POST /_issuer/rotate {"keep"}      sign with a new key from now on; the old one stays published, or not
POST /_issuer/fault {"kind"}       what the keys are answered with: "error", "garbage", "empty", "secret", "huge", "redirect", null: as they are
GET  /_issuer/fetches              how often the keys were asked for
"""

from __future__ import annotations

import html
import json
import secrets
import urllib.parse
from pathlib import Path
from typing import Any

from aiohttp import web
from stack.tokens import TokenIssuer

LIFETIME_S = 8 * 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_TO_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Cache-Control": "no-store",
}
SECRET = {"keys": [{"kty": "oct", "kid": "shared", "k": "c2hhcmVkLXNlY3JldC1zaGFyZWQtc2VjcmV0LXNoYXJlZC1zZWNyZXQ"}]}
FAULTS: dict[str, tuple[int, str]] = {
    "error": (503, ""),
    "garbage": (200, "<html>sorry</html>"),
    "empty": (200, '{"keys": []}'),
    "secret": (200, json.dumps(SECRET)),
    "huge": (200, " " * (2 << 20)),
    "redirect": (302, ""),
}


class DevIssuer:
    def __init__(self, signer: TokenIssuer, accounts: Path) -> None:
        self.signer = signer
        self.retired: list[TokenIssuer] = []
        self.accounts = accounts
        self.fault: str | None = None
        self.fetches = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/jwks.json", self.jwks),
                web.post("/api/Account/login", self.login),
                web.options("/api/Account/login", self.preflight),
                web.get("/signin", self.sign_in),
                web.post("/_issuer/rotate", self.rotate),
                web.post("/_issuer/fault", self.set_fault),
                web.get("/_issuer/fetches", self.count),
            ]
        )
        return app

    async def jwks(self, _: web.Request) -> web.Response:
        self.fetches += 1
        if self.fault:
            status, text = FAULTS[self.fault]
            headers = {"Location": "/.well-known/other.json"} if status == 302 else {}
            return web.Response(status=status, text=text, content_type="application/json", headers=headers)
        keys = [key for signer in (self.signer, *self.retired) for key in signer.jwks()["keys"]]
        return web.json_response({"keys": keys}, headers=OPEN_TO_PAGES)

    def _account(self, email: str) -> dict[str, Any] | None:
        return next((p for p in self._people() if p["email"].lower() == email.lower()), None)

    def _people(self) -> list[dict[str, Any]]:
        """The file is read each time: people join while this runs."""
        return json.loads(self.accounts.read_text())

    def _token(self, account: dict[str, Any]) -> str:
        return self.signer.mint(
            account["subject"], account["role"], email=account["email"], name=account["name"], lifetime_s=LIFETIME_S
        )

    async def preflight(self, _: web.Request) -> web.Response:
        return web.Response(status=204, headers=OPEN_TO_PAGES)

    async def login(self, request: web.Request) -> web.Response:
        try:
            said = await request.json()
            account = self._account(str(said["email"]))
            known = account is not None and secrets.compare_digest(
                str(said["password"]).encode(), account["password"].encode()
            )
        except (ValueError, KeyError, TypeError):
            return self._refuse(400, "email and password, please")
        if account is None or not known:
            return self._refuse(401, "wrong email or password")
        user = {"id": account["subject"], "email": account["email"], "name": account["name"], "role": account["role"]}
        data = {"token": self._token(account), "expiresIn": LIFETIME_S, "user": user}
        return web.json_response({"success": True, "message": "Signed in", "data": data}, headers=OPEN_TO_PAGES)

    def _refuse(self, status: int, message: str) -> web.Response:
        body = {"success": False, "message": message, "data": None}
        return web.json_response(body, status=status, headers=OPEN_TO_PAGES)

    async def sign_in(self, request: web.Request) -> web.Response:
        to = request.query.get("to", "")
        if "as" not in request.query:
            return self._choice(to)
        account = self._account(request.query["as"])
        if account is None or urllib.parse.urlsplit(to).hostname not in LOOPBACK:
            return self._refuse(404, "no such account, or not a page on this machine")
        location = f"{to.split('#')[0]}#token={self._token(account)}"
        return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})

    def _choice(self, to: str) -> web.Response:
        def link(account: dict[str, Any]) -> str:
            address = "/signin?" + urllib.parse.urlencode({"as": account["email"], "to": to})
            who = html.escape(f"{account['name']} ({account['role']})")
            return f'<li><a href="{html.escape(address)}">{who}</a></li>'

        people = "".join(map(link, self._people()))
        text = f'<!doctype html><html lang="en"><title>Sign in</title><h1>Sign in as</h1><ul>{people}</ul></html>'
        return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def rotate(self, request: web.Request) -> web.Response:
        self.retired = [self.signer] if (await request.json()).get("keep") else []
        self.signer = TokenIssuer(key_id=f"key-{secrets.token_hex(4)}")
        return web.json_response({"kid": self.signer.key_id})

    async def set_fault(self, request: web.Request) -> web.Response:
        kind = (await request.json()).get("kind")
        if kind is not None and kind not in FAULTS:
            return self._refuse(400, f"kind is one of {', '.join(FAULTS)}")
        self.fault = kind
        return web.json_response({"kind": kind})

    async def count(self, _: web.Request) -> web.Response:
        return web.json_response({"fetches": self.fetches})
