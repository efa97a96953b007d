"""Sharing out a pool of cases among readers: anchors for all, rotating blocks for the rest (see `protocol.allocation`).

All is drawn by lot under the study's salt, and every reader has the sources in the same parts, so that who reads a case
says nothing of what it is.
"""

from collections.abc import Sequence

import numpy as np

from brainlab.reading.protocol.allocation import Allocation
from brainlab.types import BoolArray, IntArray


def allot(sources: Sequence[str], readers: int, chosen: Allocation | None, lot: np.random.Generator) -> BoolArray:
    """Return which reader reads which case, [cases, readers].

    sources: of each case. chosen: None gives all cases to all readers.
    Anchors, and the cases of each block, are taken from the sources by their sizes, to within a case.
    """
    reads = np.ones((len(sources), readers), dtype=bool)
    if chosen is None:
        return reads
    names = np.asarray(sources)
    groups = [lot.permutation(np.flatnonzero(names == name)) for name in lot.permutation(sorted(set(sources)))]
    taken = _parts(np.array([len(group) for group in groups]), chosen.anchors)
    rest = np.concatenate([group[n:] for group, n in zip(groups, taken, strict=True)])
    seats = lot.permutation(readers)  # who sits where in the rotation
    for case, block in zip(rest, _blocks(len(rest), readers), strict=True):
        reads[case] = False
        reads[case, seats[(block + np.arange(chosen.readings)) % readers]] = True
    return reads


def _parts(sizes: IntArray, wanted: int) -> IntArray:
    """Share out `wanted` among groups by their sizes; what is left over goes to those that lack the most."""
    exact = sizes * wanted / sizes.sum()
    parts = np.floor(exact).astype(int)
    for group in np.argsort(parts - exact, kind="stable")[: wanted - parts.sum()]:
        parts[group] += 1
    return parts


def _blocks(cases: int, readers: int) -> IntArray:
    """Deal cases to blocks in turn. A last turn that is not full takes blocks at even distances around the circle.

    Any blocks that follow each other then hold as many cases, to within one, as any others: so do readers.
    """
    full, left = divmod(cases, readers)
    return np.concatenate([np.tile(np.arange(readers), full), np.arange(left) * readers // max(left, 1)])
