"""Buckets, and one S3 user each for flows and for MLflow that can read and write their buckets and nothing
else; the model server's user can put objects under one prefix, and read, list or delete nothing.

A user's access key is a secret too, and a new one means a new user. Users are made only when one cannot do what it
must: MinIO's user calls cost it 200 MiB each time it starts them. Then all others are removed, so that no former key
opens anything.
"""

import io
import json
import logging
from collections.abc import Callable
from functools import partial

from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider  # type: ignore[attr-defined]  # exported in fact
from minio.error import MinioAdminException, S3Error

from infra.setup.secret_files import secret

ENDPOINT, REGION = "s3:9000", "us-east-1"
BUCKETS_OF = {"flows": ["lake", "prefect-results"], "mlflow": ["mlflow"]}
LOG_BUCKET, LOG_PREFIX = "lake", "prediction-log"  # where the model server logs

log = logging.getLogger("setup")


def make_buckets() -> None:
    """Make every bucket that is missing, then every user that cannot use what is its own."""
    root = _client("root")
    for bucket in (bucket for buckets in BUCKETS_OF.values() for bucket in buckets):
        if not root.bucket_exists(bucket):
            root.make_bucket(bucket)
            log.info("event=made bucket=%s", bucket)
    policies = {user: _read_and_write(buckets) for user, buckets in BUCKETS_OF.items()} | {"model_server": put_only()}
    tries = {user: partial(_list, buckets) for user, buckets in BUCKETS_OF.items()} | {"model_server": _put}
    if missing := [user for user, needed in tries.items() if not _can(user, needed)]:
        admin = MinioAdmin(endpoint=ENDPOINT, credentials=StaticProvider(*_key("root")), secure=False)
        _remove_users(admin, keep={_key(user)[0] for user in policies})
        for user in missing:
            _make_user(admin, user, policies[user])


def _key(user: str) -> tuple[str, str]:
    return secret(f"s3_{user}_user"), secret(f"s3_{user}")


def _client(user: str) -> Minio:
    return Minio(ENDPOINT, *_key(user), secure=False, region=REGION)


def _can(user: str, needed: Callable[[Minio], object]) -> bool:
    try:
        needed(_client(user))
    except S3Error:
        return False
    return True


def _remove_users(admin: MinioAdmin, *, keep: set[str]) -> None:
    """Remove every user but those to keep; what a user made, such as keys derived from its own, goes with it."""
    former = set(json.loads(admin.user_list())) - keep
    for access_key in former:
        admin.user_remove(access_key)
    if former:
        log.info("event=removed s3_users=%d", len(former))


def _make_user(admin: MinioAdmin, user: str, policy: dict[str, object]) -> None:
    """Make *user* with *policy*, or give it its password."""
    access_key, secret_key = _key(user)
    admin.policy_add(user, policy=policy)
    admin.user_add(access_key, secret_key)
    try:
        admin.attach_policy([user], user=access_key)
    except MinioAdminException as error:
        if "AlreadyApplied" not in str(error):
            raise
    log.info("event=made s3_user=%s", user)


def _list(buckets: list[str], client: Minio) -> None:
    for bucket in buckets:
        next(iter(client.list_objects(bucket)), None)


def _put(client: Minio) -> None:
    # readers of a folder of Parquet files leave out what begins with _
    client.put_object(LOG_BUCKET, f"{LOG_PREFIX}/_writable", io.BytesIO(b""), 0)


def put_only() -> dict[str, object]:
    """The policy of the model server: its key, wherever it gets to, shows nothing of the lake."""
    own = [f"arn:aws:s3:::{LOG_BUCKET}/{LOG_PREFIX}/*"]
    return _policy((["s3:PutObject", "s3:AbortMultipartUpload"], own))


def _read_and_write(buckets: list[str]) -> dict[str, object]:
    on_buckets = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    on_objects = [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ]
    names = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
    return _policy((on_buckets, names), (on_objects, [f"{name}/*" for name in names]))


def _policy(*allowed: tuple[list[str], list[str]]) -> dict[str, object]:
    statements = [{"Effect": "Allow", "Action": actions, "Resource": names} for actions, names in allowed]
    return {"Version": "2012-10-17", "Statement": statements}
