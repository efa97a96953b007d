"""Names and colours: every class has one of each, and no two look alike."""

from itertools import combinations

import numpy as np
import pytest

from brainlab.latent.published import CLASSES
from brainlab.legend import CLASS_COLOURS, CLASS_NAMES, GROUP_COLOURS, GROUPS, class_order, grouped

# Simulated protanopia, deuteranopia and tritanopia at full severity, on linear RGB: Machado et al. 2009, table of
# section 4 (doi 10.1109/TVCG.2009.113).
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def test_every_class_has_a_name_a_colour_and_a_group():
    assert tuple(CLASS_COLOURS) == tuple(CLASS_NAMES) == tuple(GROUPS) == CLASSES
    assert set(GROUPS.values()) == set(GROUP_COLOURS)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_groups_are_told_apart_with_every_colour_vision(deficiency):
    seen = [np.asarray(DEFICIENCIES[deficiency]) @ linear(colour) for colour in GROUP_COLOURS.values()]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 0.1


def test_grades_are_merged_and_a_users_own_classes_kept():
    assert grouped(["leuko1", "leuko3", "tumour"]) == ["leukoencephalopathy", "leukoencephalopathy", "tumour"]


def test_the_papers_classes_come_first():
    assert class_order(["tumour", "ms", "healthy", "ms", "abscess"]) == ["healthy", "ms", "abscess", "tumour"]
