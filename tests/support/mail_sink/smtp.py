"""One SMTP connection, strict about lines, and wrong in the ways that a test asks for."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from typing import Any

from .faults import Fault, Faults
from .spool import Spool

LINE_MAX_BYTES = 1000
MAIL_MAX_BYTES = 4 * 1024 * 1024
IDLE_MAX_S = 300.0
_PATH = re.compile(r"^(?:FROM|TO):\s*<([^<>\s]*)>((?: +[A-Za-z0-9=_<>@.+-]+)*)$", re.IGNORECASE)


class Hangup(Exception):
    """The connection ends here."""


class Connection:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        spool: Spool,
        faults: Faults,
        starttls: ssl.SSLContext | None = None,
        login: str | None = None,
    ) -> None:
        self.reader, self.writer = reader, writer
        self.spool, self.faults = spool, faults
        self.starttls, self.login = starttls, login
        self.tls = writer.get_extra_info("ssl_object") is not None
        self.greeted = False
        self.authenticated = login is None
        self._reset()

    def _reset(self) -> None:
        self.mail_from: str | None = None
        self.rcpts: list[str] = []
        self.eight_bit = False
        self.broken: list[str] = []

    @property
    def envelope(self) -> dict[str, Any]:
        return {"mail_from": self.mail_from or "", "rcpts": self.rcpts, "tls": self.tls}

    async def run(self) -> None:
        try:
            await self._step("banner", "220 sink ESMTP")
            while True:
                line = await self._line()
                verb, _, rest = line.partition(" ")
                command = getattr(self, f"_on_{verb.lower()}", None)
                if command is None:
                    await self._reply(f"500 5.5.1 {verb[:20]} is unknown")
                else:
                    await command(rest.strip())
        except (Hangup, ConnectionError, asyncio.IncompleteReadError, TimeoutError, ssl.SSLError):
            pass
        finally:
            self.writer.close()

    async def _line(self) -> str:
        raw = await asyncio.wait_for(self.reader.readline(), IDLE_MAX_S)
        if not raw:
            raise Hangup
        if not raw.endswith(b"\r\n"):
            self._violate("bare_lf", f"in command {raw[:40]!r}")
        if len(raw) > LINE_MAX_BYTES:
            self._violate("line_too_long", f"{len(raw)} bytes in a command")
        return raw.rstrip(b"\r\n").decode("utf-8", "replace")

    async def _reply(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def _step(self, step: str, good: str) -> bool:
        """Answer good, unless a fault is set for this step; tell whether good was answered."""
        fault = self.faults.take(step, self.rcpts)
        if fault is None or fault.do in ("slow", "hide_starttls"):
            if fault and fault.do == "slow":
                await asyncio.sleep(fault.seconds)
            if good:
                await self._reply(good)
            return True
        shown = f"{fault.code} {fault.text}" if fault.do == "reply" else f"({fault.do})"
        self.spool.refused(step, shown, self.envelope)
        if fault.do == "reply":
            await self._reply(shown)
            if step == "banner" or fault.code == 421:
                raise Hangup
            return False
        await self._vanish(fault)
        return False

    async def _vanish(self, fault: Fault) -> None:
        """Close at once, or say nothing until the client gives up."""
        if fault.do == "silence":
            try:
                await asyncio.wait_for(self.reader.read(), max(fault.seconds, 1.0))
            except TimeoutError:
                pass
        raise Hangup

    def _violate(self, what: str, detail: str) -> None:
        self.broken.append(what)
        self.spool.violated(what, detail)

    # commands

    async def _on_ehlo(self, rest: str) -> None:
        fault = self.faults.take("ehlo", [])
        hidden = fault is not None and fault.do == "hide_starttls"
        if fault and fault.do == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.do == "reply":
            self.spool.refused("ehlo", f"{fault.code} {fault.text}", self.envelope)
            return await self._reply(f"{fault.code} {fault.text}")
        elif fault and not hidden:
            self.spool.refused("ehlo", f"({fault.do})", self.envelope)
            await self._vanish(fault)
        self._reset()
        self.greeted = True
        offers = ["sink", f"SIZE {MAIL_MAX_BYTES}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self.starttls and not self.tls and not hidden:
            offers.append("STARTTLS")
        if self.login:
            offers.append("AUTH PLAIN LOGIN")
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        await self._reply("\r\n".join(lines))

    async def _on_helo(self, rest: str) -> None:
        self._reset()
        self.greeted = True
        await self._step("ehlo", "250 sink")

    async def _on_starttls(self, rest: str) -> None:
        if self.starttls is None or self.tls:
            return await self._reply("503 5.5.1 STARTTLS is not offered")
        if await self._step("starttls", "220 2.0.0 Go ahead"):
            await self.writer.start_tls(self.starttls)
            self.tls, self.greeted = True, False

    async def _on_auth(self, rest: str) -> None:
        if self.login is None:
            return await self._reply("503 5.5.1 AUTH is not offered")
        kind, _, first = rest.partition(" ")
        if kind.upper() == "PLAIN":
            given = _unbase64(first or await self._ask("334 "))
            user, _, password = given.partition("\0")[2].partition("\0")
        elif kind.upper() == "LOGIN":
            user = _unbase64(first or await self._ask("334 VXNlcm5hbWU6"))
            password = _unbase64(await self._ask("334 UGFzc3dvcmQ6"))
        else:
            return await self._reply("504 5.5.4 Unknown mechanism")
        if f"{user}:{password}" != self.login:
            self.spool.refused("auth", "535", self.envelope)
            return await self._reply("535 5.7.8 Wrong name or password")
        self.authenticated = await self._step("auth", "235 2.7.0 Welcome")

    async def _ask(self, text: str) -> str:
        await self._reply(text)
        return await self._line()

    async def _on_mail(self, rest: str) -> None:
        match = _PATH.match(rest)
        if not self.greeted or not self.authenticated:
            return await self._reply("530 5.7.0 Greet and sign in first")
        if self.mail_from is not None:
            self._violate("nested_mail", rest)
            return await self._reply("503 5.5.1 A transaction is open")
        if not match:
            self._violate("bad_mail_from", rest)
            return await self._reply("501 5.5.4 Bad sender")
        if await self._step("mail", "250 2.1.0 OK"):
            self.mail_from = match.group(1)
            self.eight_bit = "BODY=8BITMIME" in match.group(2).upper()

    async def _on_rcpt(self, rest: str) -> None:
        match = _PATH.match(rest)
        if self.mail_from is None:
            return await self._reply("503 5.5.1 MAIL comes first")
        if not match or "@" not in match.group(1):
            self._violate("bad_rcpt_to", rest)
            return await self._reply("501 5.1.3 Bad recipient")
        self.rcpts.append(match.group(1))
        if len(self.rcpts) > 1:
            self._violate("many_recipients", ", ".join(self.rcpts))
        if not await self._step("rcpt", "250 2.1.5 OK"):
            self.rcpts.pop()

    async def _on_data(self, rest: str) -> None:
        if not self.rcpts:
            return await self._reply("503 5.5.1 RCPT comes first")
        if not await self._step("data", "354 End with a dot on a line of its own"):
            return
        raw = await self._body()
        self._inspect(raw)
        await self._finish(raw)
        self._reset()

    async def _body(self) -> bytes:
        """Read to CRLF.CRLF, and only to that; undo dot-stuffing."""
        parts: list[bytes] = []
        size, fresh = 0, True
        while True:
            try:
                line = await asyncio.wait_for(self.reader.readuntil(b"\n"), IDLE_MAX_S)
            except asyncio.LimitOverrunError as error:
                line = await self.reader.readexactly(error.consumed)
            if fresh and line == b".\r\n":
                return b"".join(parts)
            if fresh and line.startswith(b".") and line != b".\n":
                line = line[1:]
            fresh = line.endswith(b"\r\n")
            size += len(line)
            if size > MAIL_MAX_BYTES:
                await self._reply("552 5.3.4 Too large")
                raise Hangup
            parts.append(line)

    def _inspect(self, raw: bytes) -> None:
        head, _, body = raw.partition(b"\r\n\r\n")
        for what, found in (
            ("bare_lf", re.search(rb"(?<!\r)\n", raw)),
            ("bare_cr", re.search(rb"\r(?!\n)", raw)),
            ("nul_byte", re.search(rb"\0", raw)),
            ("line_too_long", re.search(rb"[^\r\n]{999}", raw)),
            ("eight_bit_header", re.search(rb"[\x80-\xff]", head)),
            ("eight_bit_body", None if self.eight_bit else re.search(rb"[\x80-\xff]", body)),
        ):
            if found:
                self._violate(what, f"at byte {found.start()} of the mail to {', '.join(self.rcpts)}")
        for name in (b"Message-ID", b"Date", b"From", b"To", b"Subject"):
            count = len(re.findall(rb"(?im)^" + name + rb":", head))
            if count != 1:
                self._violate("header_count", f"{name.decode()} occurs {count} times")

    async def _finish(self, raw: bytes) -> None:
        """Keep the mail, then answer its final dot, or not."""
        fault = self.faults.take("dot", self.rcpts)
        reply, fate, accepted = f"250 2.0.0 Kept as {self.spool.next_id}", "sent", True
        if fault and fault.do == "reply":
            reply, accepted = f"{fault.code} {fault.text}", 200 <= fault.code < 300
        elif fault and fault.do in ("cut", "silence"):
            fate, accepted = "withheld", fault.kept
        self.spool.keep(raw, self.envelope, reply, fate, accepted, list(self.broken))
        if fault and fault.do in ("cut", "silence"):
            await self._vanish(fault)
        if fault and fault.do == "slow":
            await asyncio.sleep(fault.seconds)
        await self._reply(reply)

    async def _on_rset(self, rest: str) -> None:
        self._reset()
        await self._reply("250 2.0.0 OK")

    async def _on_noop(self, rest: str) -> None:
        await self._reply("250 2.0.0 OK")

    async def _on_quit(self, rest: str) -> None:
        await self._reply("221 2.0.0 Bye")
        raise Hangup


def _unbase64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
