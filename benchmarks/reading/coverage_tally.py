"""How often intervals contain the truth, how wide they are, and the target for either."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.reading.simulated_answers import PLAIN, N
from brainlab.measures.accuracy import wilson

NARROW, WIDE = (0.93, 0.97), (0.93, 0.99)
WILSON = [wilson(called, N) for called in range(N + 1)]


@dataclass
class Tally:
    """How often intervals were given, and contained the truth, and how wide they were."""

    truth: float
    inside: int = 0
    given: int = 0
    asked: int = 0
    width: float = 0.0

    def add(self, low: float | None, high: float | None, truth: float) -> None:
        """Count one interval."""
        self.asked += 1
        if low is not None and high is not None:
            self.given += 1
            self.inside += low <= truth <= high
            self.width += high - low

    def row(self, target: tuple[float, float] | None) -> dict[str, float | bool | None]:
        """Return coverage, its Monte-Carlo standard error, mean width and whether coverage is on target."""
        coverage = self.inside / self.given
        return {
            "truth": self.truth,
            "coverage": coverage,
            "se": (coverage * (1 - coverage) / self.given) ** 0.5,
            "width": self.width / self.given,
            "given": self.given / self.asked,
            "on_target": None if target is None else bool(target[0] <= coverage <= target[1]),
        }


Rows = dict[str, dict[str, float | bool | None]]


def target_of(figure: str) -> tuple[float, float] | None:
    """Coverage that a figure must have: none is set for what the report does not use, or only without sources.

    Counts below fifty come in steps, so that no interval can cover exactly 95% of the time.
    """
    if "(not used)" in figure or figure == PLAIN:
        return None
    return WIDE if figure.startswith("called real") or "repeats" in figure else NARROW


def wilson_coverage(share: float) -> float:
    """Exact coverage of Wilson's interval for a share of N cases, by going through all counts."""
    chances = stats.binom.pmf(np.arange(N + 1), N, share)
    inside = [(found.low or 0.0) <= share <= (found.high or 0.0) for found in WILSON]
    return float(chances[inside].sum())


def show(title: str, rows: Rows) -> Iterator[str]:
    """Lay out coverage as text; the fifteen shares called real become their mean and extremes."""
    yield f"\n{title}\n{'figure':68} truth  coverage (se)    width  given"
    shares = [row for name, row in rows.items() if name.startswith("called real")]
    for name, row in rows.items():
        if not name.startswith("called real"):
            mark = " *" if row["on_target"] is False else ""
            yield (
                f"{name:68} {row['truth']:5.3f}  {row['coverage']:5.3f} ({row['se']:.3f})  "
                f"{row['width']:6.3f}  {row['given']:5.3f}{mark}"
            )
    if shares:
        simulated = [float(row["coverage"] or 0) for row in shares]
        exact = [wilson_coverage(float(row["truth"] or 0)) for row in shares]
        for how, hits in (("simulated", simulated), ("exact", exact)):
            off = sum(not WIDE[0] <= hit <= WIDE[1] for hit in hits)
            yield (
                f"called real per reader and source (Wilson, {len(hits)} cells), {how}: mean {np.mean(hits):.3f}, "
                f"least {min(hits):.3f}, most {max(hits):.3f}; {off} outside {WIDE[0]:.0%} to {WIDE[1]:.0%}"
            )
