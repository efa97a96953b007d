"""How many images of each source make a case, and a study: one, or several side by side.

A pair is one real and one fake image. Alternatives are one image of the kind that is looked for (`Question.wanted`)
among others of the other kind, all fake ones from one source, so that every figure is one of a source. A ranking has
one image of every source.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from brainlab.reading.protocol.questions import LABELS, Question
from brainlab.types import FloatArray

Supplied = tuple[str, str | None, int]
"""A source: name, label (None where it is not known) and number of images."""


def wanted_label(first: Question) -> str:
    """Return the label of the image that is looked for in a case of several: of a pair the real one."""
    return "real" if first.kind == "pair" else first.wanted


def wanted_and_others(first: Question) -> dict[str, int]:
    """Return how many real and fake images a pair or a case of alternatives has."""
    wanted = wanted_label(first)
    other = "fake" if wanted == "real" else "real"
    return {wanted: 1, other: len(first.places) - 1}


def cases_of(first: Question, sources: Sequence[Supplied]) -> int:
    """Return the number of different cases that a study of these sources has."""
    if first.kind == "ranking":
        return sources[0][2]
    if not first.places:
        return sum(n for _, _, n in sources)
    wanted = wanted_label(first)
    return sum(n for _, label, n in sources if label == wanted)


def composition_fault(first: Question, sources: Sequence[Supplied]) -> str | None:
    """Return why sources do not make whole cases, if they do not."""
    if first.kind == "ranking":
        numbers = [n for _, _, n in sources]
        if first.images != len(sources):
            return f"a ranking of {first.images} images needs {first.images} sources, got {len(sources)}"
        if len(set(numbers)) > 1:
            return f"a ranking needs as many images of every source, got {', '.join(map(str, numbers))}"
        return None
    if not first.places:
        return None
    each = wanted_and_others(first)
    counts = {label: sum(n for _, given, n in sources if given == label) for label in LABELS}
    if counts["real"] * each["fake"] != counts["fake"] * each["real"]:
        needed = "as many real as fake images" if each["real"] == each["fake"] else _ratio(each)
        what = "pairs need" if len(first.places) == 2 else f"cases of {len(first.places)} images need"
        return f"{what} {needed}, got {counts['real']} real and {counts['fake']} fake"
    fakes = each["fake"]
    for name, label, n in sources:
        if label == "fake" and n % fakes:
            return f"{name}: the {fakes} fake images of a case are of one source; needs a multiple of {fakes}, got {n}"
    return None


def _ratio(each: dict[str, int]) -> str:
    many, one = sorted(each, key=lambda label: -each[label])
    return f"{each[many]} {many} images for each {one} one"


def fitting_numbers(first: Question, sources: Sequence[Supplied]) -> list[int]:
    """Return numbers of images of each source that make whole cases: those of the kind that is looked for stay.

    The others are shared out evenly, so that each case has its own from one source; 0 where there are too few for all.
    """
    numbers = [n for _, _, n in sources]
    if first.kind == "ranking":
        return [min(numbers, default=0)] * len(numbers)
    if not first.places:
        return numbers
    wanted, cases = wanted_label(first), cases_of(first, sources)
    others = [place for place, (_, label, _) in enumerate(sources) if label != wanted]
    for turn, place in enumerate(others):
        share = cases // len(others) + (turn < cases % len(others))
        numbers[place] = share * (len(first.places) - 1)
    return numbers


def practice_counts(first: Question, labels: Sequence[str], practice: int) -> list[int]:
    """Deal the images of `practice` cases to the sources, whose labels are given: real and fake ones in turn."""
    counts = [0] * len(labels)
    if first.kind == "ranking":
        return [practice] * len(labels)
    if first.places:
        for _, source, n in _practice_turns(first, labels, practice):
            counts[source] += n
        return counts
    turns = [places for places in _by_label(labels).values() if places]
    for number in range(practice):
        group = turns[number % len(turns)]
        counts[group[number // len(turns) % len(group)]] += 1
    return counts


def shared_heights(
    first: Question, sources: Sequence[Supplied], practice: int, lot: np.random.Generator
) -> list[FloatArray]:
    """Return how high in the range of slices each image of each source lies, from 0 to 1, practice last.

    All images of a case lie at one height, and the cases evenly over the range. Were heights dealt to each source by
    itself, then the one image that is looked for would often be the one whose height is its own.
    """
    labels = [label or "" for _, label, _ in sources]
    cases, drills = _evenly(cases_of(first, sources), lot), _evenly(practice, lot)
    if first.kind == "ranking":
        return [np.concatenate([cases, drills]) for _ in sources]
    rest = {label: np.repeat(cases, n) for label, n in wanted_and_others(first).items()}
    heights = []
    for _, label, n in sources:
        heights.append(rest[label or ""][:n])
        rest[label or ""] = rest[label or ""][n:]
    for number, source, n in _practice_turns(first, labels, practice):
        heights[source] = np.append(heights[source], [drills[number]] * n)
    return heights


def _practice_turns(first: Question, labels: Sequence[str], practice: int) -> Iterator[tuple[int, int, int]]:
    """Say of each practice case which sources give how many images to it: (case, source, images)."""
    groups = _by_label(labels)
    for number in range(practice):
        for label, n in wanted_and_others(first).items():
            yield number, groups[label][number % len(groups[label])], n


def _by_label(labels: Sequence[str]) -> dict[str, list[int]]:
    return {label: [i for i, own in enumerate(labels) if own == label] for label in LABELS}


def _evenly(n: int, lot: np.random.Generator) -> FloatArray:
    """Return `n` heights at even distances, in an order drawn by lot."""
    return (lot.permutation(n) + lot.uniform()) / max(n, 1)
