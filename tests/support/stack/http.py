"""A small HTTP client for tests: one request, one answer, nothing hidden."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: dict  # lower-case names
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        """What the API's envelope carries."""
        return self.json["data"]


class Http:
    """source: the address it comes from; tls: an ssl.SSLContext for https.

    Http.heard_by: functions that hear of every answer (method, path, Answer), and may raise.
    """

    heard_by = ()

    def __init__(self, base_url, timeout=20.0, *, source="", tls=None):
        self.base_url = base_url.rstrip("/")
        parts = urllib.parse.urlsplit(self.base_url)
        self.host, self.port, self.prefix = parts.hostname, parts.port, parts.path
        self.timeout = timeout
        self.source, self.tls = source, tls

    def request(self, method, path, *, token=None, body=None, headers=None):
        """body: bytes or str as they are, anything else as JSON. OSError when the line breaks."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        more = {"timeout": self.timeout, "source_address": (self.source, 0) if self.source else None}
        connection = (
            http.client.HTTPSConnection(self.host, self.port, context=self.tls, **more)
            if self.tls
            else http.client.HTTPConnection(self.host, self.port, **more)
        )
        try:
            connection.request(method, self.prefix + path, body=body, headers=headers)
            got = connection.getresponse()
            answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        for hear in self.heard_by:
            hear(method, path, answer)
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body=body, **more)

    def put(self, path, body=None, **more):
        return self.request("PUT", path, body=body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)
