import dataclasses

import pytest
import torch
from torch import nn

from brainlab.cohort.views import Batch, Slices
from brainlab.errors import InputError
from brainlab.generators.introvae import IntroVAEConfig, IntroVAERecipe
from brainlab.generators.vae import VAE, VAEConfig, VAERecipe, flip_half, view
from brainlab.methods.prior import SeededNoise
from brainlab.methods.recipe import Progress
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.losses import draw_posterior, squared_error

TINY = VAEConfig(latent_dim=4, sample_shape=(1, 8, 8, 8), widths=(8, 8), dense_width=8)


def step(recipe, x, at=0, total=10):
    return recipe.step(Batch(x), Progress(at, total, total))


@pytest.mark.parametrize("shape", [(1, 8, 8, 8), (1, 16, 8)])
def test_the_same_class_serves_volumes_and_slices(shape):
    config = VAEConfig(latent_dim=4, sample_shape=shape, widths=(8, 8), dense_width=8)
    model = VAE(config).eval()
    images = model.sample(3, SeededNoise(0))
    assert images.shape == (3, *shape)
    assert model.reconstruct(images).shape == (3, *shape)


def test_the_same_generator_state_draws_the_same_samples():
    model = VAE(TINY).eval()
    first, second = (model.sample(2, SeededNoise(5)) for _ in range(2))
    assert torch.equal(first, second)


def test_no_truncation_is_left_at_zero():
    model = VAE(TINY).eval()
    images = model.sample(2, SeededNoise(5), truncation=0.0)
    assert torch.allclose(images[0], model.decode(torch.zeros(1, 4))[0], atol=1e-6)


def test_a_centred_network_starts_at_the_mean_image():
    torch.manual_seed(0)
    images = 0.2 + 0.6 * torch.rand(50, 1, 8, 8, 8)
    recipe = VAERecipe(TINY)
    recipe.prepare(Batch(images))
    torch.nn.init.zeros_(recipe.generator.decoder.features[-2].weight)
    torch.nn.init.zeros_(recipe.generator.decoder.features[-2].bias)
    decoded = recipe.generator.eval().decode(torch.randn(1, 4))
    assert torch.allclose(decoded, images.mean(0, keepdim=True), atol=1e-5)


def test_a_run_that_mirrors_its_scans_is_centred_on_mirrored_ones():
    images = torch.rand(2, 1, 8, 8, 8)
    recipe = VAERecipe(dataclasses.replace(TINY, flip=True))
    recipe.prepare(Batch(images))
    assert torch.allclose(recipe.generator.mean[0], (images[0].flip(1) + images[1]) / 2, atol=1e-6)


def test_training_reconstructs_codes_drawn_from_the_posterior():
    torch.manual_seed(0)
    recipe = VAERecipe(dataclasses.replace(TINY, learning_rate=0.0))
    recipe.generator.eval()
    recipe.generator.decoder.dense[0].weight.data *= 100  # so that the noise is seen in the image
    x = torch.rand(4, 1, 8, 8, 8)
    torch.manual_seed(1)
    found = step(recipe, x)["squared_error"]
    torch.manual_seed(1)
    mean, log_variance = recipe.generator.encode(x)
    drawn = recipe.generator.decode(draw_posterior(mean, log_variance))
    assert found == pytest.approx(float(squared_error(drawn, x).detach().mean()), rel=1e-5)
    assert found != pytest.approx(float(squared_error(recipe.generator.decode(mean), x).detach().mean()), rel=1e-4)


def test_a_resumed_schedule_goes_on_where_it_was():
    recipe = VAERecipe(TINY)
    step(recipe, torch.rand(4, 1, 8, 8, 8), 500, 1000)
    assert recipe.optimisers["autoencoder"].param_groups[0]["lr"] == pytest.approx(TINY.learning_rate / 2)


def test_paper_exact_is_not_centred():
    recipe = VAERecipe(dataclasses.replace(TINY, paper_exact=True))
    assert not recipe.looks_first
    assert recipe.generator.mean.count_nonzero() == 0


def test_nothing_runs_at_full_resolution_unless_the_paper_is_wanted():
    def first_side(config: VAEConfig) -> int:
        seen: list[int] = []
        model = VAE(config).eval()
        for module in model.encoder.modules():
            if isinstance(module, nn.Conv3d):
                module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2]))
        model.encode(torch.rand(1, 1, 8, 8, 8))
        return seen[0]

    assert first_side(TINY) == 4
    assert first_side(VAEConfig(latent_dim=4, sample_shape=(1, 8, 8, 8), dense_width=8, paper_exact=True)) == 8


def test_paper_exact_brings_back_batch_norm_and_pooling():
    model = VAE(VAEConfig(sample_shape=(1, 8, 8, 8), norm="group", dense_width=8, dropout=0.2, paper_exact=True))
    kinds = {type(module) for module in model.modules()}
    assert {nn.BatchNorm3d, nn.BatchNorm1d, nn.AvgPool3d, nn.Upsample, nn.Dropout} <= kinds
    assert not {nn.GroupNorm, nn.LayerNorm} & kinds
    assert model.decoder.bottom == (64, 1, 1, 1)


def test_the_loss_is_summed_over_voxels_and_averaged_over_the_batch():
    torch.manual_seed(0)
    recipe = VAERecipe(TINY)
    losses = step(recipe, torch.rand(4, 1, 8, 8, 8))
    assert losses["loss"] == pytest.approx(4.0 * losses["squared_error"] + losses["kl_real"], rel=1e-5)
    assert losses["squared_error"] > 10  # 512 voxels, so a mean over voxels would be below 1


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    recipe = VAERecipe(dataclasses.replace(TINY, learning_rate=1e-2))
    losses = [step(recipe, torch.full((4, 1, 8, 8, 8), 0.1), at, 10_000)["loss"] for at in range(60)]
    assert losses[-1] < 0.5 * losses[0]


