import copy
import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.stylegan import METHOD, StyleGANConfig, StyleGANRecipe, StyleGenerator
from brainlab.methods.prior import SeededNoise
from brainlab.methods.recipe import Progress
from brainlab.networks.adversarial import squared_gradient

TINY = StyleGANConfig(sample_shape=(1, 16, 8), latent_dim=4, widths=(8, 4), deviation_group=2)
R1 = dataclasses.replace(TINY, haar=True, loss="non_saturating", penalty_weight=0.2, penalty_interval=4)


def step(recipe, x, at=0):
    return recipe.step(Batch(x), Progress(at, 20, 10))


def trained(config=TINY):
    """A generator whose mean style and noise count for something, in evaluation mode."""
    torch.manual_seed(0)
    generator = StyleGenerator(config).eval()
    generator.mean_style.normal_()
    for layer in generator.synthesis.layers:
        torch.nn.init.ones_(layer.strength)
    return generator


def test_truncation_0_gives_the_mean_image_whatever_the_draw():
    generator = trained()
    with torch.inference_mode():
        images = generator.decode(generator.prior.draw(3, SeededNoise(0), truncation=0.0))
        of_mean = ((1 + generator.synthesis(generator.at_all_levels(generator.mean_style[None]))) / 2).clamp(0, 1)
    assert torch.allclose(images, of_mean.expand_as(images), atol=1e-6)


def test_truncation_shortens_a_style_s_way_from_the_mean():
    generator = trained()
    full, half = (generator.prior.draw(5, SeededNoise(0), truncation) for truncation in (1.0, 0.5))
    with torch.inference_mode():
        departures = [generator.style(z) - generator.mean_style for z in (full, half)]
    assert torch.allclose(departures[1], departures[0] / 2, atol=1e-5)


def test_a_code_of_the_usual_length_has_the_mapping_s_own_style():
    generator = trained()
    z = torch.randn(3, 4)
    z = z / z.square().mean(1, keepdim=True).sqrt()
    with torch.inference_mode():
        assert torch.allclose(generator.style(z), generator.mapping(z), atol=1e-5)


@pytest.mark.parametrize("config", [TINY, R1])
def test_a_code_s_image_is_that_of_its_style_at_every_level(config):
    generator = trained(config)
    assert generator.levels == (("4x2",) * 2 + ("8x4",) * 2 if config.haar else ("8x4",) * 2 + ("16x8",) * 2)
    z = torch.randn(3, 4)
    with torch.inference_mode():
        w = generator.style(z)
        assert torch.equal(generator.decode(z), generator.from_styles(w[:, None].repeat(1, 4, 1)))
        assert not torch.equal(generator.decode(z), generator.from_styles(torch.stack([w, w, w.flip(0), w], dim=1)))


def test_the_image_comes_near_the_mean_image_as_its_code_comes_near_0():
    generator = trained()
    z = torch.randn(1, 4)
    with torch.inference_mode():
        way = torch.cat([generator.decode(share * z) for share in (0.0, 0.01, 0.1, 1.0)])
    far = (way[1:] - way[:1]).abs().mean((1, 2, 3))
    assert far[0] < 0.05
    assert far[0] < far[1] < far[2]


def test_the_mean_style_is_followed_in_training_only():
    torch.manual_seed(0)
    generator = StyleGenerator(TINY)
    z = torch.randn(16, 4)
    z = z / z.square().mean(1, keepdim=True).sqrt()
    for at in range(2000):
        generator.style(z[at % 2 :: 2])
    assert torch.allclose(generator.mean_style, generator.mapping(z).mean(0), atol=5e-3), "of many batches"
    before = generator.mean_style.clone()
    generator.eval().style(3 * torch.randn(8, 4))
    assert torch.equal(before, generator.mean_style)


@pytest.mark.parametrize("config", [TINY, R1])
def test_one_code_has_one_image_and_lies_within_the_range(config):
    generator = trained(config)
    z = torch.randn(3, 4)
    with torch.inference_mode():
        images = generator.decode(z)
        assert torch.equal(images, generator.decode(z))
        again = StyleGenerator(config).eval()
        again.load_state_dict(generator.state_dict())
        assert torch.equal(images, again.decode(z)), "the noise goes with the weights"
    assert images.min() >= 0
    assert images.max() <= 1


