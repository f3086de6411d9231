"""A token issuer of our own: one RSA key for all stacks of a process, its public half in a JWKS file."""

import base64
import functools
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://login.unbook.test"
AUDIENCE = "unbook"
KEY_ID = "demo-1"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def shared_key():
    """Made once: that takes longer than many a test."""
    return new_key()


class TokenIssuer:
    def __init__(self, key=None, key_id=KEY_ID):
        self.key = key or new_key()
        self.key_id = key_id

    @classmethod
    def load(cls, path):
        """The one that save() wrote."""
        return cls(serialization.load_pem_private_key(path.read_bytes(), None))

    def save(self, path):
        path.touch(0o600)
        path.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self.key_id,
                    "n": b64url(numbers.n.to_bytes(size, "big")),
                    "e": b64url(numbers.e.to_bytes(3, "big")),
                }
            ]
        }

    def write_jwks(self, path):
        path.write_text(json.dumps(self.jwks()))
        return path

    def sign(self, claims, header=None):
        """A token with exactly these claims, right or wrong."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key_id} if header is None else header
        signed = f"{b64url(json.dumps(header).encode())}.{b64url(json.dumps(claims).encode())}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{b64url(signature)}"

    def mint(self, subject, role, *, email=None, name=None, lifetime_s=8 * 3600, **more):
        """A good token. role: "Parent", "Teacher", "Student", "Admin", "Support", or a list."""
        now = int(time.time())
        claims = {
            "sub": str(subject),
            "role": role,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_s,
        }
        if email:
            claims["email"] = email
        if name:
            claims["name"] = name
        return self.sign({**claims, **more})
