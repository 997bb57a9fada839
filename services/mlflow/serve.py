"""Starts MLflow's tracking server in one process.

`mlflow server` keeps its own process, with all of MLflow imported, beside the one that serves: 170 MiB for
nothing. This file sets what that command hands to its child (names in mlflow/server/constants.py, pinned with
MLflow) and serves itself. An older database schema is migrated first; an empty database is filled.
"""

import os
import subprocess

DATABASE = os.environ["DATABASE_URI"]
ARTIFACTS = os.environ["ARTIFACTS_DESTINATION"]
os.environ |= {
    "_MLFLOW_SERVER_FILE_STORE": DATABASE,
    "_MLFLOW_SERVER_REGISTRY_STORE": DATABASE,
    "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
    "_MLFLOW_SERVER_ARTIFACT_DESTINATION": ARTIFACTS,
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    "_MLFLOW_SGI_NAME": "uvicorn",
    "MLFLOW_ENABLE_WORKSPACES": "false",
}

import uvicorn  # noqa: E402 - MLflow reads the environment when it is imported
from mlflow.exceptions import MlflowException  # noqa: E402 - as above
from mlflow.server import handlers  # noqa: E402 - as above
from mlflow.server.handlers import initialize_backend_stores  # noqa: E402 - as above

# MLflow hands out signed S3 addresses to whoever downloads; they name this network's S3, which the model server and a
# notebook on the host do not reach. Artifacts go through this server instead, in both directions.
for mixin in ("MultipartDownloadMixin", "MultipartUploadMixin"):
    setattr(handlers, mixin, type(mixin, (), {}))


def open_database() -> None:
    """Open the database; when its schema is from an older MLflow, migrate it and open it again."""
    try:
        initialize_backend_stores(DATABASE, DATABASE, "mlflow-artifacts:/")
    except MlflowException as error:
        if "out-of-date" not in str(error):
            raise
        subprocess.run(["mlflow", "db", "upgrade", DATABASE], check=True)
        initialize_backend_stores(DATABASE, DATABASE, "mlflow-artifacts:/")


if __name__ == "__main__":
    open_database()
    uvicorn.run("mlflow.server.fastapi_app:app", host="0.0.0.0", port=5001, log_level="warning")
