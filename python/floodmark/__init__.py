"""Find, measure and explain surges of traffic to state-affiliated news domains.

>>> import floodmark
>>> found = floodmark.analyze(df)            # timestamp, domain, country, visits
>>> found.alerts.to_pandas()

Data frames go in and come out through the Arrow PyCapsule interface: polars, pandas, pyarrow, DuckDB and others.
What is computed, and every number of every table, is what the command line ``floodmark`` computes. What is wrong is
said in a :class:`FloodmarkError` with the text of the command line. The interpreter is free while floodmark computes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Union

from . import _floodmark
from ._floodmark import FloodmarkError, Table, __version__

__all__ = [
    "Analysis",
    "FloodmarkError",
    "Simulation",
    "Table",
    "__version__",
    "analyze",
    "detect",
    "detect_many",
    "lift",
    "simulate",
]

#: A file, or a data frame with the columns of such a file; or several of them.
Source = Union[str, "os.PathLike[str]", Any]

class Analysis:
    """What an analysis found: the tables of the result folder, each a :class:`Table`.

    Attributes:
        notes: Sentences that a reader must know, as the command line prints them.
        skipped: Reason -> number of rows left out.
        counts: What was counted: series and surges tested, gaps, censored and filled periods, ...
    """

    def __init__(self, native: Any, errors: Table | None = None) -> None:
        self._native = native
        self._known: dict[str, Table] = {}
        self._errors = errors
        self.notes: list[str] = native.notes
        self.skipped: dict[str, int] = native.skipped
        self.counts: dict[str, int] = native.counts

    def table(self, name: str) -> Table:
        """One table by the name of its file without ending.

        Raises:
            KeyError: there is no such table.
        """
        if name not in self._known:
            self._known[name] = self._native.table(name)
        return self._known[name]

    @property
    def tables(self) -> dict[str, Table]:
        """Every table by its name, but :attr:`transitions`."""
        return {name: self.table(name) for name in _floodmark.TABLES}

    @property
    def alerts(self) -> Table:
        """One row a surge: who, where, since when, how large (percent, visits), how sure, near which event."""
        return self.table("alerts")

    @property
    def drops(self) -> Table:
        """The same for falls: blocks, seizures, outages."""
        return self.table("drops")

    @property
    def index(self) -> Table:
        """Each state's share of all traffic in each country and period; ``index`` is 100 at its baseline mean."""
        return self.table("index")

    @property
    def lifts(self) -> Table:
        """Lifts of visits (percent, with intervals) after each dated event: peak, week1, week4, month1."""
        return self.table("lifts")

    @property
    def index_lifts(self) -> Table:
        """The same for the index."""
        return self.table("index_lifts")

    @property
    def placebos(self) -> Table:
        """How unusual each lift is: among past dates of its series, and among reference outlets at its date."""
        return self.table("placebos")

    @property
    def controls(self) -> Table:
        """The reference outlets behind every net lift: used, down-weighted or left out."""
        return self.table("controls")

    @property
    def contributions(self) -> Table:
        """What each outlet contributed to the lift of its state, in percentage points."""
        return self.table("contributions")

    @property
    def ratios(self) -> Table:
        """The index of each country against that of every other, before and after an event."""
        return self.table("ratios")

    @property
    def attributions(self) -> Table:
        """Every dated event near the onset of each alert, with its lag in days and the chance of a coincidence."""
        return self.table("attributions")

    @property
    def groups(self) -> Table:
        """Outlets whose surges start together more often than chance."""
        return self.table("groups")

    @property
    def series(self) -> Table:
        """Every series and period: observed, expected, band, z, segment, flags."""
        return self.table("series")

    @property
    def transitions(self) -> Table:
        """With ``online=True``: one row a step in the life of an alert, with its figures as known then; else no rows."""
        return self.table("transitions")

    @property
    def errors(self) -> Table | None:
        """Series that were left out because something is wrong in them; ``None`` except from a cluster."""
        return self._errors

    def __repr__(self) -> str:
        return f"<floodmark.Analysis: {len(self.alerts)} alerts, {len(self.drops)} drops>"


