"""The HTTP side: bytes in, bytes (or less) out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from collections.abc import AsyncIterator

from aiohttp import web

from .control import Control
from .hosted import HostedPage
from .pipeline import Answer, Pipeline, Request
from .simulator import Simulator
from .webhooks import Webhooks

BODY_MAX_BYTES = 256 * 1024


def make_app(sim: Simulator, webhook_url: str | None, webhook_secrets: list[str]) -> web.Application:
    """Everything under one listener. Must be called inside the event loop."""
    pipeline = Pipeline(sim)
    control = Control(sim)
    webhooks = Webhooks(sim, webhook_url, webhook_secrets)

    async def api(http: web.Request) -> web.StreamResponse:
        request = Request(http.method, http.path, http.query_string, await http.read(), http.headers)
        return await deliver(http, await pipeline.handle(request))

    async def background(app: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(sim.ledger.run()), asyncio.create_task(sim.clock.run())]
        for task in tasks:
            task.add_done_callback(_die_if_failed)
        yield
        await webhooks.close()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        sim.ledger.close()

    app = web.Application(client_max_size=BODY_MAX_BYTES)
    app.cleanup_ctx.append(background)
    app.add_routes(control.routes())
    app.add_routes(webhooks.routes(control.wrap))
    app.add_routes(HostedPage(sim).routes())
    app.router.add_route("*", "/{tail:.*}", api)
    return app


async def deliver(http: web.Request, answer: Answer) -> web.StreamResponse:
    """Send the answer, or as much of it as its fate allows."""
    if answer.fate == "withheld":
        _cut(http)
        return web.Response()
    if answer.fate == "half":
        half = web.StreamResponse(status=answer.status, headers=answer.headers)
        half.content_type = answer.content_type
        half.content_length = len(answer.body)
        await half.prepare(http)
        await half.write(answer.body[: len(answer.body) // 2])
        _cut(http)
        return half
    return web.Response(
        status=answer.status, body=answer.body, headers=answer.headers, content_type=answer.content_type
    )


def _die_if_failed(task: asyncio.Task[None]) -> None:
    """Without its ledger or its clock the simulator is no judge: end at once, and say why."""
    if not task.cancelled() and task.exception() is not None:
        traceback.print_exception(task.exception())
        os._exit(70)


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.close()
