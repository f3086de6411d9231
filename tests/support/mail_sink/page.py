"""The inbox that a person looks at."""

from __future__ import annotations

import html
import time
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;background:#f6f8fa;color:#1a1f36;margin:0}"
    "main{max-width:60rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.3rem}a{color:#3b4cca}"
    "article,li{background:#fff;border:1px solid #dde1e8;border-radius:10px;margin:.6rem 0;padding:.8rem 1rem}"
    "ul{list-style:none;padding:0}li a{display:block;text-decoration:none;font-weight:600}"
    ".who{color:#5b6478;font-size:.9rem}.bad{color:#b00020}iframe{width:100%;height:34rem;border:1px solid "
    "#dde1e8;border-radius:8px;background:#fff}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:"
    "#f6f8fa;border-radius:8px;padding:.8rem;font-size:.85rem}summary{cursor:pointer;font-weight:600}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}dt{color:#5b6478}dd{margin:0}"
)


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{content}</main></body></html>"
    )


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def _fate(mail: dict[str, Any]) -> str:
    if mail["accepted"] and mail["fate"] == "sent":
        return ""
    words = "reply withheld" if mail["fate"] == "withheld" else f"refused: {mail['reply']}"
    return f' · <span class="bad">{html.escape(words)}</span>'


def inbox(mails: list[dict[str, Any]], violations: int) -> str:
    """Newest first."""
    rows = "".join(
        f'<li><a href="/mail/{m["id"]}">{html.escape(m["subject"])}</a>'
        f'<span class="who">to {html.escape(", ".join(m["rcpts"]))} · {_when(m["at"])}{_fate(m)}</span></li>'
        for m in reversed(mails)
    )
    warning = f'<p class="bad">{violations} breaches of the SMTP rules</p>' if violations else ""
    empty = "<p>No mail yet. This page shows every mail that unbook sends here.</p>"
    return _page("Mail", f"<h1>Mail ({len(mails)})</h1>{warning}<ul>{rows}</ul>{'' if mails else empty}")


def letter(mail: dict[str, Any]) -> str:
    """One mail as rendered, then its other parts."""
    facts = "".join(
        f"<dt>{name}</dt><dd>{html.escape(str(value))}</dd>"
        for name, value in (
            ("From", mail["from"]),
            ("To", mail["to"]),
            ("Date", mail["date"]),
            ("Delivered to", ", ".join(mail["rcpts"])),
            ("Message-ID", mail["message_id"]),
            ("Answer", f"{mail['reply']} ({mail['fate']})"),
        )
    )
    rendered = (
        f'<iframe sandbox title="the mail as rendered" src="/mail/{mail["id"]}/html"></iframe>'
        if mail["html"]
        else ""
    )
    folded = "".join(
        f"<details{' open' if shown else ''}><summary>{name}</summary><pre>{html.escape(text)}</pre></details>"
        for name, text, shown in (
            ("Text part", mail["text"], not mail["html"]),
            (f"Calendar part (METHOD {mail['calendar_method']})", mail["calendar"], False),
            ("Headers", "\n".join(f"{n}: {v}" for n, v in mail["headers"]), False),
        )
        if text
    )
    back = '<p><a href="/">&larr; All mail</a></p>'
    source = f'<p><a href="{mail["raw_url"]}">Source</a></p>'
    content = f"{back}<h1>{html.escape(mail['subject'])}</h1><article><dl>{facts}</dl></article>"
    return _page(mail["subject"], f"{content}{rendered}{folded}{source}")
