"""python -m mail_sink: runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
import sys
import time
from pathlib import Path

from aiohttp import web

from .faults import Faults
from .http import MailApi
from .smtp import Connection
from .spool import Spool
from .tls import self_signed


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mail_sink", description="An SMTP server that keeps every mail.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="SMTP; 0: any free one (default)")
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--spool", type=Path, required=True, help="folder for mails.jsonl and *.eml")
    parser.add_argument("--port-file", type=Path, help="written with both ports, SMTP first, once it listens")
    parser.add_argument("--tls", choices=("none", "starttls", "implicit"), default="none")
    parser.add_argument("--cert-host", help="the name in the certificate (default: --host)")
    parser.add_argument("--login", help="user:password that AUTH must give")
    return parser.parse_args(given)


def announce(what: str, address: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"ts": stamp, "level": "info", "service": "mail-sink", "msg": "listening"}
    print(json.dumps({**line, "what": what, "address": address}), file=sys.stderr, flush=True)


async def serve(args: argparse.Namespace, stop: asyncio.Event) -> None:
    """Listen until stop is set."""
    spool, faults = Spool(args.spool), Faults()
    context: ssl.SSLContext | None = None
    if args.tls != "none":
        context = self_signed(args.spool / "tls", args.cert_host or args.host)
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        task.add_done_callback(running.discard)
        starttls = context if args.tls == "starttls" else None
        await Connection(reader, writer, spool, faults, starttls, args.login).run()

    implicit = context if args.tls == "implicit" else None
    smtp = await asyncio.start_server(connected, args.host, args.port, ssl=implicit, backlog=256)
    runner = web.AppRunner(MailApi(spool, faults).app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, args.host, args.http_port).start()
    ports = (smtp.sockets[0].getsockname()[1], runner.addresses[0][1])
    if args.port_file:
        partial = args.port_file.with_suffix(".partial")
        partial.write_text(f"{ports[0]}\n{ports[1]}\n")
        partial.replace(args.port_file)
    announce("smtp", f"{args.host}:{ports[0]}")
    announce("http", f"{args.host}:{ports[1]}")
    await stop.wait()
    smtp.close()
    for task in list(running):
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await runner.cleanup()
    spool.close()


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(arguments(), stop)


if __name__ == "__main__":
    asyncio.run(main())
