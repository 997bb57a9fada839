"""What a flow container may know, as one file per variable in a volume that every flow container gets
read-only.

So no secret stands in the work pool, in a run's parameters, in an image or in `docker inspect`:
the image's entrypoint (infra/base/with-secrets) reads the files when the container starts.
"""

from pathlib import Path

from infra.setup.secret_files import secret

FOLDER = Path("/run/flow-secrets")


def write_flow_secrets() -> None:
    """Write the files whose content differs, each at once, so that a starting container never reads half of
    one."""
    values = {
        "DATABASE_URL": f"postgresql://trips:{secret('postgres_trips')}@postgres:5432/trips",
        "AWS_ACCESS_KEY_ID": secret("s3_flows_user"),
        "AWS_SECRET_ACCESS_KEY": secret("s3_flows"),
        "PREFECT_API_AUTH_STRING": secret("prefect_auth"),
    }
    for name, value in values.items():
        path = FOLDER / name
        if not path.exists() or path.read_text() != value:
            partial = path.with_suffix(".partial")
            partial.touch(mode=0o600)
            partial.write_text(value)
            partial.replace(path)
