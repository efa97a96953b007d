"""Scanners differ alike for every class unless the bias is asked for."""

import numpy as np

from brainlab.simulation.sequences.scanners import BIASED_SCANNER, draw_scanner


def names(class_name, bias):
    rng = np.random.default_rng(1)
    return [draw_scanner(rng, class_name, bias).name for _ in range(400)]


def test_people_are_scanned_at_the_sites_that_are_named():
    rng = np.random.default_rng(1)
    assert {draw_scanner(rng, "ms", "none", ("C", "D")).name for _ in range(100)} == {"C", "D"}
    assert len(set(names("ms", "none"))) == 5


def test_without_bias_every_class_has_the_same_scanners():
    assert names("ms", "none") == names("healthy", "none")
    assert BIASED_SCANNER.name not in names("ms", "none")


def test_bias_sends_most_of_multiple_sclerosis_elsewhere():
    share = np.mean([name == BIASED_SCANNER.name for name in names("ms", "seed")])
    assert 0.75 < share < 0.95
    assert names("leuko2", "seed") == names("leuko2", "none")
