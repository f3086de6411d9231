"""Import files: lines as an old system would export them, and the command that reads them."""

import json
import subprocess


def ctl(stack, *args, code=0, **settings):
    """(stdout, stderr) of unbookctl."""
    done = subprocess.run(
        [stack.bin_dir / "unbookctl", *map(str, args)],
        env={"PATH": "/usr/bin:/bin", "UNBOOK_PG_URL": stack.pg.url(stack.database), "USER": "ann", **settings},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return (done.stdout, done.stderr) if code is not None else (done.stdout, done.stderr, done.returncode)


def write(path, *lines):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return path


def user(subject, **more):
    return {"kind": "user", "subject": subject, **more}


def booking(id, parent, teacher, starts_at, **more):
    line = {
        "kind": "booking",
        "id": id,
        "parent": parent,
        "teacher": teacher,
        "title": "Algebra",
        "scheduledDateTime": starts_at,
        "durationMinutes": 60,
        "status": 1,
        "amountMinor": 4500,
        "currency": "EUR",
        "createdAt": "2025-06-01T10:00:00Z",
        **more,
    }
    return {name: value for name, value in line.items() if value is not None}


def payment(intent, **more):
    return {
        "paymentIntent": intent,
        "amountMinor": 4500,
        "currency": "EUR",
        "capturedAt": "2025-06-01T10:05:00Z",
        **more,
    }
