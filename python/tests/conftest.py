"""What several tests need: the sample, and the program that the package is held against."""

import os
import pathlib
import subprocess

import floodmark
import polars as pl
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "datasets" / "sample"
NOW = "2024-06-01"
TABLES = list(floodmark._floodmark.TABLES)


@pytest.fixture(scope="session")
def program() -> str:
    """A built program: $PROGRAM_UNDER_TEST, or the newest in the target folder."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = [path for path in (target / profile / "floodmark" for profile in ("release", "debug")) if path.exists()]
    named = os.environ.get("PROGRAM_UNDER_TEST")
    if not named and not found:
        pytest.fail("no built floodmark: run `cargo build` first, or set PROGRAM_UNDER_TEST")
    return named or str(max(found, key=lambda path: path.stat().st_mtime))


@pytest.fixture(scope="session")
def sample() -> pl.DataFrame:
    return pl.concat([pl.read_csv(file, infer_schema=False) for file in sorted(SAMPLE.glob("traffic-*.csv"))])


@pytest.fixture(scope="session")
def total() -> pl.DataFrame:
    return pl.read_csv(SAMPLE / "total.csv")


@pytest.fixture(scope="session")
def expected(program, tmp_path_factory) -> pathlib.Path:
    """What the command line writes of the sample."""
    out = tmp_path_factory.mktemp("cli") / "out"
    run(program, "analyze", SAMPLE, "--out", out, "--charts", "none", "--series", "csv", "--now", NOW)
    return out


def run(program, *arguments, **more):
    """Runs the program; fails with what it said."""
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
