"""Brings the files of a model version from the registry to this disk: only those needed, and only so many bytes."""

import hashlib
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow.artifacts
import yaml

from services.model_server.predictor import ModelError

ABOUT = "MLmodel"  # MLflow's description of a model
MOST_ABOUT_BYTES = 200_000


def fetch(uri: str, tracking_uri: str, target: Path, most_bytes: int) -> None:
    """Put MLmodel and the ONNX file of the model at *uri* into the new folder *target*, all or nothing.

    Raise ModelError when it is no ONNX model or its file has more than *most_bytes*, as listed or as it comes.
    """
    fresh = target.with_name(f".{target.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    listed = mlflow.artifacts.list_artifacts(artifact_uri=uri, tracking_uri=tracking_uri) or []
    sizes = {Path(file.path).name: file.file_size or 0 for file in listed}
    _download(uri, tracking_uri, fresh, ABOUT, sizes, MOST_ABOUT_BYTES)
    _download(uri, tracking_uri, fresh, graph(fresh).name, sizes, most_bytes)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def graph(folder: Path) -> Path:
    """The ONNX file of a logged model, as its MLmodel file says."""
    # read as the YAML it is: MLflow's own reader wants pandas, which the server's image does not have
    try:
        flavors = yaml.safe_load((folder / ABOUT).read_text())["flavors"]
        name = flavors["onnx"]["data"] if "onnx" in flavors else None
    except (yaml.YAMLError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise ModelError(f"its file {ABOUT} cannot be read: {type(error).__name__}") from error
    if name is None:
        raise ModelError("it was not logged as an ONNX model (mlflow.onnx.log_model)")
    if not isinstance(name, str) or Path(name).name != name:
        raise ModelError(f"its file {ABOUT} names no file beside it: {name!r}")
    return folder / name


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(uri: str, tracking_uri: str, folder: Path, name: str, sizes: dict[str, int], most: int) -> None:
    too_large = ModelError(f"its file {name} has more than {most:,} bytes")
    if sizes.get(name, 0) > most:
        raise too_large
    with _files_up_to(most):
        try:
            mlflow.artifacts.download_artifacts(
                artifact_uri=f"{uri}/{name}", dst_path=str(folder), tracking_uri=tracking_uri
            )
        except Exception as error:
            if any(path.stat().st_size >= most for path in folder.rglob("*") if path.is_file()):
                raise too_large from error
            raise


@contextmanager
def _files_up_to(size: int) -> Iterator[None]:
    """In the block no file of this process grows beyond *size*, whoever writes it: the kernel counts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
