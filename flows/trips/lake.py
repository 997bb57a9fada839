"""The lake: Parquet files by month, and models, at a URL (`file:///…` or `s3://…`), streamed in and out.

The one place where object keys are made. A file gets its key only when it is whole. Knows nothing of what rows mean.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

BATCH_ROWS = 1 << 17
S3_ATTEMPTS = 12  # pauses that double up to 20 s: rides out a store that is away for a minute


class LakeError(RuntimeError):
    """The lake cannot be read or written; the message names the object and the remedy."""


def trips_key(month: str) -> str:
    """Return the key of the model rows of *month*."""
    return f"trips/month={month}/rows.parquet"


def predictions_key(model: str, version: str, month: str) -> str:
    """Return the key of the predictions that *version* of *model* made for *month*."""
    return f"predictions/model={model}/version={version}/month={month}/rows.parquet"


def model_key(checksum: str) -> str:
    """Return the key of the model whose bytes have this SHA-256."""
    return f"models/{checksum}.onnx"


Notes = Callable[[], dict[str, str]]


def write(lake_url: str, key: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch], notes: Notes = dict) -> int:
    """Write *batches* under *key*, replacing what was there, all or nothing; return the number of rows.

    *notes* is called after the last batch; what it returns goes into the file's metadata.
    """
    rows = 0
    with _replacing(lake_url, key) as sink, pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
        writer.add_key_value_metadata(notes())
    return rows


def write_bytes(lake_url: str, key: str, content: bytes) -> None:
    """Write *content* under *key*, replacing what was there, all or nothing."""
    with _replacing(lake_url, key) as sink:
        sink.write(content)


def read(lake_url: str, key: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of *key* in order, at most 131 072 at a time."""
    with _opened(lake_url, key) as (lake, path):
        if lake.get_file_info(path).type != fs.FileType.File:
            raise LakeError(f"{lake_url}/{key} is not in the lake: run the flow that makes it (`ingest` or `score`)")
        with lake.open_input_file(path) as file:
            yield from pq.ParquetFile(file, pre_buffer=False).iter_batches(BATCH_ROWS, columns=columns)


def read_bytes(lake_url: str, key: str) -> bytes | None:
    """Return what is under *key*; None where there is no such object."""
    with _opened(lake_url, key) as (lake, path):
        if lake.get_file_info(path).type != fs.FileType.File:
            return None
        with lake.open_input_file(path) as file:
            return bytes(file.read())


def notes(lake_url: str, key: str) -> dict[str, str] | None:
    """Return the notes written with *key*, and its number of `rows`; None where there is no such object."""
    with _opened(lake_url, key) as (lake, path):
        if lake.get_file_info(path).type != fs.FileType.File:
            return None
        with lake.open_input_file(path) as file:
            metadata = pq.ParquetFile(file).metadata
            texts = {key.decode(): value.decode() for key, value in (metadata.metadata or {}).items()}
            return texts | {"rows": str(metadata.num_rows)}


@contextmanager
def _opened(lake_url: str, key: str) -> Iterator[tuple[fs.FileSystem, str]]:
    try:
        lake, root = _file_system(lake_url)
        yield lake, f"{root}/{key}"
    except pa.ArrowInvalid as error:
        raise LakeError(f"{lake_url}/{key} cannot be used: {error}. Make it again with --force.") from error
    except OSError as error:
        raise LakeError(f"{lake_url}/{key}: {error}. Is the lake writable, and is there room?") from error


@contextmanager
def _replacing(lake_url: str, key: str) -> Iterator[pa.NativeFile]:
    """Yield a file to write into; it gets its key when nothing went wrong, and is deleted else."""
    with _opened(lake_url, key) as (lake, path):
        part = f"{path}.part"
        lake.create_dir(path.rpartition("/")[0], recursive=True)
        try:
            with lake.open_output_stream(part) as sink:
                yield sink
            lake.move(part, path)
        except BaseException:
            _delete(lake, part)
            raise


def _file_system(lake_url: str) -> tuple[fs.FileSystem, str]:
    """The file system of *lake_url* and the lake's path in it; S3's place and keys come from AWS_* variables."""
    if lake_url.startswith("s3://"):
        retries = fs.AwsStandardS3RetryStrategy(max_attempts=S3_ATTEMPTS)
        endpoint = os.environ.get("AWS_ENDPOINT_URL")  # Arrow reads the others by itself
        return fs.S3FileSystem(endpoint_override=endpoint, retry_strategy=retries), lake_url.removeprefix("s3://")
    return fs.FileSystem.from_uri(lake_url)  # type: ignore[no-any-return]  # pyarrow has no types


def _delete(lake: fs.FileSystem, path: str) -> None:
    if lake.get_file_info(path).type == fs.FileType.File:
        lake.delete_file(path)
