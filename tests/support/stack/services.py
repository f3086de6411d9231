"""The four services: their settings in a stack, and one running instance of one of them."""

import signal

from .http import Http
from .proc import Proc

NAMES = ("api", "refund-worker", "notifier", "reaper")
CONSUMERS = ("refund-worker", "notifier", "reaper")
TOPICS = ("unbook.bookings", "unbook.refunds", "unbook.checkouts", "stripe.events")

# So short that a test sees a lease expire, a retry and a sweep within seconds.
COMPRESSED = {
    "UNBOOK_LEASE_MS": "2500",
    "UNBOOK_SWEEP_MS": "100",
    "UNBOOK_DOORBELL_MS": "1000",
    "UNBOOK_BACKOFF_MIN_MS": "50",
    "UNBOOK_BACKOFF_MAX_MS": "500",
    "UNBOOK_STRIPE_CONNECT_MS": "500",
    "UNBOOK_STRIPE_TIMEOUT_MS": "1500",
    "UNBOOK_SMTP_STEP_MS": "1000",
    "UNBOOK_SMTP_FINAL_MS": "1500",
    "UNBOOK_MAIL_UNKNOWN_MS": "500",
}

WORKER = {
    "UNBOOK_LEASE_MS",
    "UNBOOK_SWEEP_MS",
    "UNBOOK_DOORBELL_MS",
    "UNBOOK_BACKOFF_MIN_MS",
    "UNBOOK_BACKOFF_MAX_MS",
    "UNBOOK_GIVE_UP_MS",
    "UNBOOK_SLOTS",
}
COMMON = {
    "UNBOOK_PG_URL",
    "UNBOOK_KAFKA_BOOTSTRAP",
    "UNBOOK_ADMIN_LISTEN",
    "UNBOOK_LOG_LEVEL",
    "UNBOOK_KAFKA_PARTITIONS",
    "UNBOOK_TOPIC_PREFIX",
    "UNBOOK_DB_POOL",
}
STRIPE = {
    "UNBOOK_STRIPE_URL",
    "UNBOOK_STRIPE_KEY",
    "UNBOOK_REDIS_URL",
    "UNBOOK_REFUND_RATE",
    "UNBOOK_REPLICAS",
    "UNBOOK_STRIPE_CONNECT_MS",
    "UNBOOK_STRIPE_TIMEOUT_MS",
}
# Off, because all that a test or a demo asks for comes from one address and few users.
LIMITS = (
    "UNBOOK_IP_CONNECTIONS",
    "UNBOOK_LIMIT_ADDRESS",
    "UNBOOK_LIMIT_USER",
    "UNBOOK_LIMIT_BOOK",
    "UNBOOK_LIMIT_PAYMENT",
    "UNBOOK_LIMIT_CANCEL",
    "UNBOOK_LIMIT_WEBHOOK",
)
TAKES = {
    "api": COMMON
    | STRIPE
    | {
        "UNBOOK_LISTEN",
        "UNBOOK_JWKS_FILE",
        "UNBOOK_JWKS_URL",
        "UNBOOK_JWKS_REFRESH_MS",
        "UNBOOK_JWKS_AGAIN_MS",
        "UNBOOK_JWT_ISSUER",
        "UNBOOK_JWT_AUDIENCE",
        "UNBOOK_JWT_MAX_AGE_S",
        "UNBOOK_CORS_ORIGINS",
        "UNBOOK_FAST_THREADS",
        "UNBOOK_STRIPE_THREADS",
        "UNBOOK_FRONTEND_URL",
        "UNBOOK_LOGIN_URL",
        "UNBOOK_TEACHER_NOTICE_S",
        "UNBOOK_DOORBELL_MS",
        "UNBOOK_WEBHOOK_SECRET",
        "UNBOOK_MEETING_URL_TEMPLATE",
        "UNBOOK_WEBHOOK_THREADS",
        "UNBOOK_TRUSTED_PROXIES",
        "UNBOOK_FORWARDED_HEADER",
        "UNBOOK_HOLDS_MAX",
        *LIMITS,
    },
    "refund-worker": COMMON | WORKER | STRIPE | {"UNBOOK_PENDING_MS"},
    "notifier": COMMON
    | WORKER
    | {
        "UNBOOK_SMTP_URL",
        "UNBOOK_SMTP_TLS",
        "UNBOOK_MAIL_FROM",
        "UNBOOK_TEMPLATES_DIR",
        "UNBOOK_SMTP_STEP_MS",
        "UNBOOK_SMTP_FINAL_MS",
        "UNBOOK_MAIL_UNKNOWN_MS",
        "UNBOOK_FRONTEND_URL",
    },
    "reaper": COMMON
    | WORKER
    | STRIPE
    | {
        "UNBOOK_FRONTEND_URL",
        "UNBOOK_MEETING_URL_TEMPLATE",
        "UNBOOK_HEAL_MS",
        "UNBOOK_HEAL_AFTER_MS",
        "UNBOOK_HEAL_ALL_MS",
    },
}


def environment(service, settings, extra):
    """What this service takes of settings, and all of extra; nothing of our own environment."""
    env = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "ASAN_OPTIONS": "abort_on_error=1:disable_coredump=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:abort_on_error=1",
        "TSAN_OPTIONS": "halt_on_error=0:second_deadlock_stack=1",
    }
    env.update({k: str(v) for k, v in settings.items() if k in TAKES[service]})
    env.update({k: str(v) for k, v in extra.items() if v is not None})
    return env


class Service(Proc):
    """Ready when it is created with wait=True (the default of Stack.start_service)."""

    def __init__(self, service, instance, binary, env, log_path, wrapper=()):
        self.service = service
        self.instance = instance
        self.env = env
        self.binary = binary
        self._addresses = {}
        super().__init__(f"{service}-{instance}", [*wrapper, binary], log_path, env=env)

    def wait_up(self, timeout=20.0):
        """Listening and ready (every dependency answers)."""
        self.wait_listening(timeout)
        self.wait_ready(self.is_ready, timeout)
        return self

    def wait_listening(self, timeout=20.0):
        self.wait_ready(self.is_listening, timeout)
        return self

    def is_listening(self):
        wanted = {"admin", "http"} if self.service == "api" else {"admin"}
        return wanted <= self.addresses().keys()

    def addresses(self):
        """{"admin": "127.0.0.1:1234", "http": ...} as logged so far."""
        if len(self._addresses) < (2 if self.service == "api" else 1):
            self._addresses = {
                line["what"]: line["address"] for line in self.log_lines() if line.get("msg") == "listening"
            }
        return self._addresses

    @property
    def admin_url(self):
        return f"http://{self.addresses()['admin']}"

    @property
    def url(self):
        return f"http://{self.addresses()['http']}"

    def is_ready(self):
        try:
            return Http(self.admin_url, timeout=2).get("/readyz").status == 200
        except OSError:
            return False

    def has_joined(self):
        """Whether its consumer has partitions; a service that consumes nothing has."""
        return self.service not in CONSUMERS or self.metrics()["unbook_kafka_partitions_assigned"] > 0

    def metrics(self):
        """{"name{labels}": value}"""
        found = {}
        for line in Http(self.admin_url, timeout=5).get("/metrics").text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    def sigterm(self):
        self.send_signal(signal.SIGTERM)
