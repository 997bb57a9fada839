"""Trips in PostgreSQL: one table, one partition per month, every published row.

A month is written with COPY into a table of its own that becomes the partition in the same transaction: readers see
the old rows or the new ones, a killed writer leaves the old. Knows nothing of cleaning or models.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import adbc_driver_postgresql.dbapi as postgres
import pyarrow as pa
from adbc_driver_manager import DatabaseError as AdbcDatabaseError
from adbc_driver_manager import Error as AdbcError
from adbc_driver_postgresql import StatementOptions

from flows.trips.month import Month
from flows.trips.schema import COLUMNS, TRIP_SCHEMA

_COLUMNS = ", ".join(f"{column.name} {column.sql}" for column in COLUMNS)
_NAMES = ", ".join(column.name for column in COLUMNS)
# The lock: two first ingests at once would both find no table.
_CREATE = (
    "SELECT pg_advisory_xact_lock(hashtext('trips'))",
    f"CREATE TABLE IF NOT EXISTS trips (month text NOT NULL, {_COLUMNS}) PARTITION BY LIST (month)",
    "CREATE TABLE IF NOT EXISTS trip_months (month text PRIMARY KEY, rows bigint NOT NULL, sha256 text NOT NULL,"
    " stored_at timestamptz NOT NULL DEFAULT now())",
)
_RECORD = (
    "INSERT INTO trip_months (month, rows, sha256) VALUES ($1, $2, $3) ON CONFLICT (month) "
    "DO UPDATE SET rows = excluded.rows, sha256 = excluded.sha256, stored_at = now()"
)
_READ_BYTES = 16 << 20  # per batch: about 110 000 rows


class DatabaseError(RuntimeError):
    """PostgreSQL refused or could not be reached; the message names the server, never its password."""


@dataclass(frozen=True)
class StoredMonth:
    """A month in the database: its number of rows and the SHA-256 of the file that they came from."""

    month: Month  # part of a table's name: a kept result is held to it
    rows: int
    sha256: str


def store(database_url: str, month: str, sha256: str, trips: Iterator[pa.RecordBatch]) -> StoredMonth:
    """Replace *month* by *trips* (batches of `TRIP_SCHEMA`), all or nothing; return what is stored."""
    partition = _partition(month)
    with _cursor(database_url) as cursor:
        for statement in _CREATE:
            cursor.execute(statement)
        cursor.connection.commit()  # one connection for both: the driver takes 50 to 100 ms to make one
        cursor.execute(f"SELECT pg_advisory_xact_lock(hashtext('{partition}'))")
        # Columns are spelled out: LIKE would lock the parent, and two months at once would wait for each other.
        cursor.execute(
            f"CREATE TABLE {partition}_new "
            f"(month text NOT NULL DEFAULT '{month}' CHECK (month = '{month}'), {_COLUMNS})"
        )
        rows = _copied(cursor, f"{partition}_new", trips)
        cursor.execute(f"DROP TABLE IF EXISTS {partition}")
        cursor.execute(f"ALTER TABLE {partition}_new RENAME TO {partition}")
        cursor.execute(f"ALTER TABLE trips ATTACH PARTITION {partition} FOR VALUES IN ('{month}')")
        cursor.execute(_RECORD, (month, rows, sha256))
    return StoredMonth(month, rows, sha256)


def stored(database_url: str, month: str) -> StoredMonth | None:
    """Return the month as it is in the database now, or None."""
    with _cursor(database_url) as cursor:
        cursor.execute(
            "SELECT to_regclass('trip_months') IS NOT NULL AND to_regclass($1) IS NOT NULL",
            (_partition(month),),
        )
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT month, rows, sha256 FROM trip_months WHERE month = $1", (month,))
        row = cursor.fetchone()
        return StoredMonth(*row) if row else None


def read(database_url: str, month: str) -> Generator[pa.RecordBatch, None, None]:
    """Yield the month's rows as batches of `TRIP_SCHEMA`, in the order in which they were stored."""
    with _cursor(database_url) as cursor:
        # One process from the first page on, so that the order is the file's.
        cursor.execute("SET LOCAL synchronize_seqscans = off")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_READ_BYTES)})
        cursor.execute(f"SELECT {_NAMES} FROM {_partition(month)}")
        for batch in cursor.fetch_record_batch():
            yield pa.RecordBatch.from_arrays(batch.columns, schema=TRIP_SCHEMA)


def _partition(month: str) -> str:
    return f"trips_{month.replace('-', '_')}"


def _copied(cursor: postgres.Cursor, target: str, trips: Iterator[pa.RecordBatch]) -> int:
    """COPY *trips* into *target*; what goes wrong in *trips* itself is raised as it is, not as the driver's error."""
    schema = pa.schema([(field.name.lower(), field.type) for field in TRIP_SCHEMA])
    broken: list[BaseException] = []

    def folded() -> Iterator[pa.RecordBatch]:
        try:
            for batch in trips:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except BaseException as error:
            broken.append(error)
            raise

    try:
        return int(cursor.adbc_ingest(target, pa.RecordBatchReader.from_batches(schema, folded()), mode="append"))
    except AdbcError:
        if broken:
            raise broken[0] from None
        raise


@contextmanager
def _cursor(database_url: str) -> Iterator[postgres.Cursor]:
    """Yield a cursor in a transaction that is committed at the end, or rolled back by any error."""
    try:
        with closing(postgres.connect(database_url)) as connection, closing(connection.cursor()) as cursor:
            yield cursor
            connection.commit()
    except AdbcError as error:
        where = urlsplit(database_url)
        server = f"{where.hostname or 'local socket'}:{where.port or 5432}{where.path}"
        reason = str(error).replace(where.password, "***") if where.password else str(error)
        kind = "refused" if isinstance(error, AdbcDatabaseError) else "not reached"
        raise DatabaseError(f"PostgreSQL at {server} {kind}: {reason.strip()}. Check DATABASE_URL.") from error
