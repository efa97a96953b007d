"""A run's styles as numpy arrays."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.runs.run import _networks, load_run


@pytest.fixture
def run(style_workspace):
    return load_run(style_workspace / "runs" / "tiny-gan")


@pytest.fixture
def codes(run):
    return np.random.default_rng(0).normal(size=(18, run.latent_dim)).astype(np.float32)


def everywhere(run, w):
    return np.repeat(w[:, None], len(run.levels), axis=1)


def test_levels_are_named_by_the_size_of_their_maps(run):
    assert run.levels == ("10x12", "10x12", "20x24", "20x24", "40x48", "40x48")
    assert run.style_shape == (6, 6)


def test_a_code_decodes_to_the_image_of_its_style(run, codes):
    images = run.from_styles(everywhere(run, run.style(codes)))
    assert images.shape == (18, 40, 48)
    assert np.array_equal(images, run.decode(codes))


def test_truncation_of_codes_is_that_of_their_styles(run, codes):
    mean = run.mean_style()
    assert np.abs(mean).max() > 0, "it is learnt in training"
    assert np.allclose(run.style(0.5 * codes) - mean, 0.5 * (run.style(codes) - mean), atol=1e-5)
    assert np.allclose(run.style(0 * codes), mean, atol=1e-6)


def test_the_gradient_to_styles_is_that_of_finite_differences(run, codes):
    styles = everywhere(run, run.style(codes[:2]))
    weights = np.random.default_rng(1).normal(size=(2, *run.shape)).astype(np.float32)
    seen = []

    def judge(images):
        seen.append(images)
        return (images * weights).sum(axis=(1, 2)), weights

    _values, gradient = run.style_gradient(styles, judge)
    assert np.array_equal(seen[0], run.from_styles(styles))
    assert gradient.shape == styles.shape
    way = np.zeros_like(styles)
    way[0, 2] = np.random.default_rng(2).normal(size=run.style_shape[1])
    sides = [run.style_gradient(styles + share * way, judge)[0] for share in (-1e-3, 1e-3)]
    slope = (sides[1] - sides[0]) / 2e-3
    assert slope[0] == pytest.approx((gradient * way)[0].sum(), rel=0.03)
    assert slope[1] == 0, "each image has its own styles"


def test_gradients_do_not_depend_on_what_the_network_was_loaded_for(run, codes):
    _networks.clear()
    run.decode(codes[:1])
    styles = everywhere(run, run.style(codes[:1]))
    _, gradient = run.style_gradient(styles, lambda images: (images.sum((1, 2)), np.ones_like(images)))
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("call", "shape", "expected"),
    [
        ("style", (1, 5), r"mapping needs codes \[n, 6\], got \[1, 5\]"),
        ("from_styles", (1, 6), r"synthesis needs styles \[n, 6, 6\], got \[1, 6\]"),
        ("from_styles", (1, 5, 6), r"needs styles \[n, 6, 6\], got \[1, 5, 6\]"),
    ],
)
def test_wrong_shapes_and_values_are_refused_in_one_line(run, call, shape, expected):
    with pytest.raises(InputError, match=expected):
        getattr(run, call)(np.zeros(shape))
    with pytest.raises(InputError, match="finite numbers"):
        getattr(run, call)(np.full((1, 6) if call == "style" else (1, 6, 6), np.nan))


def test_a_run_without_styles_says_so_by_the_ability(tiny_workspace):
    plain = load_run(tiny_workspace / "runs" / "tiny-vae")
    for ask in (lambda: plain.levels, lambda: plain.style(np.zeros((1, 8))), plain.mean_style):
        with pytest.raises(InputError, match=r"tiny-vae: vae-8 has no styles \(ability 'styles'\); choose a run"):
            ask()
