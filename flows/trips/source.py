"""Where raw months come from: a folder or a URL that holds `green_tripdata_YYYY-MM.parquet`.

A month ends as a complete file on this machine with its SHA-256 known, or as an error that says what to do.
A download is resumed where it broke off; the file gets its final name only when it is whole.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from flows.trips.schema import check_columns


@dataclass(frozen=True)
class MonthFile:
    """A raw month on this machine: *path*, *sha256* of the bytes, *rows* by the file's own footer."""

    month: str
    path: str
    sha256: str
    rows: int
    unknown_columns: list[str]


class SourceError(ValueError):
    """The month cannot be had, or its file is not a month of trips; trying again will not help."""


def file_name(month: str) -> str:
    """Return the name under which the city publishes *month*."""
    return f"green_tripdata_{month}.parquet"


def fetch(month: str, source: str, downloads: Path) -> Path:
    """Return the path of the month's file, downloading it into *downloads* when *source* is a URL.

    Raises `SourceError` when there is no such month, `httpx.HTTPError` when the network fails (worth a retry).
    """
    if not source.startswith(("http://", "https://")):
        folder = Path(unquote(urlsplit(source).path) if source.startswith("file://") else source)
        path = folder / file_name(month)
        if not path.is_file():
            if not folder.is_dir():
                raise SourceError(f"no file for month {month}: the source {source} is no folder; give one, or a URL")
            raise SourceError(
                f"no file for month {month}: the source has {_months_in(folder)}, and no {path.name}. "
                "Choose another month, or another source: a folder or URL that has the file."
            )
        return path
    path = downloads / file_name(month)
    if not path.is_file():
        downloads.mkdir(parents=True, exist_ok=True)
        _download(f"{source.rstrip('/')}/{path.name}", path)
    return path


def _months_in(folder: Path) -> str:
    """Return the months of which *folder* has a file, as a list to read."""
    names = sorted(path.stem for path in folder.glob(file_name("*")))
    return ", ".join(name.removeprefix("green_tripdata_") for name in names) or "no month at all"


def _download(url: str, path: Path) -> None:
    part = path.with_suffix(".part")
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})  # lengths are the file's
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=30) as response:
        if response.status_code in (403, 404):
            raise SourceError(f"no file for month: {url} answered {response.status_code}; is the month published yet?")
        if response.status_code == 416:  # what is there is not a beginning of this file
            part.unlink(missing_ok=True)
            raise httpx.TransportError(f"{url}: the partial file did not fit; it was deleted, try again")
        response.raise_for_status()
        resumed = response.status_code == 206
        total = int(response.headers.get("Content-Length", 0)) + (have if resumed else 0)
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(desc=path.name, total=total or None, initial=have if resumed else 0, unit="B", unit_scale=True,
                 disable=None, leave=False) as bar,
        ):  # fmt: skip
            for chunk in response.iter_raw():  # as it comes: what arrived before a cut is kept
                bar.update(file.write(chunk))
    if total and part.stat().st_size != total:
        raise httpx.TransportError(f"{url}: got {part.stat().st_size} of {total} bytes; the next try resumes")
    try:
        pq.read_metadata(part)  # a body of unknown length may have been cut, or be some other page
    except (pa.ArrowInvalid, OSError) as error:
        part.unlink()
        raise httpx.TransportError(f"{url}: what came is not a whole Parquet file; deleted, try again") from error
    part.rename(path)


def inspect(month: str, path: Path) -> MonthFile:
    """Return what is known of the month's file, or raise `SourceError` when it is no whole month of trips."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with pq.ParquetFile(path) as parquet:
            rows, names = parquet.metadata.num_rows, parquet.schema_arrow.names
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(
            f"{path.name} is not a whole Parquet file ({error}). Delete it and fetch it again; "
            "known checksums are in data/SHA256SUMS."
        ) from error
    if rows == 0:
        raise SourceError(f"{path.name} is a month without a single row: month {month} is empty; fetch it again")
    return MonthFile(month, str(path), digest, rows, check_columns(names))


def batches(file: MonthFile, batch_rows: int = 1 << 17) -> Iterator[pa.RecordBatch]:
    """Yield the raw rows in file order, at most *batch_rows* at a time (131 072: about 20 MB)."""
    try:
        with pq.ParquetFile(file.path) as parquet:
            yield from parquet.iter_batches(batch_rows)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{Path(file.path).name} is damaged ({error}). Delete it and fetch it again.") from error
