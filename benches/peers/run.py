#!/usr/bin/env python3
"""floodmark and its peers on the same surges planted into the same real traffic.

    cargo build --release
    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt
    .venv/bin/python benches/peers/run.py --program target/release/floodmark > docs/peers.md

The background is daily page views of Wikimedia projects (../shared/data/wiki_projectviews, 2015-05 to 2017-07). Every
fourth project gets one surge at a random date; all methods see the same series. A surge counts as found if a method
flags a stretch that begins between a day before it and its last day, but one day at least after. False alerts are stretches
(flagged days at most three days apart are one) on the untouched series. The seed settles everything but Prophet's sampling
of its own interval, which is seeded too.
"""

import argparse
import csv
import pathlib
import subprocess
import sys
import tempfile
import time

import contestants as peers
import numpy as np

FIRST = np.datetime64("2015-05-01")
LIFTS = (0.20, 0.42, 0.82, 2.16)
LENGTHS = (1, 3, 7, 28)
# Seconds a series: these are run on three kinds of surges only, and cells are empty for the others.
SLOW = ("Prophet interval", "S-H-ESD")
MERGE = 3


def read(path):
    """Projects and their daily totals, NaN where a day is missing."""
    rows = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = int((np.datetime64(row["date"]) - FIRST).astype(int))
            rows.setdefault(row["project"], {})[day] = float(row["total"])
    days = 1 + max(max(values) for values in rows.values())
    return {name: np.array([values.get(t, np.nan) for t in range(days)]) for name, values in sorted(rows.items())}


def profile(lift, length):
    """The lift of each day: constant, or 42% falling to 28% over four weeks."""
    if lift == "decay":
        return np.concatenate([np.full(7, 0.42), np.linspace(0.42, 0.28, 14), np.full(7, 0.28)])
    return np.full(length, lift)


def plant(values, start, lifts):
    raised = values.copy()
    raised[start : start + len(lifts)] = np.round(raised[start : start + len(lifts)] * (1 + lifts))
    return raised


def noise(values):
    x = np.log1p(values)
    return peers.mad_sd((x[WEEK:] - x[:-WEEK])[~np.isnan(x[WEEK:] - x[:-WEEK])]) / np.sqrt(2)


WEEK = peers.WEEK


def stretches(flagged):
    """First days of the runs of flagged days, those at most MERGE days apart being one."""
    days = np.flatnonzero(flagged)
    return [day for i, day in enumerate(days) if i == 0 or day - days[i - 1] > MERGE]


def hit(onsets, start, length):
    return any(start - 1 <= onset <= start + max(length - 1, 1) for onset in onsets)


class Scored:
    """A method that gives each day a score: the threshold can be moved without computing anew."""

    def __init__(self, name, default, score):
        self.name, self.default, self.score = name, default, score

    def onsets(self, scores, threshold):
        return {name: stretches(score > threshold) for name, score in scores.items()}

    def run(self, panel):
        return {name: self.score(values) for name, values in panel.items()}

    def settings(self, untouched):
        """Thresholds worth trying, the laxest first."""
        pooled = np.concatenate([score[score > 0] for score in untouched.values()] or [[0.0]])
        return np.unique(np.quantile(pooled, np.concatenate([np.linspace(0.5, 0.99, 40), np.linspace(0.99, 1, 60)])))


class Knob:
    """A method whose threshold is an option of its own: it is run anew for each value."""

    def __init__(self, name, default, values, make):
        self.name, self.default, self.values, self.make = name, default, values, make

    def run(self, panel):
        return {value: {n: self.make(value)(v) for n, v in panel.items()} for value in self.values}

    def onsets(self, scores, threshold):
        return {name: stretches(score > 0) for name, score in scores[threshold].items()}

    def settings(self, _untouched):
        return self.values


