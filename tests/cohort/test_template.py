"""The template lies where the FLAIR paper's grid has it."""

import numpy as np

from brainlab.cohort.template import GRID_SHAPE, grid_affine, mni_template, mni_tissue


def test_template_is_on_the_grid():
    template = mni_template()
    assert template.data.shape == GRID_SHAPE
    np.testing.assert_array_equal(template.affine[:3, 3], [-91, -126, -72])
    assert template.data.max() == 1
    assert 1.87e6 < (template.data > 0).sum() < 1.90e6


def test_shares_fill_the_brain():
    tissue = mni_tissue()
    total = (tissue.grey + tissue.white + tissue.fluid)[tissue.brain]
    assert total.min() >= 0.99
    assert not tissue.fluid[~tissue.brain].any()
    assert tissue.fluid.min() >= 0


def test_coarse_grids_lie_on_block_centres():
    fine = grid_affine() @ [0.5, 0.5, 0.5, 1]
    np.testing.assert_array_equal(grid_affine(2) @ [0, 0, 0, 1], fine)
