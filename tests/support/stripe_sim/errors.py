"""Stripe's error bodies."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An answer other than 200, in Stripe's own shape.

    stored: whether Stripe keeps this answer under the idempotency key, which it does
    once execution began, and not for requests that it refused before.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stored: bool = True,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.stored = stored
        self.headers = headers or {}
        self.extra = extra or {}

    def body(self, request_id: str) -> dict[str, Any]:
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-")
        if self.param:
            error["param"] = self.param
        error.update(self.extra)
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def refused(message: str, *, code: str | None = None, param: str | None = None) -> StripeError:
    """A parameter that does not fit: refused before execution, so never stored under a key."""
    return StripeError(400, message, code=code, param=param, stored=False)


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> StripeError:
    return StripeError(status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


def unauthorized(message: str) -> StripeError:
    return StripeError(401, message, stored=False, headers={"WWW-Authenticate": 'Basic realm="Stripe"'})


def rate_limited(code: str = "rate_limit", headers: dict[str, str] | None = None) -> StripeError:
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is "
        "currently accessing it."
        if code == "lock_timeout"
        else "Request rate limit exceeded. Learn more about rate limits here "
        "https://stripe.com/docs/rate-limits."
    )
    return StripeError(429, message, code=code, stored=False, headers=headers)


def key_in_use(key: str) -> StripeError:
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means "
        "you submitted twice, and the other request is still going through): "
        f"{key}. Please try again later.",
        kind="idempotency_error",
        code="idempotency_key_in_use",
        stored=False,
        headers={"Stripe-Should-Retry": "true"},
    )


def key_misused(key: str, difference: str) -> StripeError:
    return StripeError(
        400,
        "Keys for idempotent requests can only be used with the same "
        f"{difference} they were first used with. Try using a key other than '{key}' if you meant to "
        "execute a different request.",
        kind="idempotency_error",
        stored=False,
    )


def server_error(status: int = 500) -> StripeError:
    return StripeError(
        status,
        "An error occurred with our connection to Stripe."
        if status != 500
        else "Sorry, something went wrong. We've already been notified of the problem, but if you need "
        "any additional help, you can reach us at https://support.stripe.com/contact.",
        kind="api_error",
    )
