"""Projection with a linear generator, whose styles are known, and against torch's Adam."""

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from brainlab.errors import InputError
from brainlab.latent.styles.projection import Projection, ProjectionSettings, course, project
from brainlab.latent.styles.style_space import StyleSpace

LEVELS, D, SIDE = 3, 2, 8
RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(LEVELS, D, SIDE, SIDE)) / 30
SPACE = StyleSpace(np.array([0.5, -0.5]), 2.0, RNG.normal(size=(50, D)).astype(np.float32))
IMAGES = RNG.uniform(0.3, 0.7, size=(2, SIDE, SIDE)).astype(np.float32)


def made(styles):
    return 0.5 + np.einsum("nld,ldxy->nxy", styles, MAPS)


def gradient(styles, judge):
    values, pull = judge(made(styles).astype(np.float32))
    return values, np.einsum("nxy,ldxy->nld", pull, MAPS).astype(np.float32)


def found(images=IMAGES, watch=None, **settings) -> Projection:
    return project(images, gradient, SPACE, LEVELS, ProjectionSettings(**settings), watch)


def pyramid(images):
    """All that is compared, flat: pixels, and means over 2 and 4 a side, weighted so that squares add up as means."""
    x = torch.as_tensor(images).double()[:, None]
    parts = [x, avg_pool2d(x, 2), avg_pool2d(x, 4)]
    return torch.cat([part.flatten(1) / part[0].numel() ** 0.5 for part in parts], dim=1)


@pytest.mark.parametrize("space", ["w", "w+"])
def test_the_styles_of_an_image_of_the_generator_are_found_again(space):
    known = RNG.normal(size=(2, LEVELS, D))
    if space == "w":
        known[:] = known[:, :1]
    projection = found(np.clip(made(known), 0, 1), space=space, steps=600)
    assert np.allclose(projection.styles, known, atol=0.02)
    assert projection.mse.max() < 1e-6
    if space == "w":
        assert np.ptp(projection.styles, axis=1).max() == 0
        assert np.array_equal(projection.w, projection.styles[:, 0])


def test_styles_for_each_level_come_nearer_than_one_for_all():
    images = np.clip(made(RNG.normal(size=(2, LEVELS, D))), 0, 1)
    assert (found(images, space="w+").mse < 0.1 * found(images, space="w").mse).all()


def test_each_step_is_that_of_torch_s_adam_at_the_same_rate():
    steps, rate = 12, 0.3
    codes = torch.zeros(2, 1, D, dtype=torch.float64, requires_grad=True)
    adam, errors = torch.optim.Adam([codes], lr=rate), []
    target = pyramid(IMAGES)
    for step in range(steps + 1):
        styles = torch.as_tensor(SPACE.mean) + SPACE.spread * codes
        images = 0.5 + torch.einsum("nld,ldxy->nxy", styles.expand(-1, LEVELS, -1), torch.as_tensor(MAPS))
        errors.append((images - torch.as_tensor(IMAGES)).square().mean((1, 2)).detach().numpy())
        adam.zero_grad()
        (pyramid(images) - target).square().sum().backward()
        adam.param_groups[0]["lr"] = rate * course((step + 1) / (steps + 1))
        adam.step()
    assert found(steps=steps, learning_rate=rate).errors == pytest.approx(np.stack(errors), rel=1e-4)


def test_it_starts_from_the_mean_style():
    nothing = found(steps=0)
    mean = np.broadcast_to(SPACE.mean, (2, LEVELS, D))
    assert np.allclose(nothing.styles, mean)
    assert nothing.errors == pytest.approx(np.square(made(mean) - IMAGES).mean(axis=(1, 2))[None], rel=1e-5)


def test_the_best_of_the_way_is_kept():
    wild = found(steps=30, learning_rate=50.0)
    assert wild.errors[-1].max() > wild.mse.max()
    assert np.square(made(wild.styles) - IMAGES).mean(axis=(1, 2)) == pytest.approx(wild.errors.min(axis=0), rel=1e-4)


def test_images_are_projected_each_by_itself():
    assert np.allclose(found(IMAGES[1:], steps=40).styles[0], found(steps=40).styles[1], atol=1e-6)
    assert np.array_equal(found(steps=40).styles, found(steps=40).styles)


def test_progress_is_shown_and_may_end_it_early():
    seen = []

    def watch(steps, description, total):
        seen.append((description, total))
        yield from list(steps)[:5]

    assert len(found(steps=40, watch=watch).errors) == 6
    assert seen == [("Projecting", 40)]


def test_the_rate_rises_stays_and_falls():
    assert [course(share) for share in (0.0, 0.025, 0.3, 0.75, 0.875, 1.0)] == pytest.approx([0, 0.5, 1, 1, 0.5, 0])


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan])
def test_images_outside_the_range_are_refused(value):
    with pytest.raises(InputError, match=r"needs images of values in \[0, 1\]"):
        found(np.full((1, SIDE, SIDE), value))


def test_settings_out_of_range_are_refused():
    with pytest.raises(InputError, match="--steps: needs 0 or more"):
        found(steps=-1)
    with pytest.raises(InputError, match="--learning-rate"):
        found(learning_rate=0.0)


def test_sides_that_cannot_be_halved_are_compared_as_they_are():
    odd = RNG.uniform(size=(1, 7, 5)).astype(np.float32)
    pulls = []

    def flat(styles, judge):
        values, pull = judge(np.zeros_like(odd))
        pulls.append(pull)
        return values, np.zeros((1, LEVELS, D), np.float32)

    project(odd, flat, SPACE, LEVELS, ProjectionSettings(steps=0))
    assert pulls[0] == pytest.approx(-2 * odd / odd.size)
