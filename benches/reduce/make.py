#!/usr/bin/env python3
"""Made-up inputs for the reading benches. Needs duckdb and numpy.

    make.py DIR [--rows 20000000] [--lines 5000000]

Writes DIR/long.csv and DIR/long.parquet (hourly visits of 500 domains from 60 countries), DIR/dumps/pageviews-*.gz
(24 hourly dumps; four different ones, named for every hour of a day) and DIR/pages.txt (200 titles that occur in
them). The same for the same arguments.
"""

import argparse
import gzip
import pathlib
import shutil

import duckdb
import numpy

SYLLABLES = "ba be bi bo da de di do fa fi ka ke ki ko la le li lo ma me mi mo na ne ni no pa ra re ri ro sa se ta te ti to va".split()


def long_table(folder: pathlib.Path, rows: int) -> None:
    query = f"""
        SELECT strftime(TIMESTAMP '2023-09-01' + to_hours((i // 30000)::INTEGER), '%Y-%m-%dT%H:%M:%SZ') AS timestamp,
               'site' || ((i // 60) % 500) || '-news' || CASE WHEN (i // 60) % 2 = 0 THEN '.com' ELSE '.co.uk' END AS domain,
               chr((65 + (i % 60) // 12)::INTEGER) || chr((65 + (i % 60) % 12)::INTEGER) AS country,
               (hash(i) % 5000)::BIGINT AS visits
        FROM range({rows}) t(i)
    """
    con = duckdb.connect()
    con.execute(f"COPY ({query}) TO '{folder}/long.csv' (HEADER)")
    typed = f"SELECT timestamp::TIMESTAMP AS timestamp, domain, country, visits FROM ({query})"
    con.execute(f"COPY ({typed}) TO '{folder}/long.parquet' (FORMAT parquet, COMPRESSION snappy)")


def dumps(folder: pathlib.Path, lines: int) -> None:
    random = numpy.random.default_rng(7)
    parts = random.integers(0, len(SYLLABLES), size=(40_000, 3))
    words = numpy.array(["".join(SYLLABLES[i] for i in row).capitalize() for row in parts])
    codes = numpy.array(["de", "de.m", "en", "en.m", "es", "es.m", "fa", "fr", "fr.m", "ja", "ru", "ru.m", "zh"])
    (folder / "dumps").mkdir(exist_ok=True)
    wanted: list[str] = []
    for part in range(4):
        code = codes[numpy.sort(random.integers(0, len(codes), lines))]
        first, second = words[random.integers(0, len(words), lines)], words[random.integers(0, len(words), lines)]
        views = numpy.minimum(random.zipf(1.7, lines), 300_000)
        with gzip.open(folder / "dumps" / f"pageviews-20231007-{part:02}0000.gz", "wt", compresslevel=6) as out:
            for start in range(0, lines, 500_000):
                cut = slice(start, start + 500_000)
                rows = zip(code[cut], first[cut], second[cut], views[cut])
                out.write("".join(f"{c} {a}_{b} {v} 0\n" for c, a, b, v in rows))
        wanted += [f"{first[i]}_{second[i]}" for i in range(0, lines, lines // 50)][:50]
    for hour in range(4, 24):
        source = folder / "dumps" / f"pageviews-20231007-{hour % 4:02}0000.gz"
        shutil.copyfile(source, folder / "dumps" / f"pageviews-20231007-{hour:02}0000.gz")
    (folder / "pages.txt").write_text("".join(f"{title}\n" for title in wanted))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--lines", type=int, default=5_000_000)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.rows:
        long_table(arguments.folder, arguments.rows)
    if arguments.lines:
        dumps(arguments.folder, arguments.lines)


if __name__ == "__main__":
    main()