def test_the_learning_rate_rises_then_falls_to_nothing():
    optimiser = torch.optim.Adam([nn.Parameter(torch.zeros(1))])

    def rate(step: int, cosine: bool = True) -> float:
        set_learning_rate(optimiser, 1.0, step, 1000, cosine=cosine)
        return optimiser.param_groups[0]["lr"]

    assert rate(0) == pytest.approx(1 / 50)
    assert rate(500) == pytest.approx(0.5)
    assert rate(1000) == pytest.approx(0, abs=1e-12)
    assert rate(1000, cosine=False) == 1


def test_flipping_mirrors_left_and_right_only():
    torch.manual_seed(0)
    x = torch.rand(16, 1, 4, 3, 2)
    flipped = flip_half(x)
    mirrored = [torch.equal(after, before.flip(1)) for before, after in zip(x, flipped, strict=True)]
    same = [torch.equal(after, before) for before, after in zip(x, flipped, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 0 < sum(mirrored) < 16


def test_even_voxels_weigh_quiet_voxels_more_and_keep_the_whole():
    torch.manual_seed(0)
    images = torch.full((200, 1, 8, 8, 8), 0.5) + 0.1 * torch.randn(200, 1, 8, 8, 8)
    images[:, :, :4] += 0.2 * torch.randn(200, 1, 4, 8, 8)
    recipe = VAERecipe(dataclasses.replace(TINY, even_voxels=True))
    recipe.prepare(Batch(images))
    weight, variance = recipe.generator.weight[0], images.var(0, correction=0)
    assert weight[:, 4:].mean() > 4 * weight[:, :4].mean()
    assert torch.allclose((weight * variance).sum(), variance.sum(), rtol=1e-4)


def test_an_error_counts_more_where_a_scan_is_brighter_than_usual():
    torch.manual_seed(0)
    images = 0.5 + 0.1 * torch.randn(400, 1, 8, 8, 8)
    plain, bright = VAE(TINY), VAE(dataclasses.replace(TINY, bright_weight=3.0))
    for model in (plain, bright):
        model.centre(images)
    sds = torch.tensor([-3.0, 0.0, 1.0, 3.0, 50.0])
    x = bright.mean + sds[:, None, None, None, None] * bright.spread
    ratio = bright.error(x - 0.1, x) / plain.error(x - 0.1, x)
    assert torch.allclose(ratio, torch.tensor([1.0, 1.0, 1.0, 1 + 3 * 2, 1 + 3 * 4]), rtol=1e-3)


@pytest.mark.parametrize("recipe", [VAERecipe, IntroVAERecipe])
def test_training_counts_bright_voxels_more(recipe):
    torch.manual_seed(0)
    config = VAEConfig if recipe is VAERecipe else IntroVAEConfig
    images = 0.5 + 0.1 * torch.randn(64, 1, 8, 8, 8)
    errors = {}
    for weight in (0.0, 5.0):
        torch.manual_seed(1)
        made = recipe(config(**{**vars(TINY), "flip": False, "bright_weight": weight}))
        made.prepare(Batch(images))
        errors[weight] = [step(made, images[:8], at)["squared_error"] for at in (0, 200)]
    assert all(b > 1.5 * a for a, b in zip(errors[0.0], errors[5.0], strict=True)), "in every kind of step"


@pytest.fixture
def linear() -> VAE:
    """A VAE with a linear path, centred on scans of which one voxel in 64 is at full scale."""
    torch.manual_seed(0)
    images = 0.5 + 0.1 * torch.randn(64, 1, 8, 8, 8)
    images[:, :, 0, 0] = 1.0
    model = VAE(dataclasses.replace(TINY, linear_rank=4)).eval()
    model.centre(images)
    return model


def test_no_more_voxels_are_at_full_scale_than_in_training_scans(linear):
    far = linear.decode(40 * torch.randn(16, 4))
    assert (far.flatten(1) > 1 - 1e-6).sum(1).max() <= 9
    assert far.min() >= 0
    assert far.max() <= 1
    assert (far.flatten(1).amax(1) > 0.99).any(), "scaled down no further than needed"


def test_images_are_not_scaled_in_training_where_it_would_hide_their_size(linear):
    z = 40 * torch.randn(16, 4)
    scaled = linear.decode(z)
    linear.train()
    assert (linear.decode(z) == 1).sum() > (scaled == 1).sum()


def test_an_image_within_range_is_not_scaled(linear):
    with torch.no_grad():
        z = 0.1 * torch.randn(4, 4)
        whole = torch.sigmoid(linear.decoder(z) + linear.logit) + linear.principal.decode(z, linear.weight)
    assert torch.equal(linear.decode(z), whole.clamp(0, 1))


def test_weights_from_before_the_share_at_full_scale_was_kept_still_load(linear):
    state = {name: value for name, value in linear.state_dict().items() if name != "full_share"}
    again = VAE(dataclasses.replace(TINY, linear_rank=4)).eval()
    again.load_state_dict(state)
    assert again.full_share == 0
    assert again.decode(40 * torch.ones(1, 4)).max() <= 1


def test_sagittal_slices_are_never_mirrored_front_to_back():
    sagittal = dataclasses.replace(TINY, sample_shape=(1, 8, 8), plane="sagittal")
    assert view(sagittal) == Slices("sagittal")
    VAE(sagittal)
    with pytest.raises(InputError, match="--flip: needs slices that show left and right"):
        VAE(dataclasses.replace(sagittal, flip=True))
