"""A mail as a person meets it: decoded headers and parts."""

from __future__ import annotations

import email
import email.message
import email.policy
from dataclasses import asdict
from typing import Any

from .spool import Mail


def decoded(raw: bytes) -> dict[str, Any]:
    """from, to, subject, date, text, html, calendar, headers, attachments of raw bytes."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts: dict[str, Any] = {"text": None, "html": None, "calendar": None, "calendar_method": None}
    attachments: list[str] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        name = {"text/plain": "text", "text/html": "html", "text/calendar": "calendar"}.get(kind)
        if name is not None and parts[name] is None and part.get_content_disposition() != "attachment":
            parts[name] = _content(part)
            if name == "calendar":
                parts["calendar_method"] = part.get_param("method")
        else:
            attachments.append(str(part.get_filename() or kind))
            if name == "calendar" and parts[name] is None:
                parts[name] = _content(part)
                parts["calendar_method"] = part.get_param("method")
    return {
        "from": str(message["From"]),
        "to": str(message["To"]),
        "subject": str(message["Subject"]),
        "date": str(message["Date"]),
        "content_type": message.get_content_type(),
        "headers": [[name, str(value)] for name, value in message.items()],
        "attachments": attachments,
        "defects": [type(defect).__name__ for part in message.walk() for defect in part.defects],
        **parts,
    }


def as_json(mail: Mail, raw: bytes) -> dict[str, Any]:
    return {
        **asdict(mail),
        "rcpt": mail.rcpts[0] if mail.rcpts else None,
        "raw_url": f"/_mail/messages/{mail.id}/raw",
        **decoded(raw),
    }


def _content(part: email.message.Message) -> str:
    try:
        return str(part.get_content())  # type: ignore[attr-defined]
    except (LookupError, ValueError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
