"""What strangers try on S3, as data: operations, ways to pretend an identity, payload modes.

A stranger knows every access key. One of them holds the secret key of the model server too, which may do nothing of
what is tried here.
"""

import hashlib
import hmac
import io
import tarfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.e2e.s3_requests import ALGORITHM, Request, by_header, by_query, encoded, key, now, scope

FORGED = "forged"  # in every name that an attack would make
SENTINEL = "/lake/kept/sentinel"
HELLO = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
SIGNED = b"5;chunk-signature=%064d\r\nhello\r\n0;chunk-signature=%064d\r\n\r\n" % (0, 0)
MODES = {  # x-amz-content-sha256, and a body in that form
    "UNSIGNED-PAYLOAD": b"hello",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": HELLO,
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": SIGNED,
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": SIGNED,
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD": SIGNED,
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER": SIGNED,
    "STREAMING-UNSIGNED-PAYLOAD": HELLO,
    "streaming-unsigned-payload-trailer": HELLO,
    hashlib.sha256(b"hello").hexdigest(): b"hello",
    hashlib.sha256(b"").hexdigest(): b"hello",
    "nonsense": b"hello",
    "": b"hello",
}
DELETE = b"<Delete><Object><Key>kept/sentinel</Key></Object></Delete>"
POLICY = b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}'
MD5 = {"Content-MD5": b64encode(hashlib.md5(DELETE).digest()).decode()}
OF_VERSION_2 = {"delete", "partNumber", "policy", "select", "select-type", "tagging", "uploadId", "uploads", "versions"}
FORM_TYPE = {"Content-Type": "multipart/form-data; boundary=b"}


def form(**fields: str) -> bytes:
    """A POST form with a file; names with - for _."""
    parts = {name.replace("_", "-"): value for name, value in fields.items()} | {"key": f"{FORGED}/form", "file": "x"}
    head = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    text = [head.format(name, '; filename="f"' * (name == "file"), value) for name, value in parts.items()]
    return ("".join(text) + "--b--\r\n").encode()


def tar() -> bytes:
    """An archive with one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(f"{FORGED}/out-of-a-tar"))
    return file.getvalue()


def operations(upload: str) -> dict[str, Request]:
    """What a stranger wants; *upload* is the id of a real unfinished upload to lake/kept/upload."""
    part = f"partNumber=1&uploadId={upload}"
    source = {"x-amz-copy-source": SENTINEL}
    trailer = {"x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32"}
    return {
        "put": Request("PUT", f"/lake/{FORGED}/x", "", trailer),
        "put elsewhere": Request("PUT", f"/mlflow/{FORGED}/x", "", trailer),
        "overwrite": Request("PUT", SENTINEL, "", trailer),
        "part": Request("PUT", "/lake/kept/upload", part, trailer),
        "snowball": Request("PUT", f"/lake/{FORGED}.tar", "", {"X-Amz-Meta-Snowball-Auto-Extract": "true"}, tar()),
        "replica": Request("PUT", f"/lake/{FORGED}/r", "", {"X-Minio-Source-Replication-Request": "true", **trailer}),
        "initiate": Request("POST", f"/lake/{FORGED}/upload", "uploads"),
        "complete": Request("POST", "/lake/kept/upload", f"uploadId={upload}", {}, b"<CompleteMultipartUpload/>"),
        "list parts": Request("GET", "/lake/kept/upload", f"uploadId={upload}"),
        "list uploads": Request("GET", "/lake", "uploads"),
        "abort": Request("DELETE", "/lake/kept/upload", f"uploadId={upload}"),
        "copy": Request("PUT", f"/lake/{FORGED}/copy", "", source),
        "copy over itself": Request("PUT", SENTINEL, "", source | {"x-amz-metadata-directive": "REPLACE"}),
        "copy part": Request("PUT", "/lake/kept/upload", part, source),
        "get": Request("GET", SENTINEL),
        "head": Request("HEAD", SENTINEL),
        "select": Request("POST", SENTINEL, "select&select-type=2", {}, b"<SelectObjectContentRequest/>"),
        "delete": Request("DELETE", SENTINEL),
        "batch delete": Request("POST", "/lake", "delete", MD5, DELETE),
        "force delete": Request("DELETE", "/lake/kept", "", {"x-minio-force-delete": "true"}),
        "list": Request("GET", "/lake", "list-type=2"),
        "list versions": Request("GET", "/lake", "versions"),
        "list buckets": Request("GET", "/"),
        "listen": Request("GET", "/lake", "events=s3:ObjectCreated:*"),
        "make bucket": Request("PUT", f"/{FORGED}"),
        "delete bucket": Request("DELETE", "/prefect-results"),
        "set policy": Request("PUT", "/lake", "policy", {}, POLICY),
        "get policy": Request("GET", "/lake", "policy"),
        "set tags": Request("PUT", SENTINEL, "tagging", {}, b"<Tagging><TagSet/></Tagging>"),
        "form": Request("POST", "/lake", "", FORM_TYPE, form()),
        "admin": Request("GET", "/minio/admin/v3/list-users"),
        "new user": Request("PUT", "/minio/admin/v3/add-user", f"accessKey={FORGED}", {}, b"{}"),
        "profile": Request("POST", "/minio/admin/v3/profile", "profilerType=cpu"),
    }


def credential(user: str = "root") -> str:
    return f"{key(user)[0]}/{scope(now())}"


def header(user: str = "root") -> dict[str, str]:
    made_up = f"{ALGORITHM} Credential={credential(user)}, SignedHeaders=host, Signature={'0' * 64}"
    return {"Authorization": made_up}


def dated() -> dict[str, str]:
    return {"x-amz-date": f"{now():%Y%m%dT%H%M%SZ}"}


def more(request: Request, query: str = "", **headers: str) -> Request:
    joined = "&".join(filter(None, (request.query, query)))
    return replace(request, query=joined, headers=request.headers | headers)


def by_query_of_version_2(request: Request, *access_keys: str) -> Request:
    """Presigned in the old way by the model server, in whose name or in another's."""
    expires = str(int(now(-60).timestamp()))
    usual = [request.headers.get(name, "") for name in ("Content-MD5", "Content-Type")]
    of_amazon = [f"{k.lower()}:{v}" for k, v in sorted(request.headers.items()) if k.lower().startswith("x-amz-")]
    signed_parts = [part for part in request.query.split("&") if part.partition("=")[0] in OF_VERSION_2]
    resource = request.path + (f"?{'&'.join(sorted(signed_parts))}" if signed_parts else "")
    text = "\n".join([request.method, *usual, expires, *of_amazon, resource])
    signed = b64encode(hmac.digest(key("model_server")[1].encode(), text.encode(), "sha1")).decode()
    names = "".join(f"{encoded(AWSAccessKeyId=one)}&" for one in access_keys)
    valued = {"query": "&".join(part if "=" in part else f"{part}=" for part in request.query.split("&") if part)}
    return more(replace(request, **valued), names + encoded(Signature=signed, Expires=expires))


