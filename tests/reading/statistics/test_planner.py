"""The planner's readers behave as asked, and its widths are those of the real statistics."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.measures.accuracy import wilson
from brainlab.reading.protocol.allocation import Allocation
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.statistics.planner import _read, _sharing, plan
from brainlab.reading.statistics.study_statistics import study_statistics


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


def test_more_readers_narrow_what_is_said_of_all_of_them():
    two, three, eight = (plan(protocol(40, readers), repetitions=60) for readers in (2, 3, 8))
    assert two.fleiss_width is None
    assert eight.fleiss_width < three.fleiss_width < two.kappa_width
    assert eight.mean_accuracy_width < three.mean_accuracy_width < two.mean_accuracy_width < two.accuracy_width
    assert plan(protocol(40, 1), repetitions=5).mean_accuracy_width is None


def test_hidden_repeats_say_how_well_a_reader_agrees_with_themself():
    few, many = (plan(replace(protocol(100), repeats_share=share), repetitions=60) for share in (0.1, 0.4))
    assert few.repeat_kappa == pytest.approx(0.7)
    assert few.repeat_kappa_width / many.repeat_kappa_width == pytest.approx(2, rel=0.15)
    none = plan(replace(protocol(100), repeats_share=0), repetitions=5)
    assert (none.repeat_kappa, none.repeat_kappa_width) == (None, None)


def test_widths_are_those_of_the_report():
    # One study that reads as the planner assumes, through the report's own statistics.
    wide = plan(protocol(100, 3), repetitions=60)
    answers = _read(np.repeat([0.8, 0.4], 100), _sharing(np.array([0.5, 0.5]), np.array([0.8, 0.4]), 0.5)[0],
                    np.random.default_rng(8), 3)  # fmt: skip
    reader, case = np.indices(answers.shape)
    frame = pd.DataFrame(
        {
            "reader": reader.ravel().astype(str),
            "case": case.ravel().astype(str),
            "answer": np.where(answers.ravel() == 1, "real", "fake"),
            "truth": np.where(case.ravel() < 100, "real", "fake"),
            "source": np.where(case.ravel() < 100, "people", "model"),
        }
    )
    report = study_statistics(frame)
    found = {
        "kappa_width": report["cohens_kappa"][0],
        "fleiss_width": report["fleiss_kappa"],
        "accuracy_width": report["per_reader"]["0"]["accuracy"],
        "mean_accuracy_width": report["all_readers"]["accuracy"]["these_readers"],
    }
    for name, figure in found.items():
        assert figure["high"] - figure["low"] == pytest.approx(getattr(wide, name), rel=0.1)


def test_shares_are_checked():
    with pytest.raises(InputError, match="sensitivity"):
        plan(protocol(5), sensitivity=1.2)
    with pytest.raises(InputError, match="self_kappa"):
        plan(protocol(5), self_kappa=-0.1)


def test_a_pool_shared_out_makes_the_mean_of_readers_more_precise_than_as_many_readings_of_the_same_cases():
    pool = replace(protocol(100, readers=5), allocation=Allocation(anchors=20, readings=2))
    same = protocol(46, readers=5)
    assert pool.cases_each == 92 == same.cases
    shared, common = plan(pool, repetitions=60), plan(same, repetitions=60)
    assert shared.mean_accuracy_width < 0.9 * common.mean_accuracy_width
    assert shared.accuracy_width == pytest.approx(common.accuracy_width, rel=0.05)
    assert shared.fleiss_width > common.fleiss_width  # of 20 anchors
    assert shared.kappa_width > common.kappa_width


def test_without_anchors_there_is_no_kappa_of_all_readers():
    assert (
        plan(replace(protocol(30, 4), allocation=Allocation(anchors=0, readings=2)), repetitions=5).fleiss_width is None
    )
