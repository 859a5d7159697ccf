"""What others do with one daily series: each contestant scores every day, and a threshold on the score flags days.

A contestant is a function of the values (NaN = gap) that returns a score a day, larger = more surely raised, together
with the threshold its own documentation uses. Change-point methods score the first day of a segment that lies above the
one before by how much it rises.
"""

import logging
import warnings

import numpy as np

warnings.filterwarnings("ignore")
logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
logging.getLogger("prophet").setLevel(logging.CRITICAL)

WEEK = 7


def filled(values):
    """Gaps filled by interpolation: none of the peers reads gaps."""
    values = np.asarray(values, dtype=float)
    known = ~np.isnan(values)
    return np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])


def mad_sd(x):
    return max(1.4826 * np.median(np.abs(x - np.median(x))), 1e-9)


def working(values):
    """log1p without weekday medians, in units of the noise that neighbouring days show: what a careful user of a
    change-point library does first."""
    x = np.log1p(filled(values))
    for day in range(WEEK):
        x[day::WEEK] -= np.median(x[day::WEEK])
    return x / (mad_sd(np.diff(x)) / np.sqrt(2))


def rises(x, ends):
    """Score a day from the segment ends of a change-point method: the rise of the mean at each break."""
    score = np.zeros(len(x))
    bounds = [0, *ends]
    means = [x[a:b].mean() for a, b in zip(bounds, bounds[1:])]
    for at, before, after in zip(bounds[1:-1], means, means[1:]):
        score[at] = max(after - before, 0.0)
    return score


def ruptures_pelt(penalty_factor):
    """PELT, squared error, every index a candidate. The library leaves the penalty to its user; 2 log n is the textbook
    value for unit noise."""
    import ruptures

    def score(values):
        x = working(values)
        algo = ruptures.KernelCPD(kernel="linear", min_size=2).fit(x.reshape(-1, 1))
        return rises(x, algo.predict(pen=penalty_factor * np.log(len(x))))

    return score


def ruptures_window(penalty_factor):
    """Sliding window as in the library's guide: width 40, l2, penalty a multiple of log n."""
    import ruptures

    def score(values):
        x = working(values)
        algo = ruptures.Window(width=40, model="l2").fit(x.reshape(-1, 1))
        return rises(x, algo.predict(pen=penalty_factor * np.log(len(x))))

    return score


def stl_mad(values):
    """Residual of robust STL in robust standard deviations."""
    from statsmodels.tsa.seasonal import STL

    residual = STL(np.log1p(filled(values)), period=WEEK, robust=True).fit().resid
    return (residual - np.median(residual)) / mad_sd(residual)


def seasonal_hybrid_esd(alpha):
    """S-H-ESD with its defaults but for alpha: at most ten anomalies, the hybrid (median, MAD) statistic."""
    import sesd

    def score(values):
        x = filled(values)
        flagged = sesd.seasonal_esd(x.copy(), periodicity=WEEK, hybrid=True, max_anomalies=10, alpha=alpha)
        score = np.zeros(len(x))
        for at in flagged:
            score[at] = float(x[at] > np.median(x))
        return score

    return score


def prophet_interval(values):
    """How far a day lies above Prophet's forecast, in units of its own 80% interval (1 = at the upper end)."""
    import pandas
    from prophet import Prophet

    days = pandas.date_range("2015-05-01", periods=len(values))
    model = Prophet(uncertainty_samples=200)
    np.random.seed(1)
    model.fit(pandas.DataFrame({"ds": days, "y": filled(values)}), seed=1)
    forecast = model.predict(pandas.DataFrame({"ds": days}))
    width = np.maximum(forecast.yhat_upper - forecast.yhat, 1e-9)
    return ((filled(values) - forecast.yhat) / width).to_numpy()


def causal_impact(values, controls, start, length):
    """p-value of the CausalImpact port when it is told the date of the surge: no detector, so it stands apart."""
    import pandas
    from causalimpact import CausalImpact

    stretch = slice(start - 120, start + length)
    frame = pandas.DataFrame({"y": np.log1p(filled(values))[stretch]})
    for i, control in enumerate(controls):
        frame[f"x{i}"] = np.log1p(filled(control))[stretch]
    impact = CausalImpact(frame, [0, 119], [120, 119 + length])
    return float(impact.p_value), float(impact.summary_data.loc["abs_effect", "average"])
