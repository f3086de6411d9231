"""The real nginx with deploy/nginx/unbook.conf in front of an API, its TLS with a certificate made here."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .proc import Proc
from .system import ROOT, accepts, free_port, program

NAME = "unbook.example"
SITE = ROOT / "deploy" / "nginx" / "unbook.conf"
MAIN = """\
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	include {dir}/unbook.conf;
}}
"""


def write_certificate(directory):
    """fullchain.pem and privkey.pem of NAME and the loopback address, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = directory / "fullchain.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain


class Nginx:
    """api and old: host:port of the two upstreams."""

    def __init__(self, directory, *, api, old):
        self.dir = directory
        self.dir.mkdir()
        self.http_port, self.port = free_port(), free_port()
        self.tls = ssl.create_default_context(cafile=write_certificate(directory))
        (directory / "unbook.conf").write_text(self._site(api, old))
        (directory / "nginx.conf").write_text(MAIN.format(dir=directory))
        self.proc = Proc(
            "nginx",
            [program("nginx"), "-p", directory, "-c", directory / "nginx.conf"],
            directory / "nginx.log",
        )
        self.proc.wait_ready(lambda: accepts(self.port))

    def _site(self, api, old):
        """The file as it is, with what an operator has to change changed."""
        text = SITE.read_text()
        for theirs, ours in (
            ("server 127.0.0.1:8080;", f"server {api};"),
            ("server 127.0.0.1:5000;", f"server {old};"),
            ("listen 80;", f"listen 127.0.0.1:{self.http_port};"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("/etc/ssl/unbook/fullchain.pem", str(self.dir / "fullchain.pem")),
            ("/etc/ssl/unbook/privkey.pem", str(self.dir / "privkey.pem")),
        ):
            assert text.count(theirs) == 1, theirs
            text = text.replace(theirs, ours)
        return text

    def stop(self):
        self.proc.terminate(10)
