"""People and sizes of the sources of a study."""

from types import SimpleNamespace

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.experiments.studies.sources import people_in_all, people_shown, refuse_other_sizes
from brainlab.images.grid import Grid
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.sealing import Case


def protocol(**changes):
    return Protocol(
        title="Sizes", sources=(Source(kind="cohort", name="a", n=1),), readers=(Reader(code="A"),), **changes
    )


def supply(name, shape=None, mm=1.0, plane=None):
    grid = Grid(shape, np.diag([mm, mm, mm, 1]), plane) if shape else None
    return SimpleNamespace(source=SimpleNamespace(name=name), grid=grid)


VOLUMES = supply("simulated", (40, 48, 40), 4)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (supply("flow", (128, 128), 1.5, "axial"), "axial slices of 128 x 128 pixels of 1.5 x 1.5 mm in flow"),
        (supply("fine", (40, 48), 2, "axial"), "axial slices of 40 x 48 pixels of 2 x 2 mm in fine"),
    ],
)
def test_slices_of_another_size_are_refused_with_both_names(other, said):
    with pytest.raises(InputError) as caught:
        refuse_other_sizes([VOLUMES, other], protocol())
    assert str(caught.value) == (
        "sources: needs images of one size, got volumes of 40 x 48 x 40 voxels of 4 x 4 x 4 mm in simulated and "
        f"{said}; leave one of them out, or give the protocol a harmonisation"
    )


def test_slices_of_one_size_go_together_wherever_they_are_cut_from():
    others = [supply("taller", (40, 48, 41), 4), supply("slices", (40, 48), 4, "axial"), supply("folder")]
    refuse_other_sizes([VOLUMES, *others], protocol())


def test_volumes_are_compared_whole():
    with pytest.raises(InputError, match="40 x 48 x 41 voxels of 4 x 4 x 4 mm in other"):
        refuse_other_sizes([VOLUMES, supply("other", (40, 48, 41), 4)], protocol(stimulus="volume"))


def test_people_are_counted_without_practice_and_by_source():
    case = {"pixels": np.zeros((2, 2), np.uint8), "voxel_size_mm": (1.0, 1.0), "label": "real"}
    cases = [
        Case(**case, source=source, participant_hash=who, practice=practice)
        for source, who, practice in (
            ("a", "p", False),
            ("a", "p", False),
            ("a", "q", False),
            ("a", "r", True),
            ("b", "p", False),
            ("folder", None, False),
        )
    ]
    assert people_shown(cases) == {"a": 2, "b": 1}
    assert people_in_all(cases) == {"cases": 5, "known": 4, "people": 2}, "p is in both sources"
