"""Which readers read which cases of a pool that is too large for each of them to read all of it.

Anchor cases are read by every reader: they tell how far any two agree. The other cases, in as many blocks as there are
readers, rotate: block k is read by reader k and those who follow, so that each case has as many readings as any other
and each reader as many cases. As many readings then tell more, since more cases are read: a split-plot design
(Obuchowski, Gallas and Hillis 2012, Acad Radiol 19:1508-1517; Chen, Gong and Gallas 2018, J Med Imaging 5:031410).
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """A large pool shared out among readers.

    anchors: cases that every reader reads. readings: readers of every other case.
    """

    anchors: int
    readings: int


def most_cases(chosen: Allocation | None, cases: int, readers: int) -> int:
    """Return how many different cases of a pool a reader reads at most: readers differ by one case at most."""
    if chosen is None or readers < 1:
        return cases
    return chosen.anchors + -(-(cases - chosen.anchors) * chosen.readings // readers)


def share_in_words(chosen: Allocation | None, cases: int, readers: int) -> str:
    """Say how many different cases of a pool each reader reads: `84`, or `83 or 84` where they differ by one."""
    most = most_cases(chosen, cases, readers)
    uneven = chosen is not None and (cases - chosen.anchors) * chosen.readings % readers
    return f"{most - 1} or {most}" if uneven else str(most)


def pool_size(anchors: int, readings: int, readers: int, cap: int) -> int:
    """Return how many cases readers can read between them: anchors + readers (cap - anchors) // readings.

    cap: cases that each of them reads, at least as many as anchors.
    """
    return anchors + readers * (cap - anchors) // readings


def overlap(chosen: Allocation | None, cases: int, readers: int) -> float:
    """Return which share of a reader's cases another reader reads too, in the mean over all two readers."""
    if chosen is None or readers < 2:
        return 1.0
    turns = chosen.readings * (chosen.readings - 1) / (readers * (readers - 1))
    both = chosen.anchors + (cases - chosen.anchors) * turns
    return both / (chosen.anchors + (cases - chosen.anchors) * chosen.readings / readers)


def allocation_problems(chosen: Allocation | None, cases: int, readers: int) -> list[tuple[bool, str]]:
    """Return each thing that may be wrong with an allocation, and whether it is."""
    if chosen is None:
        return []
    anchors, readings = chosen.anchors, chosen.readings
    name = "allocation"
    return [
        (
            not 1 <= readings < readers,
            f"{name}: readings of a case need 1 to fewer than the {readers} readers, got {readings}",
        ),
        (
            not 0 <= anchors <= cases - readers,
            f"{name}: needs 0 or more anchors and a case for each of {readers} readers beside them; {cases} cases have "
            f"{anchors} anchors",
        ),
        (
            anchors == 0 and readings == 1,
            f"{name}: without anchors, and with one reading a case, no two readers judge the same case",
        ),
    ]
