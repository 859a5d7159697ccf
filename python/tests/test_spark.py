"""Spark gives the tables of the command line, in two threads; a defective series is one row."""

import os
import subprocess
import sys

import floodmark
import polars as pl
import pytest
from conftest import NOW, SAMPLE, TABLES

pytest.importorskip("pyspark")
import floodmark.spark
from pyspark.sql import functions as F
from sessions import sample_in, session

@pytest.fixture(scope="module")
def spark():
    spark = session("local[2]")
    yield spark
    spark.stop()


def test_every_table_of_the_sample_is_that_of_the_command_line(spark, expected):
    traffic, total = sample_in(spark)
    found = floodmark.spark.analyze(traffic, total, now=NOW)
    for table in TABLES:
        assert found.table(table).to_csv() == (expected / f"{table}.csv").read_text(), table
    assert len(found.errors) == 0


@pytest.mark.parametrize("options", [
    {"watch": "all", "country": "GB,US", "every": "week"},
    {"by": "domain", "state": "RU", "to": "2023-11-15", "baseline": "5w"},
    {"time_zone": "Asia/Tehran", "every": "day"},
])
def test_options_and_no_total_are_as_on_one_machine(spark, sample, options):
    traffic, _ = sample_in(spark)
    found = floodmark.spark.analyze(traffic, now=NOW, partitions=3, **options)
    alone = floodmark.analyze(sample, now=NOW, **options)
    for table in TABLES:
        assert found.table(table).to_csv() == alone.table(table).to_csv(), table
    assert found.skipped == alone.skipped and found.counts == alone.counts


def test_rows_of_single_requests_are_added_up(spark):
    """Requests by the second, hosts as they come, a first and a last day that are not whole."""
    made = floodmark.simulate(seed=4, periods=100, states=2, references=1).traffic.to_polars()
    moments = made.with_columns(
        pl.col("timestamp") + pl.duration(seconds=pl.int_range(pl.len()) * 7919 % 86_400),
        domain="https://www." + pl.col("domain") + "/page",
    ).sort("timestamp")[5:-5]
    rows = spark.createDataFrame(moments.with_columns(pl.col("timestamp").dt.replace_time_zone("UTC")).to_pandas())
    options = {"watch": "all", "every": "day", "now": NOW}
    found, alone = floodmark.spark.analyze(rows, **options), floodmark.analyze(moments, **options)
    assert len(alone.series) > 90
    for table in TABLES:
        assert found.table(table).to_csv() == alone.table(table).to_csv(), table


def test_a_defective_series_is_a_row_of_errors(spark, sample):
    traffic, total = sample_in(spark)
    bad = (F.col("domain") == "presstv.ir") & (F.col("country") == "GB")
    broken = traffic.withColumn("visits", F.when(bad & (F.col("timestamp") == "2023-09-05"), "n/a").otherwise(F.col("visits")))
    found = floodmark.spark.analyze(broken, total, now=NOW)
    (error,) = found.errors.to_polars().to_dicts()
    assert error["series"] == "presstv.ir, GB"
    assert "column 'visits': found 'n/a', expected a number" in error["error"]
    rest = sample.filter(~((pl.col("domain") == "presstv.ir") & (pl.col("country") == "GB")))
    alone = floodmark.analyze(rest, total=pl.read_csv(SAMPLE / "total.csv"), now=NOW)
    assert found.alerts.to_csv() == alone.alerts.to_csv() and len(alone.alerts) > 100


def test_impossible_options_are_refused_before_anything_runs(spark):
    traffic, _ = sample_in(spark)
    with pytest.raises(TypeError, match="no option baselines"):
        floodmark.spark.analyze(traffic, baselines="8w")
    with pytest.raises(floodmark.FloodmarkError, match="--fdr is 2"):
        floodmark.spark.analyze(traffic, fdr=2.0)
    with pytest.raises(floodmark.FloodmarkError, match="online: not in Spark"):
        floodmark.spark.analyze(traffic, online=True)
    with pytest.raises(floodmark.FloodmarkError, match="no time column"):
        floodmark.spark.analyze(traffic.drop("timestamp"))


def test_plain_series_are_scored_as_each_by_itself(spark, sample):
    few = sample.filter((pl.col("country") == "GB") & pl.col("domain").is_in(["rt.com", "bbc.co.uk"]))
    few = few.select(key="domain", timestamp="timestamp", value=pl.col("visits").cast(pl.Float64))
    found = pl.from_pandas(floodmark.spark.detect_many(spark.createDataFrame(few.to_pandas())).toPandas())
    for (key,), rows in few.group_by("key"):
        rows = rows.sort("timestamp")
        alone = floodmark.detect(rows["value"], rows["timestamp"]).to_polars()
        assert found.filter(pl.col("key") == key).drop("key", "error").equals(alone), key


def test_the_script_writes_the_tables(expected, tmp_path):
    script = floodmark.spark.__file__
    out = tmp_path / "out"
    words = [str(SAMPLE / "traffic-*.csv"), "--total", str(SAMPLE / "total.csv"), "--out", str(out), "--option", f"now={NOW}"]
    submit = os.path.join(os.path.dirname(sys.executable), "spark-submit")
    done = subprocess.run([submit, "--master", "local[2]", script, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    for table in TABLES:
        assert (out / f"{table}.csv").read_bytes() == (expected / f"{table}.csv").read_bytes(), table
