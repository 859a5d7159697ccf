"""floodmark on a cluster: Apache Spark reduces the rows and scores the series, one call returns the tables.

>>> import floodmark.spark
>>> found = floodmark.spark.analyze(df)          # a Spark data frame: timestamp, domain, country, visits
>>> found.alerts.to_pandas()

1. Plain Spark SQL adds rows up to one a domain, country and period; hosts are folded to domains by the wheel.
2. Families of outlets (those that share a domain) are scored wherever they are:
   ``repartition + sortWithinPartitions + mapInArrow``.
3. The driver joins the scored parts: false-discovery control, lifts, index, groups.

The tables are those of the command line, to the last digit. A series in which something is wrong is a row of
``found.errors``; the others go on. floodmark must be installed where the workers run; see docs/spark.md.

As a job: ``spark-submit floodmark/spark.py traffic.parquet --out report``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import floodmark
from floodmark import Analysis, _floodmark

__all__ = ["analyze", "detect_many"]

#: Stamps of single requests are cut to these many seconds before rows are added up: no period begins between.
_CUT = {"hour": 900, "day": 3_600, "week": 3_600}

_PART = "part binary, errors string, skipped string"


def analyze(
    df: DataFrame,
    total: Any = None,
    domains: Any = None,
    events: Any = None,
    *,
    builtin_events: bool = True,
    partitions: int | None = None,
    **options: Any,
) -> Analysis:
    """Analyses a long table of traffic that lies in Spark.

    Args:
        df: timestamp, domain (or host, URL), country (may be missing), visits. Rows of single requests are added up:
            give them a column of ones and ``every``.
        total: Denominators: a Spark data frame or any other; timestamp, country (may be missing), visits.
        domains, events, builtin_events: As in :func:`floodmark.analyze`.
        partitions: Number of tasks that score; ``spark.sql.shuffle.partitions`` if not said.
        **options: Those of :func:`floodmark.analyze` but ``online``.

    Returns:
        The same tables, and in ``errors`` the series that were left out because something is wrong in them.

    Raises:
        FloodmarkError: an option is impossible, a column is missing, or nothing is left to watch.
        TypeError: there is no such option.
    """
    unknown = set(options) - set(floodmark._DEFAULTS)
    if unknown:
        raise TypeError(f"no option {', '.join(sorted(unknown))}; known: {', '.join(floodmark._DEFAULTS)}")
    given = {**floodmark._DEFAULTS, **options}
    if given["online"]:
        raise floodmark.FloodmarkError("online: not in Spark, where each series is scored by itself; floodmark.analyze has it")
    texts, native = floodmark._texts(domains, "domains"), floodmark._options(**given)
    worker = _floodmark.Worker(texts, native)
    columns = worker.recognise(df.columns)
    kind = _kind(df, columns)
    rows = _folded(_reduced(df, columns, given), texts, native).persist()
    try:
        layout, cut_short, notes = worker.layout(_stamps(rows))
        parts, errors, skipped = _scored(rows, texts, native, layout, kind, partitions, worker)
        totals, is_given = _totals(rows, total, kind)
    finally:
        rows.unpersist()
    joined = worker.join(
        layout, cut_short, notes, parts, skipped, totals, is_given, floodmark._texts(events, "events"), builtin_events
    )
    return Analysis(joined, _floodmark.errors_table(errors))


def _kind(df: DataFrame, columns: dict[str, str | None]) -> str:
    """What the numbers are: by a column of the table, or by the name of the value column."""
    if columns["kinds"] is not None:
        kinds = [row[0] for row in df.select(F.col(f"`{columns['kinds']}`")).distinct().take(9)]
        if len(kinds) > 1:
            raise floodmark.FloodmarkError(f"df: column '{columns['kinds']}': found {sorted(map(str, kinds))}, expected one kind")
        if kinds and kinds[0] in ("count", "share", "scaled", "rank", "rounded"):
            return str(kinds[0])
    return str(columns["kind"])


def _reduced(df: DataFrame, columns: dict[str, str | None], options: dict[str, Any]) -> DataFrame:
    """One row a time, host, country and kind of value as written: plain Spark SQL."""
    time, domain, country, value = (columns[name] or "" for name in ("time", "domain", "country", "value"))
    stamp = F.col(f"`{time}`")
    if dict(df.dtypes)[time] == "timestamp" and options["every"] in _CUT:
        step = 900 if options["time_zone"] else _CUT[options["every"]]
        stamp = F.timestamp_seconds(F.floor(F.unix_seconds(stamp) / step) * step)
    keys = [stamp.alias("timestamp"), F.col(f"`{domain}`").cast("string").alias("domain")]
    if country:
        keys.append(F.col(f"`{country}`").cast("string").alias("country"))
    cell = F.col(f"`{value}`")
    number = F.expr(f"try_cast(`{value}` as double)")
    plain = (number >= 0) & (number <= sys.float_info.max)
    written = cell.cast("string")
    if columns["below"] is not None:
        written = F.coalesce(written, F.concat(F.lit("<"), F.col(f"`{columns['below']}`").cast("string")))
    odd = F.when(plain, F.lit(None)).otherwise(F.coalesce(written, F.lit("")))
    return (
        df.select(*keys, F.col(f"`{time}`").alias("exact"), number.alias("number"), odd.alias("odd"))
        .groupBy(*[F.col(name) for name in ("timestamp", "domain", "country") if name != "country" or country], "odd")
        .agg(
            F.sum("number").alias("visits"),
            F.count(F.lit(1)).alias("rows"),
            F.min("exact").alias("first"),
            F.max("exact").alias("last"),
        )
    )


def _folded(rows: DataFrame, domains: list[tuple[str, str]], options: dict[str, Any]) -> DataFrame:
    """With the family of each host, or the reason why it is left out."""

    def fold(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        worker = _floodmark.Worker(domains, options)
        for batch in batches:
            folded = worker.fold(batch.column("domain")).to_arrow().combine_chunks()
            columns = [*batch.columns, *(_whole(folded.column(name)) for name in ("family", "reason"))]
            yield pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names, "family", "reason"])

    schema = ", ".join(f"`{name}` {kind}" for name, kind in rows.dtypes)
    return rows.mapInArrow(fold, f"{schema}, family string, reason string")


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _stamps(rows: DataFrame) -> pa.Table:
    """The distinct stamps, and the exact first and last one: what the grid is laid over."""
    hosts = rows.where(F.col("reason").isNull() | (F.col("reason") != "not a host name"))
    ends = hosts.agg(F.min("first").alias("first"), F.max("last").alias("last"))
    stamps = hosts.select("timestamp").union(ends.select("first")).union(ends.select("last")).distinct()
    table = _arrow(stamps.where(F.col("timestamp").isNotNull()))
    if table.num_rows == 0:
        raise floodmark.FloodmarkError("df: the table has no rows")
    return table.append_column("visits", pa.array([1] * table.num_rows, pa.int64()))


def _arrow(df: Any) -> pa.Table:
    """A small data frame on the driver."""
    if hasattr(df, "toArrow"):
        return df.toArrow()
    return pa.Table.from_batches(df._collect_as_arrow())


def _scored(
    rows: DataFrame,
    domains: list[tuple[str, str]],
    options: dict[str, Any],
    layout: list[int],
    kind: str,
    partitions: int | None,
    worker: Any,
) -> tuple[list[bytes], list[tuple[str, str]], dict[str, int]]:
    """The scored parts, series in error, rows left out by reason."""
    kept = rows.where(F.col("family").isNotNull())
    keys = [name for name in ("family", "domain", "country", "timestamp") if name in rows.columns]
    spread = kept.repartition(partitions, "family") if partitions else kept.repartition("family")
    spread = spread.sortWithinPartitions(*keys)
    several = False
    if "country" in rows.columns:
        countries = kept.select(F.upper(F.trim("country")).alias("country")).where("country <> ''").distinct()
        several = len(countries.take(2)) > 1
    while True:
        found = spread.mapInArrow(_score(domains, options, layout, kind, several), _PART).collect()
        parts = [bytes(row.part) for row in found]
        # That there are several countries was a guess by their names; what was loaded knows better.
        if worker.several_countries(parts) == several:
            break
        several = not several
    errors: list[tuple[str, str]] = []
    skipped: dict[str, int] = {}
    for row in found:
        errors += [(series, error) for series, error in json.loads(row.errors)]
        for reason, count in json.loads(row.skipped).items():
            skipped[reason] = skipped.get(reason, 0) + count
    for row in rows.where(F.col("family").isNull()).groupBy("reason").agg(F.sum("rows").alias("n")).collect():
        skipped[row.reason] = skipped.get(row.reason, 0) + row.n
    return parts, sorted(errors), skipped


def _score(
    domains: list[tuple[str, str]], options: dict[str, Any], layout: list[int], kind: str, several: bool
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        worker = _floodmark.Worker(domains, options)
        for rows in _families(batches):
            part, errors, skipped = worker.part(layout, kind, several, rows)
            row = [[part], [json.dumps(errors)], [json.dumps(skipped)]]
            yield pa.RecordBatch.from_arrays(
                [pa.array(row[0], pa.binary()), pa.array(row[1]), pa.array(row[2])], ["part", "errors", "skipped"]
            )

    return score


def _families(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Whole families: batches end anywhere, so the last family of one waits for the next."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows == 0:
            continue
        family = batch.column(batch.schema.get_field_index("family"))
        begin = pc.index(family, family[-1]).as_py()
        if begin > 0 or (waiting and waiting[-1].column("family")[-1] != family[0]):
            yield pa.Table.from_batches([*waiting, batch.slice(0, begin)])
            waiting = []
        waiting.append(batch.slice(begin))
    if waiting:
        yield pa.Table.from_batches(waiting)


def _totals(rows: DataFrame, total: Any, kind: str) -> tuple[Any, bool]:
    """Denominators, and whether the user gave them."""
    if isinstance(total, DataFrame):
        return _arrow(total), True
    if total is not None:
        return floodmark._frame(total), True
    if kind not in ("count", "rounded", "share"):
        return None, False
    hosts = rows.where(F.col("reason").isNull() | (F.col("reason") != "not a host name"))
    keys = [name for name in ("timestamp", "country") if name in rows.columns]
    sums = hosts.groupBy(*keys).agg(F.coalesce(F.sum("visits"), F.lit(0.0)).alias("visits"))
    return _arrow(sums.where(F.col("timestamp").isNotNull())), False


def detect_many(
    df: DataFrame,
    key: str = "key",
    timestamp: str = "timestamp",
    value: str = "value",
    *,
    online: bool = False,
    season: Any = "auto",
    interval: float = 0.9,
    partitions: int | None = None,
) -> DataFrame:
    """Scores many plain series: the columns of :func:`floodmark.detect_many`, one row a row of ``df``.

    Args:
        df: One row a series and moment.
        key, timestamp, value: Names of its columns.
        online, season, interval: As in :func:`floodmark.detect`.
        partitions: Number of tasks.

    Returns:
        A Spark data frame, sorted by key and time within partitions. A series in which something is wrong is one row
        with its ``error``.
    """

    def points(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in _families(batches):
            columns = [rows.column(name) for name in ("family", "timestamp", "value")]
            found = floodmark.detect_many(*columns, online=online, season=season, interval=interval)
            yield from found.to_arrow().to_batches()

    names = [F.col(f"`{name}`") for name in (key, timestamp, value)]
    rows = df.select(names[0].cast("string").alias("family"), names[1].alias("timestamp"), names[2].alias("value"))
    rows = rows.repartition(partitions, "family") if partitions else rows.repartition("family")
    return rows.sortWithinPartitions("family", "timestamp").mapInArrow(
        points,
        "key string, index bigint, timestamp string, value double, expected double, lower double, upper double, "
        "z double, score double, spike bigint, changepoint bigint, segment_mean double, error string",
    )


def main(arguments: list[str] | None = None) -> int:
    """The job of ``spark-submit``: reads tables, writes ``alerts.csv`` and the others into a folder."""
    import argparse

    parser = argparse.ArgumentParser(prog="floodmark/spark.py", description=main.__doc__)
    parser.add_argument("input", nargs="+", help="files or folders that Spark can read")
    parser.add_argument("--format", default=None, help="csv, parquet, json, ...; by the ending if not said")
    parser.add_argument("--total", help="file of denominators")
    parser.add_argument("--domains", action="append", help="file that adds to the registry")
    parser.add_argument("--events", action="append", help="file that adds to the calendar")
    parser.add_argument("--no-builtin-events", action="store_true", help="without the calendar that ships with floodmark")
    parser.add_argument("--out", default="floodmark-out", help="folder for the tables")
    parser.add_argument("--series", choices=["csv", "none"], default="csv", help="whether series.csv, the largest, is written")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="an option of floodmark.analyze"
    )
    given = parser.parse_args(arguments)
    spark = SparkSession.builder.appName("floodmark").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    options = dict(option.split("=", 1) for option in given.option)
    try:
        typed: dict[str, Any] = {
            name: type(floodmark._DEFAULTS[name])(value) if isinstance(floodmark._DEFAULTS.get(name), (int, float))
            else value
            for name, value in options.items()
        }
        total = _read(spark, [given.total], given.format) if given.total else None
        traffic, builtin = _read(spark, given.input, given.format), not given.no_builtin_events
        found = analyze(traffic, total, given.domains, given.events, builtin_events=builtin, **typed)
    except (floodmark.FloodmarkError, TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    os.makedirs(given.out, exist_ok=True)
    wanted = [name for name in _floodmark.TABLES if name != "series" or given.series == "csv"]
    tables = {**{name: found.table(name) for name in wanted}, "errors": found.errors}
    for name, table in tables.items():
        if table is not None:
            path = os.path.join(given.out, f"{name}.csv")
            with open(f"{path}.part", "w", encoding="utf-8", newline="") as file:
                file.write(table.to_csv())
            os.replace(f"{path}.part", path)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{found!r}: {given.out}", file=sys.stderr)
    return 0


def _read(spark: SparkSession, paths: list[str], form: str | None) -> DataFrame:
    ending = form or os.path.basename(paths[0].rstrip("/")).split(".")[-1]
    known = {"csv": "csv", "gz": "csv", "parquet": "parquet", "json": "json", "ndjson": "json", "jsonl": "json"}
    reader = spark.read.option("header", "true") if known.get(ending, "csv") == "csv" else spark.read
    return reader.format(known.get(ending, ending)).load(paths)


if __name__ == "__main__":
    sys.exit(main())
