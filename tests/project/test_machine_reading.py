"""The benchmark in which a network reads a study: nobody is in the study and in what the network learnt from."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.reading.machine_reading import MachineReader, halves
from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.scan_table import COLUMNS


def test_a_persons_scans_are_all_in_one_half_with_their_images(tmp_path) -> None:
    people = [f"p{place % 7}" for place in range(20)]
    rows = [dict.fromkeys(COLUMNS, np.nan) | {"participant": name, "class": "ms", "split": "test"} for name in people]
    for session, row in enumerate(rows):
        row["session"] = str(session)
    recipe = {"name": "test", "shape": [4, 4, 4], "affine": np.eye(4).tolist(), "simulated": True}
    levels = np.arange(20, dtype=np.float32)[:, None, None, None] / 255 * np.ones((20, 4, 4, 4), np.float32)
    data = write_prepared(tmp_path / "all", levels, pd.DataFrame(rows), recipe)
    parts = halves(data, 0, tmp_path)
    names = [set(part.scans["participant"]) for part in parts]
    assert not names[0] & names[1]
    assert (len(names[0]), len(names[1]), sum(map(len, parts))) == (3, 4, 20)
    for part in parts:
        assert np.array_equal(part.volumes[:, 0, 0, 0], part.scans["session"].astype(int))


class Odds:
    def __init__(self, probability: float) -> None:
        self.value = math.log(probability / (1 - probability))

    def decision_function(self, images: np.ndarray) -> np.ndarray:
        assert images.shape == (1, 3, 2)
        return np.array([self.value])


@pytest.mark.parametrize(
    ("probability", "answer"), [(0.51, ("real", 1)), (0.41, ("fake", 1)), (0.75, ("real", 3)), (0.001, ("fake", 5))]
)
def test_confidence_is_how_far_the_probability_is_from_one_half(probability: float, answer: tuple[str, int]) -> None:
    reader = MachineReader(Odds(probability), 2, 0, 0)
    assert reader.judge("any", np.zeros((4, 6), np.uint8)) == answer
