import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.translation.baselines.patches import check_inputs, draw_samples, edge_patches, patch_rows

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.random((2, 5, 6, 4)).astype(np.float32)
TARGET = INPUTS[0] - 2 * INPUTS[1]
INSIDE = np.zeros(TARGET.shape, bool)
INSIDE[1:4, 2:5, 1:3] = True
BRIGHTER = INPUTS + 1


def test_patches_are_neighbourhoods_with_repeated_edges():
    patches = edge_patches(INPUTS)
    assert patches.shape == (5, 6, 4, 2, 3, 3, 3)
    assert (patches[2, 3, 1] == INPUTS[:, 1:4, 2:5, 0:3]).all()
    corner = patches[0, 0, 0]
    assert (corner[:, 1:, 1:, 1:] == INPUTS[:, :2, :2, :2]).all()
    assert (corner[:, 0] == corner[:, 1]).all()
    assert (edge_patches(INPUTS, side=1)[..., 0, 0, 0] == np.moveaxis(INPUTS, 0, -1)).all()


def test_rows_go_sequence_by_sequence():
    places = np.array([[2, 3, 1], [1, 1, 1]])
    rows = patch_rows(edge_patches(INPUTS), places)
    assert rows.shape == (2, 54)
    assert (rows[0] == INPUTS[:, 1:4, 2:5, 0:3].ravel()).all()


def test_samples_are_of_the_mask_without_replacement():
    samples = draw_samples([INPUTS], [TARGET], [INSIDE], 0, 10)
    assert len(np.unique(samples.places, axis=0)) == 10
    assert INSIDE[tuple(samples.places.T)].all()
    assert (samples.values == TARGET[tuple(samples.places.T)]).all()
    assert (samples.patches[:, [13, 40]] == INPUTS[:, *samples.places.T].T).all(), "the centres"
    assert len(draw_samples([INPUTS], [TARGET], [INSIDE], 0, 1000).values) == INSIDE.sum()


def test_samples_follow_the_seed_and_not_the_order_of_volumes():
    volumes = [INPUTS, BRIGHTER], [TARGET, TARGET], [INSIDE, INSIDE]
    one = draw_samples(*volumes, 0, 5)
    turned = draw_samples(*(part[::-1] for part in volumes), 0, 5)
    assert (one.places == turned.places).all()
    assert (one.patches == turned.patches).all()
    assert (one.values == turned.values).all()
    assert (one.places[:5] != one.places[5:]).any(), "each volume draws its own voxels"
    assert (draw_samples(*volumes, 1, 5).places != one.places).any()


def test_the_background_is_that_of_targets_outside_the_masks():
    target = np.where(INSIDE, TARGET, -7)
    assert draw_samples([INPUTS], [target], [INSIDE], 0, 5).background == -7
    everywhere = np.ones_like(INSIDE)
    assert draw_samples([INPUTS], [TARGET], [everywhere], 0, 5).background == pytest.approx(TARGET.min())


@pytest.mark.parametrize(
    ("inputs", "targets", "masks", "samples", "said"),
    [
        ([], [], [], 5, "one volume or more"),
        ([INPUTS], [TARGET, TARGET], [INSIDE], 5, "got 1 inputs, 2 targets and 1 masks"),
        ([INPUTS], [TARGET], [INSIDE], 0, "at least 1 sample"),
        ([INPUTS, INPUTS[:1]], [TARGET] * 2, [INSIDE] * 2, 5, r"volume 1 needs inputs \[2, X, Y, Z\]"),
        ([INPUTS], [TARGET[:4]], [INSIDE], 5, "on one grid"),
        ([INPUTS], [TARGET], [INSIDE & False], 5, "volume 0 needs a mask with voxels"),
        ([INPUTS * np.nan], [TARGET], [INSIDE], 5, "finite"),
    ],
)
def test_volumes_that_do_not_fit_together_are_refused(inputs, targets, masks, samples, said):
    with pytest.raises(InputError, match=said):
        draw_samples(inputs, targets, masks, 0, samples)


def test_inputs_of_other_sequences_or_another_grid_are_refused():
    check_inputs(INPUTS, INSIDE, 2)
    for inputs, mask in ((INPUTS[:1], INSIDE), (INPUTS, INSIDE[:3])):
        with pytest.raises(InputError, match="sequences that the baseline was fitted on"):
            check_inputs(inputs, mask, 2)