class Floodmark:
    """The program itself on the whole panel; its threshold is --fdr."""

    name, default = "floodmark analyze", 0.05

    def __init__(self, program, everything):
        self.program, self.everything = program, everything
        # Its own rate of false alerts is the one the others are brought to.
        self.values = (self.default,)

    def settings(self, _untouched):
        return self.values

    def run(self, panel):
        return {fdr: self.analyze(self.everything | panel, fdr, panel) for fdr in self.values}

    def analyze(self, everything, fdr, wanted):
        with tempfile.TemporaryDirectory() as scratch:
            table = pathlib.Path(scratch) / "panel.csv"
            with table.open("w", encoding="utf-8") as file:
                file.write("timestamp,domain,visits\n")
                for name, values in everything.items():
                    for day, value in enumerate(values):
                        if not np.isnan(value):
                            file.write(f"{FIRST + day},{name}.org,{value:.0f}\n")
            command = [self.program, "analyze", table, "--watch", "all", "--min-visits", "0", "--charts", "none"]
            done = subprocess.run([*command, "--fdr", str(fdr), "-q", "-o", pathlib.Path(scratch) / "out"])
            if done.returncode != 0:
                sys.exit(f"floodmark ended with {done.returncode}")
            onsets = {name: [] for name in wanted}
            with (pathlib.Path(scratch) / "out" / "alerts.csv").open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    name = row["domain"].removesuffix(".org") or row["outlet"].removesuffix(".org")
                    if name in onsets:
                        onsets[name].append(int((np.datetime64(row["onset"][:10]) - FIRST).astype(int)))
            return onsets

    def onsets(self, found, threshold):
        return found[threshold]


def recall(method, scores, threshold, planted):
    onsets = method.onsets(scores, threshold)
    return [hit(onsets[name], start, length) for name, (start, length) in planted.items()]


def matched(method, scores, rate, years):
    """The laxest threshold with at most `rate` false alerts a series-year."""
    for threshold in method.settings(scores):
        if sum(map(len, method.onsets(scores, threshold).values())) / years <= rate:
            return threshold
    return None


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default="target/release/floodmark")
    options.add_argument("--data", default="../shared/data", type=pathlib.Path)
    options.add_argument("--every", default=4, type=int, help="one in so many series gets a surge")
    options.add_argument("--seed", default=45, type=int)
    options.add_argument("--quick", action="store_true", help="three kinds of surges, no Prophet, no CausalImpact")
    arguments = options.parse_args()
    everything = read(arguments.data / "wiki_projectviews/projectviews_daily.csv")
    draw = np.random.default_rng(arguments.seed)
    starts = {}
    for name in list(everything)[:: arguments.every]:
        start = int(draw.integers(190, len(everything[name]) - 45))
        if not np.isnan(everything[name][start - 60 : start + 30]).any():
            starts[name] = start
    quiet = {name for name in starts if noise(everything[name]) <= 0.15}
    untouched = {name: everything[name] for name in starts}
    years = sum(np.count_nonzero(~np.isnan(v)) for v in untouched.values()) / 365.25

    kinds = [(lift, length) for lift in LIFTS for length in LENGTHS] + [("decay", 28)]
    slow_kinds = [(0.42, 7), (2.16, 1), (0.82, 7)]
    if arguments.quick:
        kinds = slow_kinds
    methods = [
        Floodmark(arguments.program, everything),
        Knob("ruptures PELT (l2)", 2, (2, 3, 4, 6, 10, 20, 40, 80, 160, 320), peers.ruptures_pelt),
        Knob("ruptures Window (l2)", 2, (1, 2, 3, 5, 10, 20, 40, 80, 160, 320), peers.ruptures_window),
        Scored("STL + MAD", 3.0, peers.stl_mad),
        Knob("S-H-ESD", 0.05, (0.05, 1e-3, 1e-6, 1e-12), peers.seasonal_hybrid_esd),
    ]
    if not arguments.quick:
        methods.append(Scored("Prophet interval", 1.0, peers.prophet_interval))

    rows, rate = [], None
    for method in methods:
        began = time.time()
        base = method.run(untouched)
        false = sum(map(len, method.onsets(base, method.default).values())) / years
        if rate is None:
            rate = max(false, 1 / years)
        same = matched(method, base, rate, years)
        row = {"name": method.name, "false": false, "same": same, "cells": {}}
        for kind in slow_kinds if method.name in SLOW else kinds:
            lifts = profile(*kind)
            planted = {name: (start, len(lifts)) for name, start in starts.items()}
            scores = method.run({name: plant(untouched[name], start, lifts) for name, start in starts.items()})
            calm = [name in quiet for name in planted]
            at = {}
            for label, threshold in (("default", method.default), ("same", same)):
                if threshold is None:
                    continue
                found = recall(method, scores, threshold, planted)
                chance = recall(method, base, threshold, planted)
                at[label] = (np.mean(found), np.mean([f for f, c in zip(found, calm) if c]), np.mean(chance))
            row["cells"][kind] = at
        rows.append(row)
        print(f"{method.name}: {time.time() - began:.0f} s", file=sys.stderr)
    write(arguments, rows, kinds, rate, len(starts), len(quiet), years)
    if not arguments.quick:
        known_date(everything, starts)


