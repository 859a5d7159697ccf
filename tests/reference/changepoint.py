"""Segmentations by ruptures for tests/reference/changepoint.rs. Costs come from ruptures or scipy, never from floodmark.

python -m pip install ruptures==1.1.10 numpy==2.4.6 scipy==1.17.1
python tests/reference/changepoint.py > tests/reference/changepoint.txt
Each line: name of the cost, penalty, shortest segment, changes, total cost, values; parts separated by tabs.
"""
import numpy as np
import ruptures as rpt
import scipy
from ruptures.base import BaseCost
from scipy.stats import nbinom, poisson


class Custom(BaseCost):
    model, min_size = "custom", 1

    def __init__(self, of):
        self.of = of

    def fit(self, signal):
        self.signal = signal
        return self

    def error(self, start, end):
        return self.of(self.signal[start:end, 0])


def biweight(y, k=3.0):
    """min over level of sum min((y - level)^2, k^2), by trying the mean of every run of the sorted values."""
    s = np.sort(y)
    levels = [s[i:j].mean() for i in range(len(s)) for j in range(i + 1, len(s) + 1)]
    return min(np.minimum((y - m) ** 2, k * k).sum() for m in levels)


# Less the saturated terms that no segmentation changes: floodmark and scipy differ by constants only.
def poisson_cost(y):
    return -2 * poisson.logpmf(y, max(y.mean(), 1e-12)).sum()


def negative_binomial_cost(y, size=4.0):
    return -2 * nbinom.logpmf(y, size, size / (size + max(y.mean(), 1e-12))).sum()


def emit(name, cost, values, penalty, shortest=1, signal=None):
    signal = values.reshape(-1, 1) if signal is None else signal
    found = rpt.Pelt(custom_cost=cost, min_size=shortest, jump=1).fit(signal).predict(pen=penalty)
    total = sum(cost.error(a, b) for a, b in zip([0] + found, found))
    changes = " ".join(map(str, found[:-1]))
    print(name, penalty, shortest, changes, f"{total:.9f}", " ".join(f"{v:g}" for v in values), sep="\t")


print(f"# ruptures {rpt.__version__}, numpy {np.__version__}, scipy {scipy.__version__}")
rng = np.random.default_rng(20231007)
for n, levels in [(60, [0]), (90, [0, 3, 1]), (150, [0, 2, 5, 4, 0]), (120, [1, 1.8])]:
    mean = np.repeat(levels, -(-n // len(levels)))[:n].astype(float)
    y = np.round(mean + rng.standard_normal(n), 3)
    spiked = y.copy()
    spiked[rng.choice(n, n // 25, replace=False)] += 12
    for penalty in [2 * np.log(n), 3 * np.log(n)]:
        penalty = round(float(penalty), 3)
        emit("squared", rpt.costs.CostL2(), y, penalty)
        emit("squared", rpt.costs.CostL2(), spiked, penalty)
        emit("poisson", Custom(poisson_cost), rng.poisson(2 + 4 * mean).astype(float), penalty)
        emit("negative_binomial", Custom(negative_binomial_cost), rng.negative_binomial(4, 4 / (6 + 4 * mean)).astype(float), penalty)
        line = np.round(y + np.abs(np.arange(n) - n / 3) / 6, 3)
        design = np.column_stack([line, np.ones(n), np.arange(n)])
        emit("line", rpt.costs.CostLinear(), line, penalty, 5, design)
    emit("biweight", Custom(biweight), spiked[:60], 12.0)