def analyze(
    df: Any,
    total: Any = None,
    domains: Source | Sequence[Source] | None = None,
    events: Source | Sequence[Source] | None = None,
    *,
    builtin_events: bool = True,
    state: str | Iterable[str] = (),
    country: str | Iterable[str] = (),
    from_: Any = None,
    to: Any = None,
    every: Literal["auto", "hour", "day", "week"] = "auto",
    by: Literal["outlet", "domain"] = "outlet",
    watch: Literal["registry", "all"] = "registry",
    baseline: str = "8w",
    gap: str = "1w",
    fdr: float = 0.05,
    interval: float = 0.9,
    min_visits: float = 20.0,
    persist: str = "1/1",
    time_col: str | None = None,
    domain_col: str | None = None,
    country_col: str | None = None,
    value_col: str | None = None,
    value_kind: Literal["count", "share", "scaled", "rank", "rounded"] | None = None,
    time_zone: str | None = None,
    seed: int = 1,
    jobs: int = 0,
    online: bool = False,
    now: Any = None,
) -> Analysis:
    """Analyses a long table of traffic: one row a domain, country and period.

    Args:
        df: polars, pandas, Arrow, ...: timestamp, domain, country (may be missing), visits. Other usual names are
            recognised. A missing value is a gap, never a zero; text such as ``"<5"`` is known only below a bound.
        total: Denominators: timestamp, country (may be missing), visits. Without it the index divides by all traffic
            in ``df``.
        domains: Files or frames that add to the registry of outlets (domain, outlet, state, role, ...).
        events: Files or frames that add to the calendar (date, name, end, states, countries, kind, source).
        builtin_events: Whether the calendar that ships with floodmark is used.
        state: States to keep, ISO codes, ``"IR,RU"`` or a list. Empty keeps all.
        country: Countries of the readers to keep.
        from_: First moment to judge (text or date); what lies before serves as history.
        to: Last moment that is read.
        every: Length of a period.
        by: Watch outlets or single domains.
        watch: ``"registry"`` watches known state outlets, with known reference outlets as controls; ``"all"`` every
            series.
        baseline: Length of the baseline: ``"8w"``, ``"56d"``.
        gap: Gap between the baseline and the period judged.
        fdr: Share of false alerts among all that is tolerated.
        interval: Coverage of the intervals.
        min_visits: Smallest mean of an alert, in visits a period.
        persist: Periods that an alert must have stayed raised, m of n in a row: ``"2/3"``.
        time_col, domain_col, country_col, value_col: Names of columns that are not recognised.
        value_kind: What the numbers are; by the name of the column if not said.
        time_zone: Zone of stamps that carry none, such as ``"Europe/Berlin"``; UTC if not said.
        seed: Seed of what is resampled: the same seed gives the same tables.
        jobs: Threads; 0 is one a core.
        online: Decide period by period, from the past alone, as a scheduled job does; ``transitions`` is then what
            would have been told, in order.
        now: The present: the period that holds it is left out. The clock if not said.

    Raises:
        FloodmarkError: an option is impossible, a cell is not what it should be (with row and column), or nothing is
            left to watch.
        TypeError: ``df`` is no data frame.
    """
    options = _options(**{name: value for name, value in locals().items() if name not in _NOT_OPTIONS})
    native = _floodmark.analyze(
        _frame(df),
        None if total is None else _frame(total),
        _texts(domains, "domains"),
        _texts(events, "events"),
        builtin_events,
        options,
    )
    return Analysis(native)


_NOT_OPTIONS = {"df", "total", "domains", "events", "builtin_events", "spark"}


def _options(**given: Any) -> dict[str, Any]:
    """Options in the form of the native module."""
    options = dict(given)
    options["state"] = _codes(given["state"])
    options["country"] = _codes(given["country"])
    for name in ("from_", "to", "now"):
        options[name] = None if given[name] is None else _moment(given[name])
    options["clock"] = int(time.time())
    return options


def _moment(value: Any) -> str:
    """A date or a time as text; a midnight of pandas or datetime is a moment, not a day."""
    return value if isinstance(value, str) else str(value)


def _codes(codes: str | Iterable[str]) -> list[str]:
    return [code for code in codes.split(",") if code] if isinstance(codes, str) else list(codes)