def word(kind):
    lift, length = kind
    return "+42% falling to +28%, 28 days" if lift == "decay" else f"+{100 * lift:.0f}%, {length} d"


def write(arguments, rows, kinds, rate, planted, quiet, years):
    print("# floodmark and its peers on the same surges\n")
    print(__doc__.split("\n\n")[2].strip() + "\n")
    print("Written by one command; nothing on this page is typed by hand:\n")
    print("```\n" + __doc__.split("\n\n")[1] + "\n```\n")
    print(f"{planted} series with a surge ({quiet} of them with day-to-day noise of at most 15%), {years:.0f} untouched series-years, seed {arguments.seed}.")
    print("\n## False alerts on the untouched series, at each method's documented default\n")
    print("| method | default | false alerts per series-year | threshold for the same rate as floodmark |\n|---|---|---|---|")
    for row, default in zip(rows, ("--fdr 0.05", "2 log n", "2 log n", "3", "alpha 0.05", "80% interval")):
        same = "none reaches it" if row["same"] is None else f"{row['same']:.3g}"
        print(f"| {row['name']} | {default} | {row['false']:.2f} | {same} |")
    for label, title in (
        ("default", "Share found at the documented default"),
        ("same", f"Share found at the same false-alert rate (at most {rate:.2f} per series-year)"),
    ):
        print(f"\n## {title}\n")
        print("All series / those with noise of at most 15%. In brackets the share in which the untouched series had been flagged there too, by chance.\n")
        print("| surge | " + " | ".join(row["name"] for row in rows) + " |")
        print("|---|" + "---|" * len(rows))
        for kind in kinds:
            cells = []
            for row in rows:
                found = row["cells"].get(kind, {}).get(label)
                cells.append("" if found is None else f"{found[0]:.0%} / {found[1]:.0%} ({found[2]:.0%})")
            print(f"| {word(kind)} | " + " | ".join(cells) + " |")


def known_date(everything, starts):
    """CausalImpact is told the date: its error of the lift and how often it 'finds' a surge where there is none."""
    names = list(everything)
    chosen = list(starts)[:24]
    print("\n## The date known: the CausalImpact port\n")
    print("`pycausalimpact`, 120 days before, five of the untouched series as controls, log scale, first 24 series.\n")
    print("| surge | p < 0.05 | error of the log lift, mean absolute |\n|---|---|---|")
    for lift in (0.0, 0.42):
        p, errors = [], []
        for i, name in enumerate(chosen):
            controls = [everything[names[(names.index(name) + 1 + 37 * k) % len(names)]] for k in range(5)]
            raised = plant(everything[name], starts[name], profile(lift, 7))
            try:
                value, effect = peers.causal_impact(raised, controls, starts[name], 7)
            except Exception as error:  # a peer that breaks off is counted, not hidden
                print(f"{name}: {error}", file=sys.stderr)
                continue
            p.append(value)
            errors.append(abs(effect - np.log1p(lift)))
        print(f"| +{100 * lift:.0f}%, 7 d ({len(p)} of {len(chosen)} series ran) | {np.mean(np.array(p) < 0.05):.0%} | {np.mean(errors):.3f} |")


if __name__ == "__main__":
    main()
