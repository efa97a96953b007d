"""The flow leads from a first guess to the target: at once where its velocity is known, and alike in all patches."""

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.experiments.synthesis.patchwise import blended
from brainlab.methods.recipe import Progress
from brainlab.networks.haar import haar_bands
from brainlab.runs.methods import find_preset
from brainlab.translation import flow
from brainlab.translation.flow import METHOD, TranslationFlow, TranslationFlowConfig, draw_times
from brainlab.translation.linear import METHOD as LINEAR
from brainlab.translation.linear import LinearConfig

TINY = {
    "inputs": ("T1w", "T2w"),
    "target": "FLAIR",
    "patch": (8, 8, 8),
    "widths": (8, 8),
    "time_width": 8,
    "noise": 1.0,
}


def config(**settings):
    return TranslationFlowConfig(**TINY | settings)


def batch(seed=1, side=8, inputs=2, n=3):
    torch.manual_seed(seed)
    x = torch.randn(n, inputs, side, side, side)
    return Batch(x, target=x.square().mean(1, keepdim=True) - 2 * x[:, :1])


def fitted(settings, seen=None):
    torch.manual_seed(0)
    recipe = METHOD.recipe(settings)
    recipe.prepare(seen or batch())
    return recipe


@pytest.mark.parametrize("solver", ["euler", "heun", "adams"])
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize("start", ["linear", "mean", "zero"])
def test_the_true_velocity_leads_to_the_target_in_any_number_of_steps(monkeypatch, start, steps, solver):
    seen = batch()
    network = fitted(config(start=start, steps=steps, solver=solver), seen).generator
    begun = network.noise * flow.hashed_noise(seen.image)
    straight = network.to_state(seen.target, seen.image) - begun
    monkeypatch.setattr(network, "velocity", lambda state, t, shown: straight)
    assert torch.allclose(network.translate(seen.image), seen.target, atol=1e-4)


def test_a_state_is_undone():
    seen = batch()
    network = fitted(config(), seen).generator
    assert torch.allclose(
        network.from_state(network.to_state(seen.target, seen.image), seen.image), seen.target, atol=1e-5
    )


@pytest.mark.parametrize("inputs", [("T1w",), ("T1w", "T2w", "PDw"), ("a", "b", "c", "d", "e")])
def test_the_mean_of_the_inputs_is_the_start_whatever_their_number(inputs):
    seen = batch(inputs=len(inputs))
    network = fitted(config(inputs=inputs, start="mean"), seen).generator
    each = torch.stack([haar_bands(seen.image[:, [place]]) for place in range(len(inputs))])
    assert torch.allclose(haar_bands(network.first_guess(seen.image)), each.mean(0), atol=1e-5)
    assert network.translate(seen.image).shape == (3, 1, 8, 8, 8)


def test_the_linear_start_is_the_linear_voxel_model():
    seen = batch()
    network = fitted(config(start="linear"), seen).generator
    model = LINEAR.recipe(LinearConfig(inputs=TINY["inputs"], target="FLAIR"))
    model.step(seen, Progress(0, 1, 1))
    assert torch.allclose(network.first_guess(seen.image), model.generator.translate(seen.image), atol=1e-4)


@pytest.mark.parametrize("start", ["linear", "mean", "zero"])
def test_one_step_of_a_fresh_network_gives_the_first_guess(start):
    """At time 0 all of the noise is known, and none of the target beyond the first guess."""
    seen = batch()
    network = fitted(config(start=start, steps=1), seen).generator
    assert torch.allclose(network.translate(seen.image), network.first_guess(seen.image), atol=1e-5)


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_many_steps_of_a_fresh_network_give_noise_of_the_spread_of_the_rest(noise):
    """In closed form: dx/dt = x (t - (1 - t) noise^2) / e^2 grows by the ratio of e at both ends, to noise / noise."""
    seen = batch()
    network = fitted(config(noise=noise, solver="heun", steps=48), seen).generator
    state = network.to_state(network.translate(seen.image), seen.image)
    assert torch.allclose(state, flow.hashed_noise(seen.image), atol=0.02)


