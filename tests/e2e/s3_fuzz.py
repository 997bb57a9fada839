"""Generated attacks on S3: the grammar of s3_attacks, changed at random before or after an identity is pretended."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.e2e.s3_attacks import FORM_TYPE, MODES, PRETENCES, SENTINEL, credential, in_mode, more
from tests.e2e.s3_requests import Request, encoded, key

BEFORE = ["/", "//", "/./", "/%2e%2e/lake/", "/minio/"]
BEHIND = ["/", "//", "%00", "%2f", "/..", "\\", "%ff", "?", ";", "%2e"]
METHODS = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"]
PARTS = ["acl", "tagging", "uploads", "policy", "x-id=PutObject", "%zz", "delete", "list-type=2", "versionId=null"]
CREDENTIALS = [lambda: credential("flows"), lambda: "", lambda: "/" * 9, lambda: "a" * 5000]
HEADERS = {
    "X-Amz-Content-Sha256": list(MODES),
    "x-amz-copy-source": [SENTINEL, "/", "lake", "%2flake%2f%2e%2e", "lake/kept/sentinel?versionId=null"],
    "x-amz-decoded-content-length": ["-1", "0", "9" * 20, "x", ""],
    "Content-Type": [*FORM_TYPE.values(), "application/xml", "application/x-www-form-urlencoded"],
    "X-Amz-Meta-Snowball-Auto-Extract": ["true"],
    "X-Minio-Extract": ["true"],
    "X-Minio-Source-Replication-Request": ["true"],
    "X-Minio-Internal-Actual-Object-Size": ["1"],
    "Authorization": [
        "",
        ",",
        "AWS4-HMAC-SHA256",
        "AWS :",
        "Bearer",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
    ],
    "Date": ["", "Thu, 01 Jan 1970 00:00:00 GMT"],
    "x-amz-date": ["", "19700101T000000Z", "99991231T235959Z"],
}


def mutation(chance: random.Random) -> Callable[[Request], Request]:
    """One small change to a request."""
    name = chance.choice(list(HEADERS))
    return chance.choice(
        [
            lambda r: replace(r, path=chance.choice(BEFORE) + r.path.lstrip("/")),
            lambda r: replace(r, path=r.path + chance.choice(BEHIND)),
            lambda r: replace(r, method=chance.choice(METHODS)),
            lambda r: replace(r, body=r.body[: chance.randrange(len(r.body) + 1)] + chance.randbytes(9)),
            lambda r: replace(r, body=b"fffffffffffffff\r\n" + r.body),
            lambda r: replace(r, query=r.query.lower()),
            lambda r: replace(r, query=f"{r.query}&{r.query}"),
            lambda r: more(r, encoded(X_Amz_Credential=chance.choice(CREDENTIALS)())),
            lambda r: more(r, encoded(AWSAccessKeyId=key("root")[0])),
            lambda r: more(r, encoded(X_Amz_Content_Sha256=chance.choice(list(MODES)))),
            lambda r: more(r, chance.choice(PARTS)),
            lambda r: more(
                r, Authorization=r.headers.get("Authorization", "") + chance.choice([",", "\xa0", "=", "x"])
            ),
            lambda r: replace(r, headers=dict(chance.sample(sorted(r.headers.items()), len(r.headers) // 2))),
            *[lambda r: more(r, **{name: chance.choice(HEADERS[name])})] * 5,
        ]
    )


def generated(wanted: dict[str, Request], count: int, seed: int) -> Iterator[Request]:
    """*count* requests, the same for a seed but for the keys and the time in them."""
    chance = random.Random(seed)
    for _ in range(count):
        request = in_mode(chance.choice(list(wanted.values())), chance.choice(list(MODES)))
        steps = [*(mutation(chance) for _ in range(chance.randrange(4))), chance.choice(list(PRETENCES.values()))]
        chance.shuffle(steps)
        for step in steps:
            request = step(request)
        yield request
