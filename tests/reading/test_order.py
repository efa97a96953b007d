"""Every reader's order: whole, random, blind to the label, with repeats far from their first showing."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from brainlab.reading.order import draw_order

REAL = [number % 5 == 0 for number in range(250)] + [True, False] * 3
PRACTICE = [False] * 250 + [True] * 6


@pytest.mark.parametrize("seed", range(5))
def test_every_case_once_and_repeats_apart(seed):
    order = draw_order(REAL, PRACTICE, 25, (seed, 0, 1))
    first = {s.case: place for place, s in enumerate(order) if s.occurrence == 1}
    second = {s.case: place for place, s in enumerate(order) if s.occurrence == 2}
    assert sorted(first) == list(range(256))
    assert [s.phase for s in order[:6]] == ["practice"] * 6
    assert len(second) == 25
    assert min(second[case] - first[case] for case in second) > 30
    assert all(order[place].phase == "repeat" for place in second.values())


def test_labels_say_nothing_about_positions():
    rhos = []
    for seed in range(30):
        order = draw_order(REAL, PRACTICE, 25, (seed, 0, 1))[6:]
        rhos.append(spearmanr([REAL[s.case] for s in order], range(len(order))).statistic)
    assert max(map(abs, rhos)) <= 0.1
    assert abs(np.mean(rhos)) < 0.03


def test_orders_differ_between_readers_and_rounds_and_can_be_drawn_again():
    orders = [draw_order(REAL, PRACTICE, 25, seed) for seed in ((1, 0, 1), (1, 1, 1), (1, 0, 2), (2, 0, 1))]
    assert all(a != b for k, a in enumerate(orders) for b in orders[:k])
    assert draw_order(REAL, PRACTICE, 25, (1, 0, 1)) == orders[0]


@pytest.mark.parametrize("cases", [1, 2, 3, 5])
def test_tiny_studies_do_not_fail(cases):
    order = draw_order([True] * cases, [False] * cases, cases, (0, 0, 1))
    assert sorted(s.case for s in order if s.occurrence == 1) == list(range(cases))
