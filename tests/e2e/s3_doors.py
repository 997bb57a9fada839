"""What strangers try on S3 beside its operations: tokens for sale, doors of operators, POST forms, the console."""

from base64 import b64encode

from tests.e2e.s3_attacks import FORGED, FORM_TYPE, MD5, POLICY, credential, dated, form, header, more
from tests.e2e.s3_requests import ALGORITHM, Request, encoded, key

AS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASSUME = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600"

FIELD = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
LARGE = {  # port and path: headers, the beginning of a body, and what follows without end
    ("S3_PORT", "/lake?delete"): (MD5, b"<Delete>", b"<Object><Key>a</Key></Object>" * 10_000),
    ("S3_PORT", "/lake"): (FORM_TYPE, FIELD % b"x-minio-fanout-list", b'{"key":"a"}\n' * 10_000),
    ("S3_PORT", "/prefect-results"): (FORM_TYPE, b"", FIELD % b"field" + b"x" * 1_000_000 + b"\r\n"),
    ("S3_CONSOLE_PORT", "/api/v1/login"): ({"Content-Type": "application/json"}, b'{"accessKey":"', b"a" * 1_000_000),
}


def others() -> list[Request]:
    """What is no operation on an object in plain words."""
    jwt = "WebIdentityToken=e30.e30.e30"
    ldap = "LDAPUsername=root&LDAPPassword=root"
    sts = {"Authorization": header()["Authorization"].replace("/s3/", "/sts/")}
    identities = [f"AssumeRoleWithWebIdentity&{jwt}", f"AssumeRoleWithLDAPIdentity&{ldap}", "AssumeRoleWithCertificate"]
    identities += ["AssumeRoleWithClientGrants&Token=e30.e30.e30", "AssumeRoleWithCustomToken&Token=x"]
    asked = [f"Action={one}&Version=2011-06-15" for one in identities]
    doors = ["prometheus/metrics", "v2/metrics/cluster", "v2/metrics/node", "v2/metrics/bucket", "metrics/v3/api"]
    doors += ["admin/v3/info", "admin/v3/healthinfo", "admin/v3/trace", "admin/v3/export-iam", "kms/v1/status"]
    doors += ["storage/data/v63/readall", "grid/v1", "grid/lock/v1", "peer/v39/getlocks", "bootstrap/v1/verify"]
    places = ["/lake//../mlflow/x", "//lake/kept/sentinel", "/lake/%2e%2e/mlflow/x", "/.minio.sys/config/iam/users"]
    places += ["/minio/../lake/kept/sentinel", "/%2eminio.sys/config", "/lake/kept%2fsentinel", "/minio/health/../lake"]
    places += ["/debug/pprof/heap", "/debug/vars", "/minio/debug/pprof/", "/minio/health/live/../../admin/v3/info"]
    return [
        Request("POST", "/", "", AS_FORM | sts | dated(), ASSUME.encode()),
        Request("POST", "/", "", AS_FORM | header() | dated(), ASSUME.encode()),
        Request("POST", "/", encoded(X_Amz_Credential=credential()), AS_FORM, ASSUME.encode()),
        Request("POST", "/", ASSUME),
        *(Request("POST", "/", "", AS_FORM, one.encode()) for one in asked),
        *(Request("POST", "/", one) for one in asked),
        *(Request(method, f"/minio/{door}") for door in doors for method in ("GET", "POST")),
        *(Request("GET", f"/minio/{door}", "", {"Authorization": "Bearer e30.e30."}) for door in doors),
        *(Request(method, path, "", {}, b"hello") for path in places for method in ("GET", "PUT")),
        *(Request("POST", "/lake", "", FORM_TYPE, form(**fields)) for fields in forms()),
    ]


def forms() -> list[dict[str, str]]:
    """Fields of POST forms: unsigned, wrongly signed, expired, in both versions."""
    expired = b64encode(b'{"expiration":"2020-01-01T00:00:00Z","conditions":[]}').decode()
    name = {"x_amz_algorithm": ALGORITHM, "x_amz_date": dated()["x-amz-date"], "x_amz_credential": credential()}
    wrong = name | {"policy": b64encode(POLICY).decode(), "x_amz_signature": "0" * 64}
    old = {"AWSAccessKeyId": key("root")[0], "policy": expired, "signature": "AAAA"}
    return [{}, name, wrong, wrong | {"policy": expired}, wrong | {"policy": ""}, old, wrong | old]


def console() -> list[Request]:
    """The console's own interface, without a session or with a made-up one."""
    login = b'{"accessKey":"%s","secretKey":"wrong"}' % key("root")[0].encode()
    socket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    socket |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    json_type = {"Content-Type": "application/json"}
    reads = ["session", "buckets", "buckets/lake", "buckets/lake/objects", "service-accounts", "admin/info", "users"]
    reads += ["buckets/lake/objects/download?prefix=kept/sentinel", "buckets/lake/objects/share?prefix=kept/sentinel"]
    asked = [
        Request("POST", "/api/v1/login", "", json_type, login),
        Request("POST", "/api/v1/login", "", json_type, b"{}"),
        Request("POST", "/api/v1/buckets", "", json_type, b'{"name":"forged"}'),
        Request("POST", "/api/v1/buckets/lake/objects/upload", f"prefix={FORGED}/c", FORM_TYPE, form()),
        Request("DELETE", "/api/v1/buckets/lake/objects", "prefix=kept/sentinel"),
        Request("POST", "/api/v1/buckets/lake/delete-objects", "", json_type, b'[{"path":"kept/sentinel"}]'),
        Request("POST", "/api/v1/service-accounts", "", json_type, b"{}"),
        Request("GET", "/ws/objectManager", "", socket),
        *(Request("GET", f"/api/v1/{path.partition('?')[0]}", path.partition("?")[2]) for path in reads),
    ]
    return [more(one, **cookie) for one in asked for cookie in ({}, {"Cookie": "token=AAAA"})]
