"""What the front answers by itself, in the form of vLLM's errors."""

from __future__ import annotations

from aiohttp import web

TYPES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    413: "BadRequestError",
    502: "BadGatewayError",
    503: "ServiceUnavailableError",
}
RETRY_AFTER_S = 1


def error(status: int, message: str, param: str | None = None) -> web.Response:
    """An error as vLLM writes it; with Retry-After where the same request may be answered soon."""
    body = {"error": {"message": message, "type": TYPES[status], "param": param, "code": status}}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return web.json_response(body, status=status, headers=headers)


def unknown_model(name: str) -> web.Response:
    """As vLLM answers a model that it does not serve."""
    return error(404, f"The model `{name}` does not exist.", "model")