def presigned(signature: str = "") -> str:
    own = {"X_Amz_Algorithm": ALGORITHM, "X_Amz_Credential": credential(), "X_Amz_Expires": "600"}
    own |= {"X_Amz_Date": dated()["x-amz-date"], "X_Amz_SignedHeaders": "host"}
    return encoded(**own | ({"X_Amz_Signature": signature} if signature else {}))


PRETENCES: dict[str, Callable[[Request], Request]] = {
    "nobody": lambda r: r,
    "a key in the query": lambda r: more(r, encoded(X_Amz_Credential=credential())),
    "a key of flows in the query": lambda r: more(r, encoded(X_Amz_Credential=credential("flows")), **dated()),
    "a made-up header": lambda r: more(r, **header(), **dated()),
    "a header without a date": lambda r: more(r, **header()),
    "half a header": lambda r: more(r, Authorization=f"{ALGORITHM} Credential={credential()}", **dated()),
    "header and query": lambda r: more(r, encoded(X_Amz_Credential=credential()), **header(), **dated()),
    "another's header": lambda r: by_header(more(r, encoded(X_Amz_Credential=credential())), "model_server"),
    "the model server": lambda r: by_header(r, "model_server"),
    "the model server's link": lambda r: by_query(r, "model_server"),
    "an old header": lambda r: by_header(r, "root", ago=20 * 60),
    "an expired link": lambda r: by_query(r, "root", ago=120, expires=60),
    "a link without a signature": lambda r: more(r, presigned()),
    "a link with a wrong signature": lambda r: more(r, presigned("0" * 64)),
    "a link for something else": lambda r: replace(r, query=by_query(replace(r, path="/lake/x"), "root").query),
    "version 2": lambda r: more(r, Authorization=f"AWS {key('root')[0]}:AAAA", Date=f"{now():%a, %d %b %Y %T GMT}"),
    "a link of version 2": lambda r: by_query_of_version_2(r, key("root")[0]),
    "a link of version 2 with two names": lambda r: by_query_of_version_2(r, key("root")[0], key("model_server")[0]),
    "a token": lambda r: more(r, Authorization="Bearer e30.e30.e30"),
    "a session": lambda r: more(r, **header(), **dated(), **{"x-amz-security-token": "e30.e30.e30"}),
    "something else": lambda r: more(r, Authorization="Basic cm9vdDpyb290"),
}


def in_mode(request: Request, mode: str) -> Request:
    """The request with that x-amz-content-sha256, and a body in that form if it has none of its own."""
    sent = {"x-amz-content-sha256": mode} if mode else {}
    return replace(request, headers=request.headers | sent, body=request.body or MODES[mode])


def corpus(wanted: dict[str, Request], pretence: str) -> Iterator[tuple[str, Request]]:
    """Everything wanted in two modes, and the writes in every mode, with one way to pretend."""
    for name, request in wanted.items():
        modes = MODES if name in ("put", "overwrite", "part", "snowball") else list(MODES)[:2]
        for mode in modes:
            yield f"{name} as {pretence}, {mode or 'no mode'}", PRETENCES[pretence](in_mode(request, mode))
