"""Whole scans go through a network patch by patch and come back as if there had been no patches."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from brainlab.experiments.synthesis import patchwise
from brainlab.experiments.synthesis.patchwise import LARGEST_PATCH, blended, joined, patch_sides, translate
from brainlab.translation.cf_sagan import CFSAGAN, CFSAGANConfig
from brainlab.translation.cgan import CGAN, GANConfig
from brainlab.translation.fcn import FCN, FCNConfig
from brainlab.translation.linear import Linear, LinearConfig

CONVOLUTIONS = CGAN(GANConfig(width=2))
ATTENTIVE = CFSAGAN(CFSAGANConfig(width=2, refiners=0))


@pytest.mark.parametrize("shape", [(20, 24, 10), (16, 16, 16), (9, 30, 17)])
def test_blending_of_the_identity_gives_the_input_back(shape):
    torch.manual_seed(0)
    x = torch.randn(1, 1, *shape)
    assert torch.allclose(blended(lambda part: part, x, patch_sides(shape, ATTENTIVE, (8, 16, 8))), x, atol=1e-6)


def test_patches_are_those_that_were_learned_within_bounds():
    assert patch_sides((208, 256, 40), ATTENTIVE, (48, 48, 48)) == (48, 48, 48)
    assert patch_sides((208, 256, 40), ATTENTIVE, (208, 256, 48)) == (LARGEST_PATCH, LARGEST_PATCH, 48)
    assert patch_sides((30, 256, 39), ATTENTIVE, (48, 48, 40)) == (32, 48, 48)


def test_networks_of_any_size_take_patches_larger_than_they_learned_from():
    assert patch_sides((208, 256, 40), CONVOLUTIONS, (32, 32, 32)) == (LARGEST_PATCH, LARGEST_PATCH, 40)
    assert patch_sides((64, 80, 62), CONVOLUTIONS, (32, 32, 32)) == (64, 80, 64)


def test_no_seam_is_seen_where_a_network_does_not_know_its_edges():
    x = torch.linspace(-1, 1, 40).expand(1, 1, 40, 40, 40)

    def dark_at_its_edges(part):
        made = part.clone()
        made[..., 0] = made[..., -1] = 10.0
        return made

    found = blended(dark_at_its_edges, x, (20, 20, 20))[0, 0, :, :, 8:12]
    assert np.abs(found - x[0, 0, :, :, 8:12]).max() < 0.7


@pytest.mark.parametrize(
    "network",
    [
        FCN(FCNConfig(inputs=("T1w", "T2w"), depth=2, filters=3)),
        FCN(FCNConfig(inputs=("T1w", "T2w"), depth=1, filters=3, kernel=1, last_kernel=5)),
        Linear(LinearConfig(inputs=("T1w", "T2w"), kernel=5)),
    ],
)
def test_parts_of_a_known_reach_make_just_what_the_whole_would(network, monkeypatch):
    monkeypatch.setattr(patchwise, "LARGEST_PATCH", 7)
    torch.manual_seed(0)
    x = torch.randn(1, 2, 23, 14, 6)
    with torch.inference_mode():
        assert torch.allclose(joined(network.translate, x, network.reach), network.translate(x), atol=1e-5)


def test_parts_are_small(monkeypatch):
    monkeypatch.setattr(patchwise, "LARGEST_PATCH", 8)
    seen = []
    joined(lambda part: seen.append(part.shape[2:]) or part, torch.zeros(1, 1, 20, 8, 5), reach=2)
    assert {tuple(shape) for shape in seen} == {(9, 8, 5), (10, 8, 5)}  # thirds, and 2 voxels beside


@pytest.mark.parametrize(("within", "cleared"), [("brain", True), ("image", False)])
def test_around_the_brain_what_was_learned_within_it_is_no_intensity(within, cleared):
    config = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=1, within=within, patch=(8, 8, 8))
    network = Linear(config).eval()
    run = SimpleNamespace(
        name="run", config=config, device="cpu", require=lambda _: None, model=lambda: network,
        settings={"recipe": {"z_scores": {"FLAIR": {"mean": 100.0, "sd": 20.0}}}},
    )  # fmt: skip
    images = np.random.default_rng(0).uniform(-1, 1, (2, 10, 10, 10)).astype(np.float32)
    images[:, :3] = -2.0
    images[1, 5, 5, 5] = -2.0  # dark in one sequence alone is within the brain
    with torch.inference_mode():
        expected = network.translate(torch.from_numpy(images)[None])[0, 0].numpy()
    made = translate(run, images)
    assert np.allclose(made[3:], expected[3:], atol=1e-5)
    assert np.allclose(made[:3], -5.0 if cleared else expected[:3], atol=1e-5)


def test_small_patches_go_through_by_fours_and_large_ones_alone(monkeypatch):
    monkeypatch.setattr(patchwise, "LARGEST_PATCH", 8)
    seen = set()
    for patch in ((4, 4, 4), (8, 8, 8)):
        blended(lambda part: seen.add(tuple(part.shape)) or part, torch.zeros(1, 1, 16, 16, 16), patch)
    assert {shape for shape in seen if shape[0] > 4} == set()
    assert (4, 1, 4, 4, 4) in seen
    assert {shape[0] for shape in seen if shape[2] == 8} == {1}
