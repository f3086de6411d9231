"""The sink's HTTP side: /_mail/ for tests, / for people."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from . import page
from .faults import BadFault, Faults
from .parse import as_json
from .spool import Mail, Spool


class MailApi:
    def __init__(self, spool: Spool, faults: Faults) -> None:
        self.spool = spool
        self.faults = faults

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self.inbox),
                web.get("/mail/{id}", self.letter),
                web.get("/mail/{id}/html", self.html_part),
                web.get("/_mail/messages", self.messages),
                web.delete("/_mail/messages", self.forget),
                web.get("/_mail/messages/{id}", self.message),
                web.get("/_mail/messages/{id}/raw", self.raw),
                web.get("/_mail/refusals", self.refusals),
                web.get("/_mail/violations", self.violations),
                web.get("/_mail/faults", self.list_faults),
                web.post("/_mail/faults", self.add_faults),
                web.delete("/_mail/faults", self.clear_faults),
            ]
        )
        return app

    def _mail(self, request: web.Request) -> Mail:
        wanted = request.match_info["id"]
        for mail in self.spool.mails:
            if str(mail.id) == wanted:
                return mail
        raise web.HTTPNotFound(text="no such mail")

    def _json(self, mail: Mail) -> dict[str, Any]:
        return as_json(mail, self.spool.raw(mail))

    async def messages(self, request: web.Request) -> web.Response:
        """?rcpt= filters; ?at_least=N&timeout_s=S waits until so many are there."""
        rcpt = request.query.get("rcpt")
        wanted = int(request.query.get("at_least", "0"))
        deadline = asyncio.get_running_loop().time() + float(request.query.get("timeout_s", "10"))
        while True:
            arrived = self.spool.arrived
            found = [m for m in self.spool.mails if rcpt is None or rcpt in m.rcpts]
            left_s = deadline - asyncio.get_running_loop().time()
            if len(found) >= wanted or left_s <= 0:
                return web.json_response({"messages": [self._json(mail) for mail in found]})
            try:
                await asyncio.wait_for(arrived.wait(), left_s)
            except TimeoutError:
                pass

    async def message(self, request: web.Request) -> web.Response:
        return web.json_response(self._json(self._mail(request)))

    async def raw(self, request: web.Request) -> web.Response:
        body = self.spool.raw(self._mail(request))
        return web.Response(body=body, content_type="text/plain", charset="utf-8")

    async def forget(self, request: web.Request) -> web.Response:
        self.spool.forget()
        return web.json_response({"messages": []})

    async def refusals(self, request: web.Request) -> web.Response:
        return web.json_response({"refusals": self.spool.refusals})

    async def violations(self, request: web.Request) -> web.Response:
        return web.json_response({"violations": self.spool.violations})

    async def list_faults(self, request: web.Request) -> web.Response:
        return web.json_response({"faults": self.faults.as_json()})

    async def add_faults(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.text())
            rules = body["faults"] if "faults" in body else [body]
            return web.json_response({"ids": [self.faults.add(rule).id for rule in rules]})
        except (BadFault, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self.faults.clear()
        return await self.list_faults(request)

    async def inbox(self, request: web.Request) -> web.Response:
        mails = [self._json(mail) for mail in self.spool.mails[-200:]]
        return _html(page.inbox(mails, len(self.spool.violations)))

    async def letter(self, request: web.Request) -> web.Response:
        return _html(page.letter(self._json(self._mail(request))))

    async def html_part(self, request: web.Request) -> web.Response:
        return _html(self._json(self._mail(request))["html"] or "", "sandbox; default-src 'none'; ")


def _html(text: str, policy: str = "default-src 'none'; frame-src 'self'; ") -> web.Response:
    headers = {"Content-Security-Policy": policy + "style-src 'unsafe-inline'; img-src data:"}
    return web.Response(text=text, content_type="text/html", headers=headers)
