"""Buckets, and one S3 user each for flows and for MLflow that can read and write their buckets and nothing
else; the model server's user can put objects under one prefix, and read, list or delete nothing.

Users are made or given their password only when they cannot do what they must: MinIO's user calls cost it
200 MiB each time it starts them.
"""

import io
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
    root = Minio(ENDPOINT, "root", secret("s3_root"), secure=False)
    for bucket in (bucket for buckets in BUCKETS_OF.values() for bucket in buckets):
        if not root.bucket_exists(bucket):
            root.make_bucket(bucket)
            log.info("event=made bucket=%s", bucket)
    for user, buckets in BUCKETS_OF.items():
        _make_user(user, _read_and_write(buckets), partial(_list, buckets))
    _make_user("model_server", put_only(), _put)


def _make_user(user: str, policy: dict[str, object], needed: Callable[[Minio], object]) -> None:
    """Make *user* with *policy* unless it can do what is *needed*."""
    try:
        needed(Minio(ENDPOINT, user, secret(f"s3_{user}"), secure=False, region=REGION))
    except S3Error:
        admin = MinioAdmin(endpoint=ENDPOINT, credentials=StaticProvider("root", secret("s3_root")), secure=False)
        admin.policy_add(user, policy=policy)
        admin.user_add(user, secret(f"s3_{user}"))
        try:
            admin.attach_policy([user], user=user)
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
