"""The compiled half of the package. Its public names are those of :mod:`floodmark`."""

from typing import Any

import pandas
import polars
import pyarrow

__version__: str
TABLES: list[str]

class FloodmarkError(ValueError):
    """Options, data or a file are not what they should be."""

class Table:
    """A table of a result, handed out through the Arrow PyCapsule interface.

    Numbers are those a reader finds in the CSV file that ``floodmark`` writes (in ``series``: all digits, as in its
    Parquet file), unknown ones are null, moments are UTC time stamps in milliseconds without a zone.
    """

    @property
    def name(self) -> str:
        """The name of the table: that of its file without ending."""
    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def to_arrow(self) -> pyarrow.Table:
        """The table as a ``pyarrow.Table``."""
    def to_polars(self) -> polars.DataFrame:
        """The table as a ``polars.DataFrame``."""
    def to_pandas(self) -> pandas.DataFrame:
        """The table as a ``pandas.DataFrame`` (needs pyarrow)."""
    def to_csv(self) -> str:
        """The table as the text that the command line writes."""

class Analysis:
    def table(self, name: str) -> Table: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def skipped(self) -> dict[str, int]: ...
    @property
    def counts(self) -> dict[str, int]: ...

class Worker:
    def __init__(self, domains: list[tuple[str, str]], options: dict[str, Any]) -> None: ...
    def recognise(self, header: list[str]) -> dict[str, str | None]: ...
    def layout(self, stamps: object) -> tuple[list[int], bool, list[str]]: ...
    def fold(self, hosts: object) -> Table: ...
    def part(
        self, layout: list[int], kind: str, several: bool, rows: object
    ) -> tuple[bytes, list[tuple[str, str]], dict[str, int]]: ...
    def several_countries(self, parts: list[bytes]) -> bool: ...
    def join(
        self,
        layout: list[int],
        cut_short: bool,
        notes: list[str],
        parts: list[bytes],
        skipped: dict[str, int],
        totals: object | None,
        given: bool,
        event_texts: list[tuple[str, str]],
        builtin_events: bool,
    ) -> Analysis: ...

def analyze(
    df: object,
    total: object | None,
    domains: list[tuple[str, str]],
    event_texts: list[tuple[str, str]],
    builtin_events: bool,
    options: dict[str, Any],
) -> Analysis: ...
def frame_csv(df: object) -> str: ...
def lift(
    timestamps: list[str | None],
    domains: list[str],
    visits: list[float | None],
    outlets: str,
    event: str,
    options: dict[str, Any],
) -> Table: ...
def detect(
    values: object, timestamps: object | None, options: dict[str, Any], changepoints: bool
) -> tuple[Table, list[str]]: ...
def detect_many(keys: object, timestamps: object | None, values: object, options: dict[str, Any]) -> Table: ...
def simulate(
    recipe: tuple[str, str] | None, plain: dict[str, Any] | None, seed: int | None
) -> list[Table]: ...
def errors_table(errors: list[tuple[str, str]]) -> Table: ...