def test_the_network_adds_what_the_best_guess_from_the_state_errs_by(monkeypatch):
    """For a rest of unit spread the error of the guess from the state alone has the spread noise / e."""
    network = TranslationFlow(config(noise=0.5))
    torch.manual_seed(0)
    rest, noise = torch.randn(2, 200, 8, 2, 2, 2)
    noise, shown = 0.5 * noise, torch.zeros(200, 24, 2, 2, 2)
    for time in (0.0, 0.3, 1.0):
        state, t = (1 - time) * noise + time * rest, torch.full((200,), time)
        guess, plus_1 = [], []
        for found, value in ((guess, 0.0), (plus_1, 1.0)):
            monkeypatch.setattr(network.unet, "forward", lambda x, t, value=value: torch.full_like(x[:, :8], value))
            found.append(network.velocity(state, t, shown))
        error = (rest - noise) - guess[0]
        assert (error * state).mean().abs() < 0.03, "a best guess errs by what the state does not tell"
        assert float(error.std()) == pytest.approx(float((plus_1[0] - guess[0]).mean()), rel=0.03)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_the_loss_is_the_squared_error_of_the_image_at_time_0(noise):
    """A fresh network undoes the noise, and all that it errs by is what its first guess does."""
    seen = batch()
    recipe = fitted(config(noise=noise, at_start=1.0), seen)
    with torch.no_grad():
        error = (recipe.generator.translate(seen.image) - seen.target).square().mean()
    assert recipe.step(seen, Progress(0, 10, 10))["loss"] == pytest.approx(float(error), rel=1e-4)


def test_it_learns_what_no_linear_model_can():
    seen = batch()
    recipe = fitted(config(noise=0.0, cosine=False, learning_rate=0.01), seen)
    guess = (recipe.generator.first_guess(seen.image) - seen.target).square().mean()
    for at in range(50):
        recipe.step(seen, Progress(at, 50, 50))
    with torch.no_grad():
        made = recipe.generator.eval().translate(seen.image)
    assert (made - seen.target).square().mean() < 0.7 * guess


def test_the_first_guess_takes_no_part_in_the_descent():
    seen = batch()
    recipe = fitted(config(start="linear"), seen)
    before = recipe.generator.linear.weights.weight.clone()
    recipe.step(seen, Progress(0, 10, 10))
    assert torch.equal(recipe.generator.linear.weights.weight, before)


def test_states_stay_float32_where_convolutions_do_not():
    seen = batch()
    network = fitted(config(start="linear", steps=4), seen).generator
    exact = network.translate(seen.image)
    with torch.autocast("cpu", torch.bfloat16):
        assert network.to_state(seen.target, seen.image).dtype == torch.float32
        velocity = network.velocity(torch.zeros(1, 8, 4, 4, 4), torch.zeros(1), torch.zeros(1, 24, 4, 4, 4))
        assert velocity.dtype == torch.float32
        made = network.translate(seen.image)
    assert made.dtype == torch.float32
    assert torch.allclose(made, exact, atol=1e-5), "a fresh network adds nothing, so that all is the state"


def test_patches_agree_where_they_overlap():
    """A scan in patches is the scan at once, but for what the network sees beyond a patch's edge: here nothing."""
    seen = batch(side=12, n=1)
    network = fitted(config(start="mean", steps=3), seen).generator
    whole = network.translate(seen.image)
    assert (whole - network.first_guess(seen.image)).std() > 0.1, "there is noise to agree on"
    assert torch.allclose(blended(network.translate, seen.image, (8, 8, 8)), whole, atol=1e-4)


def test_times_are_at_the_start_as_often_as_asked():
    torch.manual_seed(0)
    t = draw_times(4000, 0.25, torch.device("cpu"))
    assert float((t == 0).float().mean()) == pytest.approx(0.25, abs=0.03)
    assert float(t[t > 0].mean()) == pytest.approx(0.5, abs=0.02)
    assert (t.min(), t.max() < 1) == (0, True)


def test_few_patches_are_looked_at_where_each_is_large():
    assert METHOD.recipe(config(patch=(32, 32, 32))).looks_at == 128
    assert METHOD.recipe(config(patch=(208, 256, 40))).looks_at == 4


@pytest.mark.parametrize("name", ["flair-flow", "flair-flow-small", "pet-flow", "pet-flow-small"])
def test_patches_of_the_presets_can_be_halved(name):
    method, preset = find_preset(name)
    assert method is METHOD
    assert not any(side % 2 ** len(preset.config.widths) for side in preset.config.patch)
