"""The package behaves as a Python package should: errors, types, threads."""

import ast
import pathlib
import threading
import time

import floodmark
import numpy as np
import pandas as pd
import polars as pl
import pytest

DAYS = [str(day)[:10] for day in pd.date_range("2023-01-01", periods=200)]


def frame(**columns):
    plain = {
        "timestamp": DAYS,
        "domain": ["rt.com"] * len(DAYS),
        "country": ["GB"] * len(DAYS),
        "visits": [1000.0 + 7 * (i * 37 % 11) for i in range(len(DAYS))],
    }
    return pl.DataFrame(plain | columns)


def test_a_defective_cell_is_named_by_row_and_column():
    bad = frame(visits=["12"] * 5 + ["abc"] + ["12"] * (len(DAYS) - 6))
    with pytest.raises(floodmark.FloodmarkError, match=r"df:6: column 'visits': found 'abc', expected a number"):
        floodmark.analyze(bad)
    assert issubclass(floodmark.FloodmarkError, ValueError)


@pytest.mark.parametrize("column, value, said", [
    ("visits", -1.0, "df:1: column 'visits': found '-1.0', expected a number that is not negative"),
    ("visits", float("inf"), "expected a finite number"),
    ("timestamp", "tomorrow", "column 'timestamp': found 'tomorrow', expected a date"),
    ("country", "Iran", "column 'country': found 'Iran', expected an ISO 3166-1 code"),
])
def test_what_is_wrong_is_said_with_the_text_of_the_command_line(column, value, said):
    with pytest.raises(floodmark.FloodmarkError) as error:
        floodmark.analyze(frame(**{column: [value] * len(DAYS)}))
    assert said in str(error.value)


@pytest.mark.parametrize("options, said", [
    ({"fdr": 2.0}, "--fdr is 2"),
    ({"baseline": "8 parsecs"}, "--baseline"),
    ({"every": "month"}, "--every"),
    ({"state": "Iran"}, "--state"),
    ({"watch": "none"}, "--watch"),
])
def test_impossible_options_are_refused_by_name(options, said):
    with pytest.raises(floodmark.FloodmarkError, match=said):
        floodmark.analyze(frame(), **options)


def test_what_is_no_option_and_no_frame_is_a_type_error():
    with pytest.raises(TypeError):
        floodmark.analyze(frame(), no_such_option=1)
    with pytest.raises(TypeError, match="expected a data frame"):
        floodmark.analyze(42)


def test_missing_is_not_zero_in_any_kind_of_column():
    values = [float(i % 5 + 100) for i in range(60)]
    gap = [*values[:30], None, *values[31:]]
    for column in [gap, pd.Series(gap), np.array(gap, dtype=float), pl.Series(gap)]:
        table = floodmark.detect(column).to_polars()
        assert (table["value"][30], table["z"][30], table["spike"][30]) == (None, None, 0)


def test_stamps_of_every_library_are_read():
    values = [float(i % 7 + 100) for i in range(90)]
    days = pd.date_range("2023-01-01", periods=90)
    kinds = [days, pd.Series(days), days.values, [str(day) for day in days], list(days.date), pl.Series(list(days.date))]
    tables = [floodmark.detect(values, stamps).to_polars().drop("timestamp") for stamps in kinds]
    assert all(table.equals(tables[0]) for table in tables)


def test_many_series_are_scored_as_each_by_itself_and_a_bad_one_is_a_row():
    values = [100.0 + (i * 37 % 11) for i in range(80)]
    keys = ["a"] * 80 + ["bad"] * 80 + ["b"] * 80
    many = floodmark.detect_many(keys, DAYS[:80] * 3, values + [float("inf")] * 80 + values[::-1]).to_polars()
    assert many.filter(pl.col("error").is_not_null())["key"].to_list() == ["bad"]
    for key, own in [("a", values), ("b", values[::-1])]:
        mine = many.filter(pl.col("key") == key).drop("key", "error")
        assert mine.equals(floodmark.detect(own, DAYS[:80]).to_polars())


def test_frames_of_outlets_and_events_serve_as_files():
    news = "News, and more"
    outlets = pl.DataFrame({"domain": ["news.example"], "outlet": [news], "state": ["IR"], "role": ["state"]})
    events = pl.DataFrame({"date": ["2023-06-01"], "name": ["War"]}).with_columns(pl.col("date").str.to_date())
    df = frame(domain=["news.example"] * len(DAYS))
    lifts = floodmark.analyze(df, domains=outlets, events=events, builtin_events=False).lifts.to_polars()
    assert set(lifts["event"]) == {"War"} and news in set(lifts["outlet"])


def test_the_interpreter_is_free_while_floodmark_computes():
    made = floodmark.simulate(states=40, references=10, countries="GB,US", periods=1095, seed=5)
    worker = threading.Thread(target=lambda: floodmark.analyze(made.traffic, watch="all", jobs=1))
    began = last = time.perf_counter()
    longest = 0.0
    worker.start()
    while worker.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    # However long it takes: nobody else had a turn for most of it only if the interpreter was held.
    assert longest < 0.5 * (last - began), (longest, last - began)


def test_a_quiet_panel_is_simulated_the_same_twice():
    one, two = (floodmark.simulate(seed=9, states=2, countries=["GB", "US"]) for _ in range(2))
    assert one.traffic.to_csv() == two.traffic.to_csv() != floodmark.simulate(seed=10).traffic.to_csv()
    assert one.traffic.columns == ["timestamp", "domain", "country", "visits"] and len(one.truth) == 0
    with pytest.raises(floodmark.FloodmarkError, match="recipe"):
        floodmark.simulate("seed = 1\nnonsense = true\n")


def test_the_sources_are_those_of_the_oldest_python_supported():
    for source in pathlib.Path(floodmark.__file__).parent.glob("*.py"):
        ast.parse(source.read_text(encoding="utf-8"), source.name, feature_version=(3, 10))