def _frame(data: Any) -> Any:
    """Something that hands out an Arrow stream."""
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return data
    if hasattr(data, "collect_schema") and hasattr(data, "collect"):  # a lazy frame of polars
        return data.collect()
    if type(data).__module__.partition(".")[0] == "pandas" or isinstance(data, Mapping):
        import pyarrow

        make = pyarrow.table if isinstance(data, Mapping) else pyarrow.Table.from_pandas
        return make(data)
    raise TypeError(f"expected a data frame (polars, pandas, Arrow), found {type(data).__name__}")


def _texts(sources: Any, name: str) -> list[tuple[str, str]]:
    """(name, text) of files or frames."""
    if sources is None:
        return []
    several = sources if isinstance(sources, (list, tuple)) else [sources]
    texts = []
    for source in several:
        if isinstance(source, (str, os.PathLike)):
            path = os.fspath(source)
            try:
                with open(path, encoding="utf-8") as file:
                    texts.append((path, file.read()))
            except (OSError, UnicodeDecodeError) as error:
                raise FloodmarkError(f"{path}: cannot read the {name}: {error}") from error
        else:
            texts.append((name, _floodmark.frame_csv(_frame(source))))
    return texts


def _column(values: Any, numbers: bool) -> Any:
    """An Arrow array, or a list of numbers or texts."""
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return values
    if numbers:
        plain = values.tolist() if hasattr(values, "tolist") else values
        return [None if value is None or value != value else float(value) for value in plain]
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if kind == "M":  # datetime64 of numpy or pandas: whole seconds
        values = getattr(values, "values", values).astype("datetime64[s]")
    return [None if value is None or value != value else str(value) for value in values]


def detect(
    values: Any,
    timestamps: Any = None,
    *,
    online: bool = False,
    season: str | int | Iterable[int] | None = "auto",
    interval: float = 0.9,
    output: Literal["points", "changepoints"] = "points",
) -> Table:
    """Scores one plain series of any nature and step.

    Args:
        values: Numbers in any unit; missing ones are gaps.
        timestamps: As many moments. The step is found from them; missing periods are gaps. Without them rows are
            equally spaced.
        online: Compute row t from rows up to t alone.
        season: ``"auto"``, ``None`` or ``"none"``, or periods in samples: ``7``, ``(24, 168)``, ``"24,168"``.
        interval: Coverage of ``lower`` to ``upper``.
        output: ``"points"``: one row a row of input, with the columns ``index, timestamp, value, expected, lower,
            upper, z, score, spike, changepoint, segment_mean``; ``"changepoints"``: one row a change.

    Raises:
        FloodmarkError: a value is not finite, a stamp is no date, the lengths differ.
    """
    table, _notes = _floodmark.detect(
        _column(values, True),
        None if timestamps is None else _column(timestamps, False),
        {"online": online, "season": _season(season), "interval": interval},
        _choice("output", output, ("points", "changepoints")) == "changepoints",
    )
    return table


def detect_many(
    keys: Any,
    timestamps: Any,
    values: Any,
    *,
    online: bool = False,
    season: str | int | Iterable[int] | None = "auto",
    interval: float = 0.9,
) -> Table:
    """Scores many series in one call, in one thread: what a worker of Spark, Dask or Ray runs over its batch.

    Args:
        keys: The series that each row belongs to.
        timestamps: The moment of each row, or ``None``.
        values: The value of each row.
        online, season, interval: As in :func:`detect`.

    Returns:
        The columns of :func:`detect` with ``key`` before and ``error`` after them, series in order of their first
        row. A series in which something is wrong is a single row with its ``error``; the others go on.

    Raises:
        FloodmarkError: an option is impossible, the lengths differ.
    """
    return _floodmark.detect_many(
        _column(keys, False),
        None if timestamps is None else _column(timestamps, False),
        _column(values, True),
        {"online": online, "season": _season(season), "interval": interval},
    )


def _season(season: Any) -> str:
    if season is None:
        return "none"
    if isinstance(season, str):
        return season
    return ",".join(str(period) for period in ([season] if isinstance(season, int) else season))


