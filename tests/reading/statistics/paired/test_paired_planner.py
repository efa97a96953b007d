"""The power and width that the planner promises are those that simulated studies have."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from brainlab.errors import InputError
from brainlab.measures.accuracy import placements
from brainlab.measures.binormal_areas import area_covariance, area_covariance_over_real, pair_covariance
from brainlab.measures.obuchowski_rockette import ReaderTest, reader_test
from brainlab.measures.reader_difference import placement_difference, placement_difference_of_groups
from brainlab.reading.statistics.paired.planner import PairedDesign, expect, sample_sizes, smallest_study

ROUNDS = 500


def separation(area: np.ndarray | float) -> np.ndarray:
    """Distance of the means of real and fake scores that gives an area."""
    return np.sqrt(2) * special.ndtri(area)


def confidence(scores: np.ndarray) -> np.ndarray:
    """Signed confidence from 1 to 5, as readers give it."""
    level = np.digitize(np.abs(scores), [0.25, 0.6, 1.0, 1.6]) + 1
    return np.where(scores > 0, level, -level).astype(float)


def scored(level: np.ndarray, case: np.ndarray, rho: float, random: np.random.Generator) -> np.ndarray:
    """Scores [cases, readers] of readers whose scores of one case correlate by `rho`."""
    own = random.standard_normal((len(case), len(level)))
    return level + np.sqrt(rho) * case[:, None] + np.sqrt(1 - rho) * own


def one_study(design: PairedDesign, readers: int, real: int, random: np.random.Generator) -> ReaderTest:
    """Draw a study whose readers give confidence, and test it as the report does."""
    rho, codes = design.correlation, np.zeros(real, dtype=int)
    of_real, of_fake, of_other = random.standard_normal((3, real))
    shift = random.normal(0, design.reader_sd, readers)
    machine = design.kind == "machine"
    first = separation(np.clip(design.first + (0 if machine else shift), 0.5, 0.999) * np.ones(readers))
    second = separation(np.clip(design.second - (shift if machine else 0), 0.5, 0.999) * np.ones(readers))
    if design.kind == "sources":
        middle = (first + second) / 4
        shown = confidence(scored(middle, of_real, rho, random))
        fakes = [scored(middle - d, of, rho, random) for d, of in ((first, of_fake), (second, of_other))]
        wins = [placements(shown, confidence(group)) for group in fakes]
        found = placement_difference_of_groups(*wins, codes)
    else:
        own, twin = (random.standard_normal((2, real, readers)) for _ in range(2))
        sides = []
        for number, distance in enumerate((first, second)):
            again = design.again - rho
            parts = []
            for place, (case, sign) in enumerate(((of_real, 0.5), (of_fake, -0.5))):
                rest = np.sqrt(1 - rho - again) * random.standard_normal((real, readers))
                parts.append(sign * distance + np.sqrt(rho) * case[:, None] + np.sqrt(again) * own[place] + rest)
            if machine and number == 0:
                alone = [
                    sign * distance[0] + np.sqrt(rho) * case + np.sqrt(1 - rho) * twin[place][:, 0]
                    for place, (case, sign) in enumerate(((of_real, 0.5), (of_fake, -0.5)))
                ]
                sides.append(placements(*alone)[..., None])
            else:
                sides.append(placements(*(confidence(part) for part in parts)))
        found = placement_difference(sides[0] - sides[1], codes, codes)
    return reader_test(found.values, found.covariance, found.n)


@pytest.mark.parametrize("kind", ["sources", "conditions", "machine"])
def test_the_power_and_width_promised_are_those_of_simulated_studies(kind):
    design = PairedDesign(kind=kind, first=0.85, second=0.75)
    plan = smallest_study(design, 5, power=0.8)
    random = np.random.default_rng(0)
    tests = [one_study(design, 5, plan.real, random) for _ in range(ROUNDS)]
    power = np.mean([test.p < 0.05 for test in tests])
    width = np.mean([test.high - test.low for test in tests])
    assert 0.8 <= plan.power < 0.85
    assert power == pytest.approx(plan.power, abs=0.07)
    assert width == pytest.approx(plan.width, rel=0.08)


def test_without_a_difference_the_power_is_the_level():
    design = PairedDesign(kind="sources", first=0.8, second=0.8)
    assert expect(design, 5, 50, repetitions=4000).power == pytest.approx(0.05, abs=0.012)


def test_more_cases_and_more_readers_give_more_power_and_narrower_intervals():
    design = PairedDesign(kind="machine", first=0.85, second=0.8)
    plans = [expect(design, readers, real) for readers, real in ((3, 30), (3, 120), (8, 120))]
    assert plans[0].power < plans[1].power < plans[2].power
    assert plans[0].width > plans[1].width > plans[2].width


def test_a_pool_shared_out_has_the_power_of_more_cases_and_less_than_that_of_all_read_by_all():
    """Five readers of 60 real cases each: the same 60, or 20 anchors and 40 of their own."""
    design = PairedDesign(kind="sources", first=0.85, second=0.78)
    same, pool, everything = (
        expect(replace(design, overlap=share), 5, real) for share, real in ((1.0, 60), (1 / 3, 60), (1.0, 220))
    )
    assert same.power < pool.power < everything.power
    assert same.width > pool.width > everything.width
    with pytest.raises(InputError, match="overlap"):
        replace(design, overlap=1.2)


def test_the_smallest_study_has_what_was_wanted_and_one_case_less_has_not():
    design = PairedDesign(kind="sources", first=0.9, second=0.8, fakes_per_real=2)
    plan = smallest_study(design, 6, width=0.15)
    assert plan.width <= 0.15 < expect(design, 6, plan.real - 1).width
    assert (plan.fake, plan.cases) == (2 * plan.real, 5 * plan.real)
    both = smallest_study(design, 6, width=0.15, power=0.95)
    assert both.real >= plan.real


def test_readers_who_differ_much_cannot_be_made_up_for_by_cases():
    design = PairedDesign(kind="conditions", first=0.8, second=0.75, reader_sd=0.1)
    sizes = sample_sizes(design, power=0.8, readers=(2, 3), repetitions=200)
    assert sizes == {2: None, 3: None}
    assert smallest_study(replace(design, reader_sd=0.0), 3, power=0.8, repetitions=200) is not None


def test_variances_of_areas_are_those_of_normal_scores():
    # Hanley and McNeil 1982 for normal scores: Q1 and Q2 are the chances that two pairs with a case in common both win.
    random = np.random.default_rng(1)
    d, rho, areas = separation(0.8), 0.5, []
    for _ in range(4000):
        case = random.standard_normal(40)
        scores = scored(np.zeros(2), case, rho, random) + np.where(np.arange(40) < 15, d, 0)[:, None]
        areas.append(placements(scores[:15], scores[15:]).mean(axis=(0, 1)))
    found = np.cov(np.array(areas).T)
    assert area_covariance(0.8, 0.8, 1, 15, 25) == pytest.approx(found[0, 0], rel=0.06)
    assert area_covariance(0.8, 0.8, rho, 15, 25) == pytest.approx(found[0, 1], rel=0.08)


def test_pairs_without_anything_in_common_do_not_covary():
    assert pair_covariance(0.8, 0.7, 0) == 0
    assert pair_covariance(0.8, 0.7, 1) == pytest.approx(0.7 - 0.56)
    assert area_covariance_over_real(0.8, 0.7, 1, 20) == pytest.approx(pair_covariance(0.8, 0.7, 0.5) / 20)


@pytest.mark.parametrize(
    ("changes", "wanted", "words"),
    [
        ({"first": 1.0}, {"power": 0.8}, "first must lie between 0 and 1, got 1"),
        ({"correlation": 1.2}, {"power": 0.8}, "correlation must lie between 0 and 1"),
        ({"reader_sd": -0.1}, {"power": 0.8}, "reader_sd must lie"),
        ({"kind": "colours"}, {"power": 0.8}, "must be one of sources, conditions, machine"),
        ({}, {}, "needs a power or a width"),
        ({}, {"power": 1.0}, "power must lie between 0.05 and 1"),
        ({}, {"width": 0.0}, "width must lie between 0 and 2"),
        ({"second": 0.85}, {"power": 0.8}, "two ROC areas that differ"),
    ],
)
def test_what_cannot_be_planned_is_one_line(changes, wanted, words):
    with pytest.raises(InputError, match=words):
        smallest_study(PairedDesign(**{"kind": "sources", "first": 0.85, "second": 0.75, **changes}), 5, **wanted)


def test_a_study_needs_two_readers_and_two_cases():
    with pytest.raises(InputError, match="two readers and two cases of each kind, got 1 readers"):
        expect(PairedDesign(kind="sources", first=0.85, second=0.75), 1, 50)
