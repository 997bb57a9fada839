"""Buckets, and one S3 user each for flows and for MLflow that can read and write their buckets and nothing
else.

Users are made or given their password only when they cannot log in: MinIO's user calls cost it 200 MiB each
time it starts them.
"""

import logging

from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider  # type: ignore[attr-defined]  # exported in fact
from minio.error import MinioAdminException, S3Error

from infra.setup.secret_files import secret

ENDPOINT = "s3:9000"
BUCKETS_OF = {"flows": ["lake", "prefect-results"], "mlflow": ["mlflow"]}

log = logging.getLogger("setup")


def make_buckets() -> None:
    """Make every bucket that is missing, then every user that cannot list its buckets."""
    root = Minio(ENDPOINT, "root", secret("s3_root"), secure=False)
    for bucket in (bucket for buckets in BUCKETS_OF.values() for bucket in buckets):
        if not root.bucket_exists(bucket):
            root.make_bucket(bucket)
            log.info("event=made bucket=%s", bucket)
    for user, buckets in BUCKETS_OF.items():
        if not _can_list(user, buckets):
            _make_user(user, buckets)
            log.info("event=made s3_user=%s buckets=%s", user, ",".join(buckets))


def _can_list(user: str, buckets: list[str]) -> bool:
    client = Minio(ENDPOINT, user, secret(f"s3_{user}"), secure=False)
    try:
        for bucket in buckets:
            next(iter(client.list_objects(bucket)), None)
    except S3Error:
        return False
    return True


def _make_user(user: str, buckets: list[str]) -> None:
    admin = MinioAdmin(endpoint=ENDPOINT, credentials=StaticProvider("root", secret("s3_root")), secure=False)
    admin.policy_add(user, policy=_policy(buckets))
    admin.user_add(user, secret(f"s3_{user}"))
    try:
        admin.attach_policy([user], user=user)
    except MinioAdminException as error:
        if "AlreadyApplied" not in str(error):
            raise


def _policy(buckets: list[str]) -> dict[str, object]:
    on_buckets = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    on_objects = [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": on_buckets,
                "Resource": [f"arn:aws:s3:::{bucket}" for bucket in buckets],
            },
            {
                "Effect": "Allow",
                "Action": on_objects,
                "Resource": [f"arn:aws:s3:::{bucket}/*" for bucket in buckets],
            },
        ],
    }