def _choice(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise FloodmarkError(f"{name} '{value}': expected one of {', '.join(known)}")
    return value


def lift(
    values: Any,
    timestamps: Any,
    event: Any,
    *,
    reference: Any = None,
    baseline: str = "8w",
    gap: str = "1w",
    interval: float = 0.9,
    value_kind: Literal["count", "share", "scaled", "rounded"] = "count",
    seed: int = 1,
) -> Table:
    """How much one series rose after an event: observed / expected - 1, in percent, with an interval.

    Args:
        values: Visits a period (or shares, ... by ``value_kind``).
        timestamps: The moment of each value.
        event: Day of the event, text or date.
        reference: Values of ordinary news at the same moments; with it, net lifts come too.
        baseline, gap, interval, value_kind, seed: As in :func:`analyze`.

    Returns:
        One row a window (``peak``, ``week1`` = days 0-6, ``week4`` = days 21-27, ``month1`` = days 0-27) with the
        columns of ``lifts.csv``. A window that reaches past the data, or an event without enough history, has no row.

    Raises:
        FloodmarkError: the data or an option are not what they should be.
    """
    stamps = [stamp for stamp in _column(timestamps, False)]
    rows: dict[str, list[Any]] = {"timestamp": [], "domain": [], "visits": []}
    for name, column in (("series.example", values), ("reference.example", reference)):
        if column is not None:
            numbers = _column(column, True)
            rows["timestamp"] += stamps
            rows["domain"] += [name] * len(stamps)
            rows["visits"] += list(numbers)
    outlets = (
        "domain,outlet,state,role\nseries.example,series,XX,state\nreference.example,reference,,reference\n"
    )
    return _floodmark.lift(
        rows["timestamp"], rows["domain"], rows["visits"], outlets, str(event)[:10],
        _options(**{**_DEFAULTS, "baseline": baseline, "gap": gap, "interval": interval, "seed": seed,
                    "value_kind": value_kind}),
    )


_DEFAULTS: dict[str, Any] = {
    "state": (), "country": (), "from_": None, "to": None, "every": "auto", "by": "outlet", "watch": "registry",
    "baseline": "8w", "gap": "1w", "fdr": 0.05, "interval": 0.9, "min_visits": 20.0, "persist": "1/1",
    "time_col": None,
    "domain_col": None, "country_col": None, "value_col": None, "value_kind": None, "time_zone": None, "seed": 1,
    "jobs": 0, "online": False, "now": None,
}


class Simulation:
    """Traffic with known surges: ``traffic``, ``total`` and ``truth``, each a :class:`Table`."""

    def __init__(self, traffic: Table, total: Table, truth: Table) -> None:
        self.traffic = traffic
        self.total = total
        self.truth = truth

    def __iter__(self) -> Iterator[Table]:
        return iter((self.traffic, self.total, self.truth))


def simulate(
    recipe: str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    start: Any = "2023-07-01",
    periods: int = 184,
    every: Literal["hour", "day", "week"] = "day",
    states: int = 3,
    references: int = 2,
    countries: str | Iterable[str] = ("GB",),
) -> Simulation:
    """Makes seeded traffic with known surges.

    Args:
        recipe: A TOML file, or its text (with line breaks). Without one: a quiet panel of ``states`` outlets
            (``state1.example``, ...) and ``references`` (``reference1.example``, ...) in ``countries``.
        seed: Replaces the seed of the recipe.
        start, periods, every: Grid of the quiet panel.

    Returns:
        ``traffic`` (timestamp, domain, country, visits), ``total`` (timestamp, country, visits), ``truth`` (one row a
        planted surge). ``visits`` is text where the recipe censors (``"<5"``).

    Raises:
        FloodmarkError: the recipe is wrong, with its line.
    """
    given, plain = None, None
    if recipe is not None:
        text = os.fspath(recipe)
        given = ("recipe", text) if "\n" in text else _texts(text, "recipe")[0]
    else:
        plain = {
            "start": str(start), "periods": periods, "every": every, "states": states, "references": references,
            "countries": _codes(countries),
        }
    return Simulation(*_floodmark.simulate(given, plain, seed))
