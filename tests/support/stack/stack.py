"""Everything that runs: database, broker, stand-ins and the services, for one story or test."""

import os
import pathlib
import secrets as random_secrets
import shutil
import subprocess
import tempfile

import psycopg
from psycopg.rows import dict_row

from . import logscan, services, tokens
from .http import Http
from .infra import Infra
from .redis import Redis
from .seed import Seed
from .services import Service
from .standins import LoginService, MailSink, StripeSim
from .system import ROOT, build_bin, free_port
from .wait import eventually

STRIPE_KEY = "sk_test_unbookCanary7f3a"
WEBHOOK_SECRET = "whsec_unbookCanary91bc"


def listening_at(port):
    return {"UNBOOK_LISTEN": f"127.0.0.1:{port}", "UNBOOK_FRONTEND_URL": f"http://127.0.0.1:{port}"}


class Stack:
    """with Stack(infra) as stack: ...   A database, topics, Redis and stand-ins of its own.

    compressed  short leases, sweeps and back-offs (services.COMPRESSED)
    settings    UNBOOK_* for every service that takes them
    proxied     any of "pg", "redis", "stripe", "smtp", "kafka": services reach it through
                stack.proxies[name], a tcp_proxy.Proxy
    login       tokens and keys come from a development issuer (stack.login), not from a file
    own_pages   the API listens on a port that is known before, and Stripe sends people back to its own pages
    external    Stripe, SMTP and Kafka given in our own environment are used instead of stand-ins

    Stack.at_end: functions that look at a stack whose services have ended, while everything else still runs; what they
    return are problems.
    """

    at_end = ()

    def __init__(
        self,
        infra=None,
        *,
        build="asan",
        compressed=True,
        settings=None,
        proxied=(),
        directory=None,
        own_pages=False,
        external=False,
        broker="kafka",
        durable=False,
        database=None,
        login=False,
    ):
        self.own_infra = infra is None
        self.temporary = directory is None
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix="unbook-stack-"))
        self.dir.mkdir(exist_ok=True)
        self.dir.chmod(0o755)
        self.log_dir = self.dir / "logs"
        self.log_dir.mkdir(exist_ok=True)
        self.environ = os.environ if external else {}
        broker = self.environ.get("UNBOOK_KAFKA_BOOTSTRAP", broker)
        self.infra = infra or Infra(build=build, broker=broker, durable=durable, directory=self.dir,
                                    topics=services.TOPICS)
        self.bin_dir = build_bin(build)
        self.database = database or ("unbook" if self.own_infra else f"unbook_{random_secrets.token_hex(4)}")
        self.prefix = "" if self.own_infra else f"t{random_secrets.token_hex(4)}."
        self.given = {
            **(services.COMPRESSED if compressed else {}),
            **(listening_at(free_port()) if own_pages else {}),
            **(settings or {}),
        }
        self.proxied = set(proxied)
        self.proxies = {}
        self.redis = Redis(self.dir, self.log_dir)
        self.stripe = (
            None
            if "UNBOOK_STRIPE_URL" in self.environ
            else StripeSim(self.dir, self.log_dir, key=STRIPE_KEY, webhook_secret=WEBHOOK_SECRET)
        )
        self.mail = None if "UNBOOK_SMTP_URL" in self.environ else MailSink(self.dir, self.log_dir)
        self.issuer = tokens.TokenIssuer(tokens.shared_key())
        self.jwks_file = self.dir / "jwks.json"
        self.login = LoginService(self.dir, self.log_dir, self.issuer) if login else None
        self.running = []
        self.forged = set()  # bodies of records that a test wrote into the topics itself
        self.found_at_end = []
        self.seed = Seed(self)
        self._instances = {}
        self._connection = None

    # life

    def start(self, only=services.NAMES, workers=1, joined=True):
        """Stand-ins, database and topics, then these services (workers: of each but the api).

        joined: wait until their consumers have partitions, so that the first message is not slow.
        """
        try:
            self.start_surroundings()
            started = [
                self.start_service(name, wait=False)
                for name in only
                for _ in range(1 if name == "api" else workers)
            ]
            for service in started:
                service.wait_up()
            if joined and self.kafka:
                eventually(lambda: all(s.has_joined() for s in started), 30, "consumers have partitions")
        except BaseException:
            self.stop()
            raise
        return self

    def start_surroundings(self):
        own = [piece for piece in (self.redis, self.stripe, self.mail, self.login) if piece]
        for piece in own:
            piece.start()
        if self.own_infra:
            self.infra.start()
        self.pg, self.kafka = self.infra.pg, self.infra.kafka
        self.pg.create_database(self.database)
        self.migrate()
        self.topics = [self.prefix + topic for topic in services.TOPICS]
        if self.kafka:
            self.kafka.create_topics(self.topics)
        self.issuer.write_jwks(self.jwks_file)
        for piece in own:
            piece.wait_ready()
        self._start_proxies()

    def migrate(self):
        subprocess.run(
            [self.bin_dir / "unbookctl", "migrate", "--dir", ROOT / "deploy" / "migrations"],
            env={"PATH": "/usr/bin:/bin", "UNBOOK_PG_URL": self.pg.url(self.database)},
            check=True,
            capture_output=True,
            timeout=60,
        )

    def _start_proxies(self):
        from tcp_proxy import Proxy

        upstream = {
            "pg": self.pg.host_port,
            "redis": self.redis.host_port,
            "stripe": self.stripe and ("127.0.0.1", self.stripe.ports["http"]),
            "smtp": self.mail and ("127.0.0.1", self.mail.ports["smtp"]),
            "kafka": self.kafka and self.kafka.host_port,
        }
        for name in self.proxied:
            if name not in self.proxies:
                self.proxies[name] = Proxy(*upstream[name])

    def stop(self):
        """Services in an orderly way, then what they stood on. Logs stay until remove()."""
        for service in self.running:
            service.ask_to_end()
        for service in self.running:
            service.wait_or_kill(30)
        self._look_back()
        if self._connection:
            self._connection.close()
            self._connection = None
        for piece in (*self.proxies.values(), self.login, self.stripe, self.mail, self.redis):
            if piece:
                piece.stop()
        if self.own_infra:
            self.infra.stop()
        elif self.infra.pg.proc and self.infra.pg.proc.running():
            self.infra.pg.drop_database(self.database)

    def _look_back(self):
        """Only at a broker that still runs, and once."""
        looks, self.at_end = self.at_end, ()
        kafka = getattr(self, "kafka", None)
        if self.running and kafka and (kafka.proc is None or kafka.proc.running()):
            try:
                self.found_at_end += [problem for look in looks for problem in look(self)]
            except Exception as error:  # the rest must still be stopped
                self.found_at_end.append(f"nobody could look back: {error!r}")

    def remove(self):
        if self.temporary:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            self.remove()

    # services

    def settings(self):
        """Everything a service may be told here, by variable."""

        def at(name, otherwise):
            proxy = self.proxies.get(name)
            return proxy.port if proxy else otherwise

        settings = {
            "UNBOOK_PG_URL": self.pg.url(self.database, at("pg", None)),
            "UNBOOK_KAFKA_BOOTSTRAP": self.kafka.bootstrap if self.kafka else "127.0.0.1:1",
            "UNBOOK_TOPIC_PREFIX": self.prefix,
            "UNBOOK_ADMIN_LISTEN": "127.0.0.1:0",
            "UNBOOK_LISTEN": "127.0.0.1:0",
            "UNBOOK_LOG_LEVEL": "debug",
            "UNBOOK_JWKS_FILE": self.jwks_file,
            "UNBOOK_JWT_ISSUER": tokens.ISSUER,
            "UNBOOK_JWT_AUDIENCE": tokens.AUDIENCE,
            "UNBOOK_CORS_ORIGINS": "http://localhost:4200",
            "UNBOOK_FRONTEND_URL": "http://localhost:4200",
            "UNBOOK_MEETING_URL_TEMPLATE": "https://meet.example/{token}",
            "UNBOOK_REDIS_URL": self.redis.url(at("redis", None)),
            "UNBOOK_STRIPE_KEY": self.environ.get("UNBOOK_STRIPE_KEY", STRIPE_KEY),
            "UNBOOK_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "UNBOOK_SMTP_TLS": self.environ.get("UNBOOK_SMTP_TLS", "none"),
            "UNBOOK_MAIL_FROM": "lessons@school.example",
            "UNBOOK_TEMPLATES_DIR": ROOT / "services" / "notifier" / "templates",
        }
        settings |= {name: self.environ.get(name, "0") for name in services.LIMITS}
        settings["UNBOOK_STRIPE_URL"] = (
            f"http://127.0.0.1:{at('stripe', self.stripe.ports['http'])}"
            if self.stripe
            else self.environ["UNBOOK_STRIPE_URL"]
        )
        settings["UNBOOK_SMTP_URL"] = (
            self.mail.smtp_url(at("smtp", None)) if self.mail else self.environ["UNBOOK_SMTP_URL"]
        )
        if self.login:
            del settings["UNBOOK_JWKS_FILE"]
            settings["UNBOOK_JWKS_URL"] = self.login.jwks_url
            frontend = self.given.get("UNBOOK_FRONTEND_URL", settings["UNBOOK_FRONTEND_URL"])
            settings["UNBOOK_LOGIN_URL"] = self.login.chooser(f"{frontend}/")
        if "kafka" in self.proxies:
            settings["UNBOOK_KAFKA_BOOTSTRAP"] = f"127.0.0.1:{self.proxies['kafka'].port}"
        return {**settings, **self.given}

    def start_service(self, name, *, wait=True, wrapper=(), clock_wrong_by=0, **extra):
        """One more instance. clock_wrong_by: seconds. extra: variables only for it, None takes one away."""
        number = self._instances[name] = self._instances.get(name, 0) + 1
        env = services.environment(name, self.settings(), extra)
        if clock_wrong_by:
            env |= {"LD_PRELOAD": str(self.bin_dir / "unbook-skew.so"), "UNBOOK_SKEW_S": str(clock_wrong_by)}
            env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        for unwanted in (key for key, value in extra.items() if value is None):
            env.pop(unwanted, None)
        service = Service(
            name, number, self.bin_dir / f"unbook-{name}", env, self.log_dir / f"{name}-{number}.log", wrapper
        )
        self.running.append(service)
        return service.wait_up() if wait else service

    def connect_webhooks(self):
        """Let the simulator tell the API what happens; only now is its address known. A Stripe that was given cannot reach it."""
        if self.stripe:
            self.stripe.post("webhooks", url=f"{self.of('api')[0].url}/api/stripe/webhook")

    def of(self, name):
        """The live instances of a service, oldest first."""
        return [s for s in self.running if s.service == name and s.running()]

    @property
    def api(self):
        return Http(self.of("api")[0].url)

    # truth

    def sql(self, query, *values):
        """Rows as dicts (empty list for a statement without any); autocommit."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self.pg.url(self.database), autocommit=True, row_factory=dict_row, connect_timeout=5
            )
        try:
            cursor = self._connection.execute(query, values or None)
        except psycopg.OperationalError:
            self._connection.close()
            raise
        return cursor.fetchall() if cursor.description else []

    def one(self, query, *values):
        """The only row, or None."""
        rows = self.sql(query, *values)
        assert len(rows) <= 1, f"{len(rows)} rows: {query}"
        return rows[0] if rows else None

    def eventually(self, condition, timeout=20.0, what=""):
        return eventually(condition, timeout, what)

    def problems(self):
        """Sanitizer reports, secrets in logs, services that died by themselves, and what was found at the end."""
        found = logscan.sanitizer_reports(self.log_dir) + logscan.secrets(self.log_dir, services.NAMES)
        found += [
            f"{s.name} ended with {s.exit_code}" for s in self.running if s.exit_code not in (None, 0, -9)
        ]
        return found + self.found_at_end
