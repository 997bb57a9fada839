"""Errors as RFC 9457 problem documents: what went wrong, where, what to do; never an internal detail."""

import logging
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

log = logging.getLogger("model_server.problems")
MAX_ERRORS = 20  # a long list of bad rows says enough after this many


class FieldError(msgspec.Struct, omit_defaults=True):
    """One bad field of one row; *value* is what was sent, cut when it is long."""

    row: int
    field: str | None
    message: str
    value: object = msgspec.UNSET


class Problem(Exception):
    """Raised anywhere below a route; the edge turns it into the answer."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers = errors, headers or {}

    def response(self, path: str) -> Response:
        """The answer at *path*; *type* leads to the page that explains this kind of problem."""
        document: dict[str, object] = {
            "type": f"/docs#{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if path.startswith("/v2"):
            document["error"] = self.detail  # the name under which V2 clients look
        if self.errors:
            document["errors"] = self.errors
        body = msgspec.json.encode(document)
        return Response(body, self.status, self.headers, content_type="application/problem+json")


KINDS = {
    "malformed": "The body is not JSON (or CSV). NaN and Infinity are not JSON; send null.",
    "invalid-input": "Some fields cannot be used; errors names row, field, value and bounds.",
    "media-type": "The Content-Type header names a kind of body that this path does not take.",
    "too-large": "The body has more bytes, or takes more memory, than the server has for one; send several requests.",
    "too-many-rows": "The list has more rows than the server takes at once; send several requests.",
    "too-busy": "The server works on as many requests as it may; try again after the seconds in Retry-After.",
    "unknown-host": "The Host header names a host that the server does not answer for (MODEL_SERVER_ALLOWED_HOSTS).",
    "other-site": "A browser sent this for the page of another site (MODEL_SERVER_ALLOWED_HOSTS).",
    "unauthorized": "The server has API keys; send one as the header Authorization: Bearer KEY.",
    "forbidden": "This key may predict, but not change what is served.",
    "no-model": "No model is served yet; the answer says why and what to run.",
    "http-404": "There is nothing at this path, or no such model or version.",
    "http-405": "The path takes other methods; the Allow header names them.",
    "http-500": "The server failed; its log has the reason under the X-Request-Id of the answer.",
}
REMEDIES = {
    404: "There is nothing at this path; GET /model describes the model, POST /predict predicts.",
    405: "This path does not take this method; the Allow header names those it takes.",
    500: "The server failed on this request; its log has the reason under the request id.",
}


def problem(error: Exception) -> Problem:
    """What the client is told of *error*; one that nobody foresaw goes to the log."""
    if isinstance(error, Problem):
        return error
    if not isinstance(error, HTTPException):
        log.error("event=request_failed error=%s", type(error).__name__, exc_info=error)
        return Problem(500, "http-500", REMEDIES[500])
    status = error.code or 500
    detail = REMEDIES.get(status, HTTPStatus(status).phrase + ".")
    headers = {key: value for key, value in error.get_headers() if key == "Allow"}
    return Problem(status, f"http-{status}", detail, headers=headers)


def handle_problems(app: Flask) -> None:
    """Make every error of *app* a problem document."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response:
        return problem(error).response(request.path)
