"""A planned power is the power that simulated readers have."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.measures.accuracy import wilson
from brainlab.measures.forced_choice import chance_p
from brainlab.reading.statistics.questions.planning import (
    POWER,
    cases_needed,
    choice_power,
    plan_choices,
    ranking_power,
)


@pytest.mark.parametrize(("share", "m", "cases"), [(0.4, 4, 50), (0.1, 4, 60), (0.65, 2, 40), (0.25, 4, 50)])
def test_power_is_the_share_of_readers_who_are_told_from_chance(share: float, m: int, cases: int):
    counts = np.random.default_rng(0).binomial(cases, share, 4000)
    told = {count: chance_p(int(count), cases, m) < 0.05 for count in set(counts)}
    assert choice_power(share, m, cases) == pytest.approx(np.mean([told[count] for count in counts]), abs=0.025)


def test_so_many_cases_are_needed_and_not_one_fewer():
    needed = cases_needed(0.4, 4)
    assert all(choice_power(0.4, 4, n) >= POWER for n in range(needed, needed + 40))
    assert choice_power(0.4, 4, needed - 1) < POWER
    assert cases_needed(0.25, 4) is None
    assert plan_choices(0.4, 4, 50).power < POWER < plan_choices(0.4, 4, needed).power + 1e-9


def test_a_share_outside_nought_to_one_is_refused():
    with pytest.raises(InputError, match="share must lie between 0 and 1"):
        plan_choices(1.2, 4, 50)


@pytest.mark.parametrize(("share", "cases"), [(0.65, 50), (0.3, 40), (0.5, 60), (0.9, 3)])
def test_power_of_a_ranking_is_the_share_of_intervals_that_leave_out_one_half(share: float, cases: int):
    counts = np.random.default_rng(1).binomial(cases, share, 4000)
    found = {count: wilson(int(count), cases) for count in set(counts)}
    apart = [found[count].low > 0.5 or found[count].high < 0.5 for count in counts]
    assert ranking_power(share, cases) == pytest.approx(np.mean(apart), abs=0.025)
