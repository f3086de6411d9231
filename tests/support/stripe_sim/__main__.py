"""python -m stripe_sim: runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from pathlib import Path

from aiohttp import web

from .server import make_app
from .simulator import Simulator


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stripe_sim", description="A stateful stand-in for Stripe's API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one (default)")
    parser.add_argument("--ledger", type=Path, required=True, help="append-only JSON lines")
    parser.add_argument("--key", default="sk_test_unbook", help="the secret key that requests must carry")
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret", action="append", default=[], help="whsec_…; may be repeated")
    parser.add_argument("--public-url", help="what checkout pages' addresses begin with")
    parser.add_argument("--port-file", type=Path, help="written with the port once it listens")
    return parser.parse_args(given)


async def serve(args: argparse.Namespace, stop: asyncio.Event) -> None:
    """Listen until stop is set."""
    sim = Simulator(args.key, args.ledger)
    app = make_app(sim, args.webhook_url, args.webhook_secret)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=300, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, args.host, args.port, backlog=1024).start()
    port = runner.addresses[0][1]
    sim.public_url = args.public_url or f"http://{args.host}:{port}"
    if args.port_file:
        partial = args.port_file.with_suffix(".partial")
        partial.write_text(f"{port}\n")
        partial.replace(args.port_file)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"ts": stamp, "level": "info", "service": "stripe-sim", "msg": "listening", "what": "http"}
    print(json.dumps({**line, "address": f"{args.host}:{port}"}), file=sys.stderr, flush=True)
    await stop.wait()
    sim.faults.clear()
    await runner.cleanup()


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(arguments(), stop)


if __name__ == "__main__":
    asyncio.run(main())
