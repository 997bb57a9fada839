"""A month into PostgreSQL: ours from the raw file on, `DataFrame.to_sql` from a ready frame, COPY of a ready CSV.

Ours is the whole path: checksum, footer, types, a table that takes the old one's place. The other two start from
what has been read and typed for them, on the same server; each makes its table anew.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import pandas as pd
import psycopg2
import pyarrow as pa
import pyarrow.csv
import sqlalchemy

from flows.trips import source, table
from flows.trips.schema import COLUMNS, TRIP_SCHEMA, typed
from tests.bench.database import postgres
from tests.bench.measuring import DATA, TRAIN, in_turns, ratio, seconds

AIMS = {"ratio_to_sql": (">=", 20), "ratio_to_copy": ("<=", 1.5)}
ROUNDS = 5
_COLUMNS = ", ".join(f"{column.name} {column.sql}" for column in COLUMNS)


def ours(url: str) -> None:
    """The path of the `ingest` flow, file to table."""
    file = source.inspect(TRAIN, DATA / source.file_name(TRAIN))
    table.store(url, TRAIN, file.sha256, map(typed, source.batches(file)))


def copied(url: str, csv: Path) -> None:
    """COPY of a ready CSV into the same columns, as psql would."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor, csv.open() as lines:
        cursor.execute(f"DROP TABLE IF EXISTS copied; CREATE TABLE copied ({_COLUMNS})")
        cursor.copy_expert("COPY copied FROM STDIN (FORMAT csv)", lines)


def write_csv(csv: Path) -> int:
    """Write the typed month and return its rows; nulls are empty."""
    file = source.inspect(TRAIN, DATA / source.file_name(TRAIN))
    month = pa.Table.from_batches(map(typed, source.batches(file)), TRIP_SCHEMA)
    pa.csv.write_csv(month, csv, pa.csv.WriteOptions(include_header=False, quoting_style="none"))
    return month.num_rows


def run(rounds: str = str(ROUNDS)) -> dict[str, float]:
    """Measure *rounds* turns of each."""
    with postgres() as (folder, url):
        csv, frame = folder / "month.csv", pd.read_parquet(DATA / source.file_name(TRAIN))
        rows = write_csv(csv)
        engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg2:", 1))
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: ours(url),
            "copy": lambda: copied(url, csv),
            "to_sql": lambda: frame.to_sql("framed", engine, if_exists="replace", index=False),
            "read_ours": lambda: [batch.num_rows for batch in table.read(url, TRAIN)],
            "read_sql": lambda: pd.read_sql(f"SELECT * FROM trips WHERE month = '{TRAIN}'", engine),
        }
        turns = in_turns({name: lambda way=way: seconds(way) for name, way in ways.items()}, int(rounds))
        engine.dispose()
    return {
        "rows": rows,
        "ratio_to_sql": ratio(turns["to_sql"], turns["ours"]),
        "ratio_to_copy": ratio(turns["ours"], turns["copy"]),
        "read_ratio_to_sql": ratio(turns["read_sql"], turns["read_ours"]),
        **{f"{name}_seconds": median(taken) for name, taken in turns.items()},
    }
