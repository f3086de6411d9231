"""run/env: where everything is, for a shell to source."""

import shlex

from .stack import STRIPE_KEY, WEBHOOK_SECRET


def environment(stack):
    def admin(name):
        live = stack.of(name)
        return live[0].admin_url if live else ""

    given = stack.settings()
    return {
        "API_URL": stack.of("api")[0].url,
        "ADMIN_URL_API": admin("api"),
        "ADMIN_URL_REFUND_WORKER": admin("refund-worker"),
        "ADMIN_URL_NOTIFIER": admin("notifier"),
        "ADMIN_URL_REAPER": admin("reaper"),
        "PG_URL": stack.pg.url(stack.database),
        "KAFKA_BOOTSTRAP": stack.kafka.bootstrap,
        "REDIS_URL": stack.redis.url(),
        "STRIPE_URL": given["UNBOOK_STRIPE_URL"],
        "STRIPE_KEY": STRIPE_KEY if stack.stripe else "",  # a given one's is not ours to write down
        "MAIL_URL": stack.mail.url if stack.mail else given["UNBOOK_SMTP_URL"],
        "ISSUER_URL": stack.login.url,
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PARENT_TOKEN": stack.parent.token,
        "TEACHER_TOKEN": stack.teacher.token,
        "ADMIN_TOKEN": stack.admin.token,
        "PARENT_ID": stack.parent.id,
        "TEACHER_ID": stack.teacher.id,
        "ADMIN_ID": stack.admin.id,
        "BOOKING_ID": stack.booking.id if stack.booking else "",
    }


def write_env(stack, path):
    lines = [f"{name}={shlex.quote(str(value))}" for name, value in environment(stack).items()]
    partial = path.with_suffix(".new")
    partial.write_text("\n".join(lines) + "\n")
    partial.chmod(0o600)
    partial.replace(path)
