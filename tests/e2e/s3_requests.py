"""S3 requests as bytes: signed by hand, so that a test can sign any part of one wrongly, and sent as they are."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from minio import Minio

from tests.e2e.stack import secret, setting

ALGORITHM = "AWS4-HMAC-SHA256"
Pairs = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What goes over the wire; `query` in its raw spelling."""

    method: str
    path: str
    query: str = ""
    headers: Pairs = field(default_factory=dict)
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query as in the request's first line."""
        return self.path + (f"?{self.query}" if self.query else "")


def place(port: str = "S3_PORT") -> str:
    """host:port of the stack's S3, or of its console."""
    return f"127.0.0.1:{setting(port)}"


def key(user: str) -> tuple[str, str]:
    """Access key and secret key of a user of the stack."""
    return secret(f"s3_{user}_user"), secret(f"s3_{user}")


def client(user: str) -> Minio:
    """A client with the user's key."""
    return Minio(place(), *key(user), secure=False, region="us-east-1")


def send(request: Request, host: str) -> tuple[int, bytes]:
    """Status and body of the answer; a connection that the server ends is no answer: 0."""
    connection = HTTPConnection(host, timeout=20)
    try:
        connection.request(request.method, request.target, request.body, request.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def scope(when: datetime, service: str = "s3") -> str:
    """What a signature of this moment is for."""
    return f"{when:%Y%m%d}/us-east-1/{service}/aws4_request"


def now(ago: int = 0) -> datetime:
    """UTC, some seconds ago."""
    return datetime.now(UTC) - timedelta(seconds=ago)


def encoded(**pairs: str) -> str:
    """A query of these, its names with - for _."""
    return "&".join(f"{name.replace('_', '-')}={quote(value, safe='')}" for name, value in pairs.items())


def signature(request: Request, when: datetime, query: str, payload: str, secret_key: str) -> str:
    """Version 4, over the host only and, as always, method, path, query and the payload's hash."""
    canonical = "\n".join([request.method, quote(request.path), query, f"host:{place()}\n", "host", payload])
    text = "\n".join([ALGORITHM, f"{when:%Y%m%dT%H%M%SZ}", scope(when), hashlib.sha256(canonical.encode()).hexdigest()])
    signed = ("AWS4" + secret_key).encode()
    for part in scope(when).split("/"):
        signed = hmac.digest(signed, part.encode(), "sha256")
    return hmac.digest(signed, text.encode(), "sha256").hex()


def by_header(request: Request, user: str, *, ago: int = 0) -> Request:
    """The request with a good Authorization header."""
    when, (access_key, secret_key) = now(ago), key(user)
    payload = request.headers.get("x-amz-content-sha256") or hashlib.sha256(b"").hexdigest()
    query = "&".join(sorted(part if "=" in part else f"{part}=" for part in request.query.split("&") if part))
    signed = signature(request, when, query, payload, secret_key)
    header = f"{ALGORITHM} Credential={access_key}/{scope(when)}, SignedHeaders=host, Signature={signed}"
    headers = request.headers | {"x-amz-date": f"{when:%Y%m%dT%H%M%SZ}", "Authorization": header}
    return Request(request.method, request.path, request.query, headers, request.body)


def by_query(request: Request, user: str, *, ago: int = 0, expires: int = 60) -> Request:
    """The request as a good presigned URL."""
    when, (access_key, secret_key) = now(ago), key(user)
    own = {"X_Amz_Algorithm": ALGORITHM, "X_Amz_Credential": f"{access_key}/{scope(when)}"}
    own |= {"X_Amz_Date": f"{when:%Y%m%dT%H%M%SZ}", "X_Amz_Expires": str(expires), "X_Amz_SignedHeaders": "host"}
    given = [part if "=" in part else f"{part}=" for part in request.query.split("&") if part]
    query = "&".join(sorted([*encoded(**own).split("&"), *given]))
    payload = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    signed = signature(request, when, query, payload, secret_key)
    return Request(request.method, request.path, f"{query}&X-Amz-Signature={signed}", request.headers, request.body)
