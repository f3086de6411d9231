"""The hosted payment page that a checkout's url leads to."""

from __future__ import annotations

import html
from decimal import Decimal

from aiohttp import web

from . import checkout, disputes
from .collection import StripeObject
from .errors import StripeError
from .simulator import Course, Simulator

NO_DECIMALS = {
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
}  # fmt: skip
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}
COURSES = {"4000000000007726": "pending_succeeded", "4000000000005126": "succeeded_failed"}
DECLINED, DISPUTED = "4000000000000002", "4000000000000259"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;background:#f6f8fa;margin:0;color:#1a1f36}"
    "main{max-width:26rem;margin:8vh auto;background:#fff;padding:2rem;border-radius:12px;"
    "box-shadow:0 2px 12px #0002}h1{font-size:1.1rem;margin:0;color:#555}.sum{font-size:2rem;margin:.2rem 0 1.5rem}"
    "label{display:block;margin:.8rem 0}input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit;"
    "border:1px solid #ccd;border-radius:6px}button{width:100%;padding:.8rem;font:inherit;font-weight:600;"
    "background:#635bff;color:#fff;border:0;border-radius:6px;cursor:pointer}a{color:#635bff}"
    ".error{color:#b00020}.test{font-size:.8rem;color:#888}"
)


def money(amount: int, currency: str) -> str:
    places = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency.upper()}"


class HostedPage:
    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/c/pay/{id}", self.show), web.post("/c/pay/{id}", self.pay)]

    async def show(self, request: web.Request, problem: str = "") -> web.Response:
        session = self.sim.checkouts.find(request.match_info["id"])
        if session is None:
            return _page("<h1>Something went wrong</h1><p>This page does not exist.</p>", 404)
        if session["status"] != "open":
            words = "has expired" if session["status"] == "expired" else "was completed"
            return _page(f"<h1>You're all done here</h1><p>This checkout {words}.</p>", 410)
        return _page(self._form(session, problem), 402 if problem else 200)

    def _form(self, session: StripeObject, problem: str) -> str:
        names = ", ".join(str(item["description"]) for item in self.sim.line_items[session["id"]])
        back = session["cancel_url"]
        leave = (
            f'<p><a id="back" href="{html.escape(_filled(back, session))}">&larr; Back</a></p>'
            if back
            else ""
        )
        error = f'<p class="error" role="alert">{html.escape(problem)}</p>' if problem else ""
        email = html.escape(session["customer_email"] or "")
        return (
            f"<h1>{html.escape(names)}</h1>"
            f'<p class="sum">{money(session["amount_total"], session["currency"])}</p>{error}'
            '<form method="post"><label>Email<input name="email" type="email" value="' + email + '"></label>'
            '<label>Card number<input name="card" value="4242 4242 4242 4242" inputmode="numeric"></label>'
            '<label>Name on card<input name="name" value="Pat Parent"></label>'
            f'<button id="pay">Pay</button></form>{leave}'
            '<p class="test">A simulator of Stripe: no money moves. 4000 0000 0000 0002 is declined.</p>'
        )

    async def pay(self, request: web.Request) -> web.Response:
        form = await request.post()
        session = self.sim.checkouts.find(request.match_info["id"])
        card = str(form.get("card", "")).replace(" ", "")
        if session is None or session["status"] != "open":
            return await self.show(request)
        if card == DECLINED:
            return await self.show(request, "Your card was declined.")
        buyer = {name: str(form[name]) for name in ("email", "name") if form.get(name)}
        try:
            checkout.pay(self.sim, session, buyer)
        except StripeError:
            return await self.show(request)
        self._remember_card(session, card)
        await self.sim.ledger.flush()
        return web.Response(status=303, headers={"Location": _filled(session["success_url"], session)})

    def _remember_card(self, session: StripeObject, card: str) -> None:
        """Some test cards decide what becomes of the payment or of its refunds."""
        intent_id = session["payment_intent"]
        if intent_id is None:
            return
        if card in COURSES:
            self.sim.courses[intent_id] = Course.decode({"course": COURSES[card], "delay_s": 1.0})
        elif card == DISPUTED:
            disputes.open_dispute(self.sim, self.sim.charges_of[intent_id][0], {})


def _filled(url: str, session: StripeObject) -> str:
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _page(content: str, status: int) -> web.Response:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main>{content}</main></body></html>"
    )
    return web.Response(text=text, status=status, content_type="text/html")