def test_the_range_is_cut_after_the_game_and_not_in_it():
    generator = trained()
    z = torch.randn(64, 4)
    with torch.inference_mode():
        assert generator.signal(z).abs().max() > 1
        assert torch.allclose(generator.decode(z), ((generator.signal(z) + 1) / 2).clamp(0, 1))


def test_a_bounded_generator_shows_the_critic_what_is_cut_and_still_learns_from_the_rest():
    free, z = trained(), torch.randn(64, 4)
    bounded = StyleGenerator(dataclasses.replace(TINY, bounded=True)).eval()
    bounded.load_state_dict(free.state_dict())
    seen, excess = bounded.signal(z), (free.signal(z).abs() - 1).clamp(min=0)
    assert excess.max() > 0
    assert torch.allclose((seen.abs() - 1).clamp(min=0), 0.05 * excess, atol=1e-6)
    assert torch.equal(bounded.decode(z), free.decode(z)), "what is drawn is the same"
    seen[excess > 0].sum().backward()
    assert bounded.synthesis.to_image.weight.grad.abs().sum() > 0


def penalty_of(config, x, seed=1):
    """The critic's losses of one step at each of four steps, from the same weights."""
    found = []
    for at in range(4):
        torch.manual_seed(0)
        recipe = StyleGANRecipe(config)
        torch.manual_seed(seed)
        found.append(step(recipe, x, at))
    return found


def test_a_lazy_penalty_counts_for_all_the_steps_of_its_interval():
    torch.manual_seed(0)
    x = torch.rand(4, 1, 16, 8)
    first, *others = penalty_of(R1, x)
    assert all("gradient_penalty" not in losses for losses in others)
    plain = others[0]["critic_loss"]
    assert first["critic_loss"] - plain == pytest.approx(4 * 0.2 * first["gradient_penalty"], rel=1e-4)
    always = penalty_of(dataclasses.replace(R1, penalty_interval=1), x)
    over_interval = sum(losses["critic_loss"] for losses in (first, *others))
    assert over_interval == pytest.approx(sum(losses["critic_loss"] for losses in always), rel=1e-5)


def test_r1_is_half_the_squared_gradient_at_real_images():
    torch.manual_seed(0)
    recipe = StyleGANRecipe(R1)
    x = torch.rand(4, 1, 16, 8)
    real = (2 * x - 1).requires_grad_()
    expected = squared_gradient(recipe.critic(real), real).mean() / 2
    assert step(recipe, x)["gradient_penalty"] == pytest.approx(expected.item(), rel=1e-5)


