"""What is written beside an image: its diffusion weighting and its person's row."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.headers.frames import frames_of
from brainlab.cohort.dicom.series import sort_series
from brainlab.cohort.dicom.writing import add_row, weighting_of
from brainlab.errors import InputError
from tests.dicom_files import SAGITTAL, save_all, series

TOWARDS = {"head": (0.0, 0.0, 1.0), "back": (0.0, 1.0, 0.0), "left": (1.0, 0.0, 0.0)}
"""Directions as DICOM has them."""


@pytest.mark.parametrize(("towards", "written"), [("head", (0, -1, 0)), ("back", (-1, 0, 0)), ("left", (0, 0, -1))])
def test_directions_are_along_the_axes_of_the_image(towards: str, written: tuple[int, ...], tmp_path: Path):
    """Sagittal: columns run to the back, rows to the feet, slices to the right. FSL turns the first axis round."""
    images: list[Dataset] = []
    for b_value in (0.0, 700.0):
        weighted = {"DiffusionGradientOrientation": list(TOWARDS[towards])} if b_value else {}
        images += series(4, orientation=SAGITTAL, SeriesInstanceUID="1.2.3", DiffusionBValue=b_value, **weighted)
    found = [frame for path in save_all(images, tmp_path) for frame in frames_of(path)]  # type: ignore[union-attr]
    [volume] = sort_series(found).volumes
    b_values, directions = weighting_of(volume)
    assert b_values == [0, 700]
    assert np.array_equal(directions, [(0, 0, 0), written])


def test_a_row_is_added_once_and_others_stay(tmp_path: Path):
    table = tmp_path / "participants.tsv"
    for _ in range(2):
        add_row(table, "participant_id", "sub-01", {"age": "57", "sex": None}, ("age", "sex"))
    add_row(table, "participant_id", "sub-02", {"age": None, "sex": "M"}, ("age", "sex"))
    assert table.read_text(encoding="utf-8") == "participant_id\tage\tsex\nsub-01\t57\tn/a\nsub-02\tn/a\tM\n"


def test_a_table_without_names_is_not_touched(tmp_path: Path):
    table = tmp_path / "participants.tsv"
    table.write_text("id,age\n", encoding="utf-8")
    with pytest.raises(InputError, match="needs a column participant_id, got id,age"):
        add_row(table, "participant_id", "sub-01", {})
