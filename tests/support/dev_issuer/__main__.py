"""python -m dev_issuer --key FILE --accounts FILE [--port N]: on 127.0.0.1 until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from aiohttp import web
from stack.tokens import TokenIssuer

from .issuer import DevIssuer


async def serve(args: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    issuer = DevIssuer(TokenIssuer.load(args.key), args.accounts)
    runner = web.AppRunner(issuer.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", args.port).start()
    host, port = runner.addresses[0][:2]
    print(json.dumps({"msg": "listening", "what": "http", "address": f"{host}:{port}"}), flush=True)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev_issuer")
    parser.add_argument("--key", type=Path, required=True, help="the RSA key that signs, PEM")
    parser.add_argument("--accounts", type=Path, required=True, help="JSON: [{email, password, subject, role, name}]")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