def test_the_wasserstein_critic_minimises_its_three_terms():
    torch.manual_seed(0)
    recipe = StyleGANRecipe(TINY)
    x = torch.rand(4, 1, 16, 8)
    drift = recipe.critic(2 * x - 1).square().mean().item()
    losses = step(recipe, x)
    assert losses["wasserstein"] == pytest.approx(losses["d_real"] - losses["d_fake"], rel=1e-4)
    expected = -losses["wasserstein"] + 10 * losses["gradient_penalty"] + 1e-3 * drift
    assert losses["critic_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("config", [TINY, R1])
def test_gradients_are_those_of_each_player_s_own_loss(config):
    """Both losses are taken on one batch of fakes; only the generator's gradient goes back into it."""
    torch.manual_seed(0)
    recipe = StyleGANRecipe(dataclasses.replace(config, penalty_weight=0.0, drift=0.0, learning_rate=1e-12))
    before = copy.deepcopy(recipe)
    x = torch.rand(4, 1, 16, 8)
    torch.manual_seed(1)
    step(recipe, x)
    torch.manual_seed(1)
    fake = before.generator.signal(torch.randn(4, 4))
    real, made = before.critic(2 * x - 1), before.critic(fake)
    if config.loss == "wasserstein":
        losses = {"critic": made.mean() - real.mean(), "generator": -made.mean()}
    else:
        chance, real_chance = torch.sigmoid(made), torch.sigmoid(real)
        losses = {
            "critic": -torch.log(real_chance).mean() - torch.log(1 - chance).mean(),
            "generator": -torch.log(chance).mean(),
        }
    for player, loss in losses.items():
        expected = torch.autograd.grad(loss, list(before.networks[player].parameters()), retain_graph=True)
        for found, wanted in zip(recipe.networks[player].parameters(), expected, strict=True):
            assert torch.allclose(found.grad, wanted, rtol=1e-3, atol=1e-5)


def test_augmentation_lets_the_critic_s_gradient_through_to_the_generator():
    torch.manual_seed(0)
    recipe = StyleGANRecipe(dataclasses.replace(R1, augment_probability=1.0))
    step(recipe, torch.rand(4, 1, 16, 8))
    assert all(weights.grad.abs().sum() > 0 for weights in recipe.generator.mapping.parameters())
    assert recipe.generator.synthesis.constant.grad.abs().sum() > 0


def test_the_critic_sees_real_images_and_fakes_augmented_alike(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "brainlab.generators.stylegan.augment", lambda x, *settings: shown.append((x.shape, settings)) or x
    )
    step(StyleGANRecipe(dataclasses.replace(R1, augment_probability=0.4)), torch.rand(4, 1, 16, 8))
    assert shown == [((4, 1, 16, 8), (0.4, -1.0))] * 3


def test_the_mapping_learns_at_its_share_of_a_rate_that_may_change():
    recipe = StyleGANRecipe(dataclasses.replace(TINY, mapping_rate=0.1))
    recipe.config = dataclasses.replace(recipe.config, learning_rate=3e-4)
    step(recipe, torch.rand(4, 1, 16, 8))
    rates = {name: [g["lr"] for g in optimiser.param_groups] for name, optimiser in recipe.optimisers.items()}
    assert rates == {"critic": [3e-4], "generator": [3e-4, pytest.approx(3e-5)]}
    assert {group["betas"] for o in recipe.optimisers.values() for group in o.param_groups} == {(0.0, 0.99)}


def test_held_out_images_are_judged_as_training_images_are():
    torch.manual_seed(0)
    recipe = StyleGANRecipe(TINY)
    x = torch.rand(4, 1, 16, 8)
    judged = recipe.diagnostics(Batch(x))["d_held_out"]
    assert judged == pytest.approx(step(recipe, x)["d_real"], rel=1e-5)


def test_the_paper_s_figures_are_the_preset_s():
    preset = METHOD.presets["dwi-stylegan"]
    config, schedule = preset.config, preset.schedule
    assert (config.latent_dim, config.mapping_layers, config.sample_shape) == (512, 2, (1, 128, 128))
    assert (config.loss, config.learning_rate, schedule.epochs) == ("wasserstein", 1e-4, 200)
    with torch.device("meta"):
        mapping = StyleGenerator(config).mapping
    layers = [layer for layer in mapping if isinstance(layer, torch.nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in layers] == [(512, 512)] * 2


@pytest.mark.parametrize("name", METHOD.presets)
def test_presets_work_from_4_pixels_a_side_up(name):
    with torch.device("meta"):
        generator = StyleGenerator(METHOD.presets[name].config)
        assert generator.synthesis.constant.shape[2:] == (4, 4)
        assert generator.decode(torch.empty(2, *generator.prior.code_shape)).shape == (2, 1, 128, 128)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_shape": (1, 16, 16, 16)}, "--sample-shape: needs slices"),
        ({"sample_shape": (1, 16, 9)}, "divide by 2"),
        ({"sample_shape": (1, 16, 8), "haar": True, "widths": (4,) * 4}, "divide by 16"),
        ({"sample_shape": (1, 8, 8), "widths": (4,) * 4}, "--widths: needs fewer, got 4"),
        ({"flip": True, "plane": "sagittal"}, "--flip"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        StyleGenerator(dataclasses.replace(TINY, **changes))
