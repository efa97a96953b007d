"""The planner's readers behave as asked, and its widths are those of the real statistics."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.reading.accuracy import wilson
from brainlab.reading.design import Protocol, Reader, Source
from brainlab.reading.planner import _read, _sharing, plan


def protocol(n: int, readers: int = 2) -> Protocol:
    return Protocol(
        title="Plan",
        sources=(Source(kind="cohort", name="people", n=n), Source(kind="run", name="model", n=n)),
        readers=tuple(Reader(code=f"R{k}") for k in range(readers)),
    )


def test_four_times_the_cases_halve_the_widths():
    small, large = (plan(protocol(n), repetitions=120) for n in (25, 100))
    assert small.kappa_width / large.kappa_width == pytest.approx(2, rel=0.1)
    assert small.accuracy_width / large.accuracy_width == pytest.approx(2, rel=0.1)


def test_kappa_is_what_was_asked_or_what_the_shares_imply():
    assert plan(protocol(20), kappa=0.5, repetitions=5).kappa == pytest.approx(0.5)
    assert plan(protocol(20), sensitivity=1, specificity=1, kappa=0.2, repetitions=5).kappa == 1


def test_simulated_kappa_has_the_population_value():
    called = np.repeat([0.8, 0.4], 20000)
    correlation, kappa = _sharing(np.array([0.5, 0.5]), np.array([0.8, 0.4]), 0.6)
    first, second = _read(called, correlation, np.random.default_rng(0))
    agreement, share = (first == second).mean(), called.mean()
    chance = share**2 + (1 - share) ** 2
    assert (agreement - chance) / (1 - chance) == pytest.approx(kappa, abs=0.02)


def test_one_reader_has_no_kappa_and_the_source_width_is_wilsons():
    alone = plan(protocol(50, readers=1), repetitions=5)
    assert alone.kappa is None
    assert alone.kappa_width is None
    half = wilson(25, 50)
    assert alone.source_width == pytest.approx(half.high - half.low)


def test_shares_are_checked():
    with pytest.raises(InputError, match="sensitivity"):
        plan(protocol(5), sensitivity=1.2)
