"""What is drawn from a run on several pages: the same seeds, truncations and spaces everywhere."""

import numpy as np
import pytest

from app.components.draw_choice import drawn
from app.data import resources
from brainlab.methods.prior import SeededNoise

RUN = "tiny-gan"


@pytest.fixture(autouse=True)
def workspace(style_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(style_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", style_workspace / "no-models")


def test_draws_are_those_of_their_seeds_and_styles_show_the_same_images():
    run, space = resources.run(RUN), resources.style_space(RUN)
    codes = drawn(RUN, [3, 8], 0.5, styles=False)
    assert np.array_equal(codes[1], run.draw_code(SeededNoise(8), 0.5))
    styles = drawn(RUN, [3, 8], 0.5, styles=True)
    assert styles.shape == (2, space.codes.shape[1])
    images = run.from_styles(np.stack([np.tile(space.style(style), (len(run.levels), 1)) for style in styles]))
    assert np.allclose(images, run.decode(codes), atol=1e-5)


def test_a_truncation_of_zero_draws_the_mean_style():
    assert np.allclose(drawn(RUN, [3], 0.0, styles=True), 0, atol=1e-6)
