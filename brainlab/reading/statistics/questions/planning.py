"""How precise a forced choice or ranking will be, and how likely to differ from chance, before anyone reads."""

from bisect import bisect_left
from dataclasses import dataclass

from scipy import stats

from brainlab.errors import InputError
from brainlab.measures.accuracy import wilson
from brainlab.measures.forced_choice import chance_p, exact_share

ALPHA = 0.05
POWER = 0.8
MOST_CASES = 5000
"""Cases up to which a wanted power is looked for."""


@dataclass(frozen=True)
class ChoicePlan:
    """What one reader's share of correct choices will show.

    half_width: of the exact 95% interval at the expected share. power: probability that an exact test at the 5% level
    tells the expected share from chance. needed: cases for a power of 80%, None where no number up to MOST_CASES does.
    """

    half_width: float
    power: float
    needed: int | None


def plan_choices(share: float, alternatives: int, cases: int, power: float = POWER) -> ChoicePlan:
    """Plan a forced choice of `alternatives` images with so many cases, for an expected share of correct choices.

    Raises InputError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise InputError(f"share must lie between 0 and 1, got {share}")
    found = exact_share(round(share * cases), cases)
    half = ((found.high or 0.0) - (found.low or 0.0)) / 2
    return ChoicePlan(half, choice_power(share, alternatives, cases), cases_needed(share, alternatives, power))


def choice_power(share: float, alternatives: int, cases: int) -> float:
    """Probability that the exact test against chance has p below .05 when the share of correct choices is `share`."""
    low, high = _bounds(alternatives, cases)
    return float(stats.binom.cdf(low, cases, share) + stats.binom.sf(high - 1, cases, share))


def cases_needed(share: float, alternatives: int, power: float = POWER) -> int | None:
    """Return the fewest cases from which on every number of cases reaches the power; None where none does.

    The exact power rises in a saw-tooth, so that a few cases more may have less.
    """
    if choice_power(share, alternatives, MOST_CASES) < power:
        return None
    enough, short = MOST_CASES, 0
    while enough - short > 1:
        middle = (enough + short) // 2
        if choice_power(share, alternatives, middle) >= power:
            enough = middle
        else:
            short = middle
    last_short = max((n for n in range(enough, enough + 60) if choice_power(share, alternatives, n) < power), default=0)
    return max(enough, last_short + 1)


def ranking_power(share: float, cases: int) -> float:
    """Probability that the interval of how often one source is ranked above another leaves out one half.

    share: how often it is. The interval is Wilson's, as in the report.
    """
    above = bisect_left(range(cases + 1), True, key=lambda count: (wilson(count, cases).low or 0.0) > 0.5)
    return float(stats.binom.cdf(cases - above, cases, share) + stats.binom.sf(above - 1, cases, share))


def _bounds(alternatives: int, cases: int) -> tuple[int, int]:
    """Return the largest and smallest numbers of correct choices that differ from chance, below and above it.

    The exact p rises up to chance and falls beyond, so that each bound is found by halving.
    """
    centre = round(cases / alternatives)
    below = bisect_left(range(centre + 1), True, key=lambda count: chance_p(count, cases, alternatives) >= ALPHA)
    above = bisect_left(range(centre, cases + 1), True, key=lambda count: chance_p(count, cases, alternatives) < ALPHA)
    return below - 1, centre + above
