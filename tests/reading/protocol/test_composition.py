"""How many images of each source make whole cases."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.reading.protocol.composition import (
    cases_of,
    composition_fault,
    fitting_numbers,
    practice_counts,
    shared_heights,
)
from brainlab.reading.protocol.design import Protocol, Reader, Source, usual_instructions
from brainlab.reading.protocol.questions import ONE_FAKE, ONE_REAL, RANKING, VERDICT, WHICH, Question


def _protocol(question: Question, real: int, *fakes: int) -> Protocol:
    sources = [Source(kind="cohort", name="people", n=real)]
    sources += [Source(kind="run", name=f"run {k}", n=n) for k, n in enumerate(fakes)]
    return Protocol(title="t", sources=tuple(sources), readers=(Reader(code="A"),), questions=(question,))


def test_cases_are_groups():
    assert _protocol(ONE_REAL, 6, 12, 6).cases == 6
    assert _protocol(ONE_FAKE, 18, 4, 2).cases == 6
    assert _protocol(WHICH, 6, 4, 2).cases == 6
    assert _protocol(Question(key="r", kind="ranking", text="?", images=3), 5, 5, 5).cases == 5
    assert cases_of(VERDICT, [("a", "real", 3), ("b", "fake", 4)]) == 7


@pytest.mark.parametrize(
    ("question", "numbers", "fault"),
    [
        (ONE_REAL, (6, 12), "cases of 4 images need 3 fake images for each real one, got 6 real and 12 fake"),
        (ONE_FAKE, (6, 6), "cases of 4 images need 3 real images for each fake one, got 6 real and 6 fake"),
        (ONE_REAL, (6, 10, 8), "run 0: the 3 fake images of a case are of one source; needs a multiple of 3, got 10"),
        (WHICH, (3, 10), "pairs need as many real as fake images, got 3 real and 10 fake"),
        (RANKING, (5, 5, 5), "a ranking of 2 images needs 2 sources, got 3"),
        (RANKING, (5, 4), "a ranking needs as many images of every source, got 5, 4"),
        (Question(key="w", kind="alternatives", text="?", images=3), (1, 2), "alternatives need 2, 4, 6, 8 images"),
        (Question(key="w", kind="ranking", text="?", images=9), (1,) * 9, "a ranking needs 2 to 8 images"),
        (Question(key="w", kind="pair", text="?", images=2), (1, 1), "only alternatives and a ranking have images"),
    ],
)
def test_what_makes_no_whole_cases_is_one_line(question, numbers, fault):
    with pytest.raises(InputError, match=fault):
        _protocol(question, *numbers)


def test_practice_takes_whole_cases():
    assert practice_counts(ONE_REAL, ["real", "fake", "fake"], 3) == [3, 6, 3]
    assert practice_counts(ONE_FAKE, ["real", "fake", "real"], 3) == [6, 3, 3]
    assert practice_counts(WHICH, ["real", "fake", "fake"], 3) == [3, 2, 1]
    assert practice_counts(RANKING, ["real", "fake"], 3) == [3, 3]
    assert practice_counts(VERDICT, ["real", "fake", "fake"], 5) == [3, 1, 1]
    assert practice_counts(VERDICT, ["fake", "fake"], 3) == [2, 1]


def test_instructions_say_what_is_seen():
    assert "4 images at a time, of which one is fake and the others are real" in usual_instructions(ONE_FAKE)
    assert "Rank them" in usual_instructions(RANKING)


@pytest.mark.parametrize(
    ("question", "sources", "practice"),
    [
        (ONE_REAL, (("people", "real", 7), ("a", "fake", 12), ("b", "fake", 9)), 3),
        (ONE_FAKE, (("people", "real", 10), ("a", "fake", 5), ("others", "real", 5)), 2),
        (WHICH, (("people", "real", 6), ("a", "fake", 2), ("b", "fake", 4)), 0),
        (RANKING, (("people", "real", 6), ("a", "fake", 6)), 2),
    ],
)
def test_as_many_images_of_each_kind_lie_at_each_height(question, sources, practice):
    """So that all images of a case can be of one height, practice apart."""
    heights = shared_heights(question, sources, practice, np.random.default_rng(0))
    dealt = practice_counts(question, [label for _, label, _ in sources], practice)
    assert [len(own) for own in heights] == [n + more for (_, _, n), more in zip(sources, dealt, strict=True)]
    cases = cases_of(question, sources)
    for practised, number in ((False, cases), (True, practice)):
        found = {}
        for own, (_, label, n) in zip(heights, sources, strict=True):
            found.setdefault(label, []).extend(own[n:] if practised else own[:n])
        counts = {label: np.unique(own, return_counts=True) for label, own in found.items() if own}
        for steps, each in counts.values():
            assert len(steps) == number
            assert len(set(each)) == 1
            assert np.allclose(np.diff(steps), 1 / number)
            assert 0 <= steps[0] < steps[-1] < 1
        assert len({tuple(steps) for steps, _ in counts.values()}) <= 1
    again = shared_heights(question, sources, practice, np.random.default_rng(1))
    assert not np.array_equal(again[0], heights[0])


@pytest.mark.parametrize(
    ("question", "given", "fitting"),
    [
        (ONE_REAL, (10, 5, 5), [10, 15, 15]),
        (ONE_REAL, (10, 2, 2, 6), [10, 12, 9, 9]),
        (ONE_REAL, (1, 5, 5), [1, 3, 0]),
        (ONE_FAKE, (10, 5, 5), [30, 5, 5]),
        (WHICH, (10, 2, 3), [10, 5, 5]),
        (RANKING, (10, 2, 3), [2, 2, 2]),
        (VERDICT, (10, 2, 3), [10, 2, 3]),
    ],
)
def test_numbers_that_fit_make_whole_cases(question, given, fitting):
    supplied = [(f"s{place}", "fake" if place else "real", n) for place, n in enumerate(given)]
    numbers = fitting_numbers(question, supplied)
    assert numbers == fitting
    kept = [(name, label, n) for (name, label, _), n in zip(supplied, numbers, strict=True) if n]
    assert question.kind == "ranking" or composition_fault(question, kept) is None
