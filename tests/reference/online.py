"""LORD++ straight from the paper (Ramdas, Yang, Wainwright & Jordan 2017, NeurIPS, eq. 9) for tests/reference/statistics.rs.

python tests/reference/online.py > tests/reference/online.txt     (Python 3, standard library)
Each line: rate, p-values, level of each test; parts separated by tabs, numbers by blanks.
"""
import math
import random
import sys


def gamma(j):
    """The sequence that Javanmard & Montanari 2018 recommend."""
    return 0.0772089 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))


def levels(p, alpha):
    wealth, found, out = alpha / 2, [], []
    for t in range(1, len(p) + 1):
        level = gamma(t) * wealth
        if found:
            level += (alpha - wealth) * gamma(t - found[0])
        level += alpha * sum(gamma(t - tau) for tau in found[1:])
        level = min(level, alpha)
        out.append(level)
        if p[t - 1] <= level:
            found.append(t)
    return out


random.seed(20231007)
print(f"# Python {sys.version.split()[0]}")
for alpha in (0.05, 0.1):
    p = [float(f"{random.random() ** (12 if random.random() < 0.2 else 1):.6g}") for _ in range(60)]
    print(alpha, " ".join(map(repr, p)), " ".join(f"{v:.15g}" for v in levels(p, alpha)), sep="\t")
