"""The package gives what the command line gives, to the last digit."""

import datetime
import io
import math

import floodmark
import polars as pl
import pyarrow as pa
import pytest
from conftest import NOW, SAMPLE, TABLES, run


@pytest.fixture(scope="module")
def found(sample, total):
    return floodmark.analyze(sample, total=total, now=NOW)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_the_sample_is_that_of_the_command_line(found, expected, table):
    assert found.table(table).to_csv() == (expected / f"{table}.csv").read_text()
    assert found.tables[table].name == table


def read(column, text):
    """A cell of the CSV as the column should hold it."""
    if not text:
        return None
    if pa.types.is_timestamp(column.type):
        return datetime.datetime.fromisoformat(text)
    if pa.types.is_integer(column.type):
        return int(text)
    return float(text) if pa.types.is_floating(column.type) else text


@pytest.mark.parametrize("table", TABLES)
def test_the_columns_hold_what_a_reader_of_the_csv_finds(found, expected, table):
    frame = found.table(table).to_arrow()
    text = pl.read_csv(expected / f"{table}.csv", infer_schema=False)
    assert frame.column_names == text.columns and len(frame) == len(text) == len(found.table(table))
    for name in text.columns:
        ours = frame.column(name).to_pylist()
        theirs = [read(frame.column(name), cell) for cell in text[name]]
        if table == "series" and pa.types.is_floating(frame.column(name).type):  # all digits here, six decimals there
            assert all(a is b or math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6) for a, b in zip(ours, theirs)), name
        else:
            assert ours == theirs, name


def test_decided_period_by_period_it_tells_what_the_command_line_tells(program, sample, found, tmp_path):
    """Alerts, drops and everything that would have been told on the way."""
    run(program, "analyze", SAMPLE, "--online", "--state", "RU", "--out", tmp_path / "out", "--charts", "none", "--now", NOW)
    online = floodmark.analyze(sample, online=True, state="RU", now=NOW)
    for table in ("alerts", "drops", "transitions"):
        assert online.table(table).to_csv() == (tmp_path / "out" / f"{table}.csv").read_text(), table
    assert len(online.transitions) > len(online.alerts) > 10
    assert online.transitions.to_polars().schema["period"].is_temporal()
    assert len(found.transitions) == 0


def test_every_kind_of_frame_gives_the_same(sample, total, found):
    numbers = sample.with_columns(pl.col("timestamp").str.to_date(), pl.col("visits").cast(pl.Float64))
    words = sample.with_columns(pl.col("domain").cast(pl.Categorical))
    frames = [sample.to_arrow(), sample.to_pandas(), sample.lazy(), words, numbers, numbers.to_pandas()]
    for frame in frames:
        again = floodmark.analyze(frame, total=total, now=NOW, state="IR", country="GB").alerts.to_csv()
        assert len(again.splitlines()) > 3
        assert again == floodmark.analyze(sample, total=total, now=NOW, state="IR", country="GB").alerts.to_csv()


def test_options_are_those_of_the_command_line(program, sample, total, tmp_path):
    options = {"state": "IR,RU", "country": ["GB", "US"], "by": "domain", "baseline": "6w", "fdr": 0.01, "seed": 7,
               "interval": 0.8, "from_": "2023-09-01", "to": "2023-11-30", "min_visits": 100.0}
    flags = []
    for name, value in options.items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        flags += ["--" + name.strip("_").replace("_", "-"), text]
    out = tmp_path / "out"
    run(program, "analyze", SAMPLE, "--out", out, "--charts", "none", "--now", NOW, *flags)
    found = floodmark.analyze(sample, total=total, now=NOW, **options)
    for table in set(TABLES) - {"series"}:
        assert found.table(table).to_csv() == (out / f"{table}.csv").read_text(), table


@pytest.fixture(scope="module")
def one(sample):
    rows = sample.filter((pl.col("domain") == "presstv.ir") & (pl.col("country") == "GB")).sort("timestamp")
    return rows.with_columns(pl.col("visits").cast(pl.Float64))


@pytest.mark.parametrize("output", ["points", "changepoints"])
@pytest.mark.parametrize("season, online", [("auto", False), ("auto", True), ((7, 28), False), ("none", False)])
def test_detect_is_that_of_the_command_line(program, one, output, season, online):
    words = ["--online"] if online else []
    words += ["--season", season if isinstance(season, str) else ",".join(map(str, season))]
    rows = one[["timestamp", "visits"]]
    text = run(program, "detect", "--quiet", "--output", output, *words, input=rows.write_csv())
    table = floodmark.detect(rows["visits"], rows["timestamp"], output=output, season=season, online=online)
    assert table.to_csv() == text
    frame = pl.read_csv(io.StringIO(text))
    assert table.columns == frame.columns
    for name in {"value", "expected", "score", "segment_mean", "before", "p_value"} & set(frame.columns):
        assert table.to_polars()[name].to_list() == frame[name].to_list(), name


def test_simulate_is_that_of_the_command_line(program, tmp_path):
    out = tmp_path / "sim"
    run(program, "simulate", SAMPLE / "recipe.toml", "--seed", "3", "--out", out)
    made = floodmark.simulate(SAMPLE / "recipe.toml", seed=3)
    assert made.truth.to_csv() == (out / "_truth.csv").read_text()
    assert made.total.to_csv() == (out / "total.csv").read_text()
    rows = [line for file in out.glob("traffic-*.csv") for line in file.read_text().splitlines()[1:]]
    assert sorted(made.traffic.to_csv().splitlines()[1:]) == sorted(rows)


def test_lift_is_that_of_the_command_line(program, one, tmp_path):
    table = floodmark.lift(one["visits"], one["timestamp"], "2023-10-07").to_polars()
    assert table["window"].to_list() == ["peak", "week1", "week4", "month1"]
    (tmp_path / "one.csv").write_text(one.select("timestamp", "domain", "visits").write_csv())
    (tmp_path / "events.csv").write_text("date,name\n2023-10-07,event\n")
    run(program, "analyze", tmp_path / "one.csv", "--events", tmp_path / "events.csv", "--no-builtin-events",
        "--charts", "none", "--out", tmp_path / "out", "--now", NOW)
    lifts = pl.read_csv(tmp_path / "out" / "lifts.csv").filter(pl.col("outlet").is_not_null())
    for name in ("observed", "expected", "lift_pct", "low_pct", "high_pct", "p_value"):
        assert table[name].to_list() == lifts[name].to_list(), name
