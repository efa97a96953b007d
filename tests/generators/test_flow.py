import copy
import dataclasses
import math

import pytest
import torch
from torch import nn

from brainlab.cohort.views import Batch, Slices, Volumes
from brainlab.errors import InputError
from brainlab.generators.flow import METHOD, Flow, FlowConfig, FlowRecipe, draw_times, view
from brainlab.methods.conditions import Condition
from brainlab.methods.prior import SeededNoise
from brainlab.methods.recipe import Progress
from brainlab.networks.guidance import guided

TINY = FlowConfig(sample_shape=(1, 16, 8), levels=2, widths=(8, 8), time_width=8, steps=4)


def awake(model, size=0.1):
    """Give every weight a value, for a fresh network's velocity is 0."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=size)
    return model.eval()


def scans(n=12, shape=(1, 16, 8)):
    torch.manual_seed(1)
    return (0.4 + 0.1 * torch.randn(n, *shape).cumsum(-1) / 2).clamp(0, 1)


@pytest.mark.parametrize(
    ("name", "bands", "millions"), [("flow-slices-128", (16, 32, 32), 2.5), ("flow-40", (8, 20, 24, 20), 1.8)]
)
def test_presets_work_on_the_bands_and_with_the_weights_that_two_cores_can_train(name, bands, millions):
    with torch.device("meta"):
        model = METHOD.network(METHOD.presets[name].config)
    assert model.prior.code_shape == bands
    assert math.prod(bands) == math.prod(model.sample_shape), "a number for each voxel"
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(1e6 * millions, rel=0.1)
    assert METHOD.presets[name].schedule.ema_decay in (0.998, 0.999)


@pytest.mark.parametrize(("shape", "levels"), [((1, 16, 8), 1), ((1, 16, 8), 2), ((2, 8, 8, 16), 2)])
def test_whitened_bands_have_unit_spread_over_the_scans_and_are_undone(shape, levels):
    images = scans(12, shape)
    model = Flow(dataclasses.replace(TINY, sample_shape=shape, levels=levels, whitening=1.0, data_spread=1.0))
    model.measure(images)
    bands = model.to_bands(images)
    by_band = bands.transpose(0, 1).flatten(1).double()
    assert len(by_band) == shape[0] * 2 ** (levels * (len(shape) - 1))
    assert torch.allclose(by_band.mean(1), torch.zeros(len(by_band), dtype=torch.double), atol=1e-4)
    assert torch.allclose(by_band.std(1, correction=0), torch.ones(len(by_band), dtype=torch.double), atol=1e-4)
    assert torch.allclose(model.from_bands(bands), images, atol=1e-5)


@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
def test_whitening_takes_its_power_of_a_band_s_own_spread_and_leaves_the_mean_square(whitening):
    images = scans(12) ** 3
    model = Flow(dataclasses.replace(TINY, whitening=whitening, data_spread=2.0))
    model.measure(images)
    bands = model.to_bands(images)
    spreads = bands.std((0, 2, 3), correction=0)
    assert spreads.square().mean().sqrt() == pytest.approx(2.0, rel=1e-4)
    assert torch.allclose(spreads, model.spread.flatten(), rtol=1e-4)
    own = model._haar(images).std((0, 2, 3), correction=0)
    ratio = spreads / own ** (1 - whitening)
    assert torch.allclose(ratio, ratio[:1].expand_as(ratio), rtol=1e-3)
    assert torch.allclose(model.from_bands(bands), images, atol=1e-5)


def test_even_voxels_have_unit_spread_at_every_place_and_are_undone():
    images = scans(200) * torch.linspace(0.1, 1, 8)
    model = Flow(dataclasses.replace(TINY, even_voxels=True, whitening=1.0, data_spread=1.0))
    model.measure(images)
    bands = model.to_bands(images)
    assert bands.mean(0).abs().max() < 1e-3
    assert bands.std(0, correction=0).flatten().tolist() == pytest.approx([1.0] * 128, rel=1e-2)
    assert torch.allclose(model.from_bands(bands), images, atol=1e-5)
    whole = Flow(dataclasses.replace(TINY, whitening=1.0, data_spread=1.0))
    whole.measure(images)
    assert whole.to_bands(images).std(0, correction=0).flatten().std() > 0.2


def test_the_network_is_shown_and_asked_for_unit_spread_in_every_band_at_any_time(monkeypatch):
    """Of white data and noise: what goes in has unit spread, and so has the velocity, less its factor."""
    model = Flow(dataclasses.replace(TINY, whitening=0.5, data_spread=2.0))
    model.measure(scans(12) ** 3)
    torch.manual_seed(0)
    noise, data = torch.randn(400, 16, 4, 2), torch.randn(400, 16, 4, 2) * model.spread
    shown = []
    monkeypatch.setattr(model.unet, "forward", lambda state, t, told: shown.append(state) or torch.ones_like(state))
    for time in (0.0, 0.3, 0.9, 1.0):
        factor = model.velocity((1 - time) * noise + time * data, torch.full((400,), time))
        assert shown[-1].std((0, 2, 3)).tolist() == pytest.approx([1.0] * 16, rel=0.08)
        assert ((data - noise) / factor).std((0, 2, 3)).tolist() == pytest.approx([1.0] * 16, rel=0.08)


def test_a_band_that_does_not_vary_is_not_blown_up():
    model = Flow(TINY)
    model.measure(torch.full((4, 1, 16, 8), 0.5))
    assert model.to_bands(torch.full((1, 1, 16, 8), 0.5)).abs().max() < 0.01
    assert model.divisor.min() > 0


def test_the_recipe_measures_scans_from_all_of_those_it_is_shown():
    images = torch.zeros(600, 1, 16, 8)
    images[300:] = 1.0
    recipe = FlowRecipe(TINY)
    recipe.prepare(Batch(images))
    assert recipe.looks_first
    low = recipe.generator.centre.flatten()[0]
    assert low == pytest.approx(4 * 0.5, abs=0.02), "the low band of two levels is 4 times the mean"


def test_the_loss_is_the_squared_error_of_the_velocity_summed_over_each_band():
    recipe = FlowRecipe(TINY)
    model = awake(recipe.generator)
    data, noise, t = model.to_bands(scans(3)), torch.randn(3, 16, 4, 2), torch.tensor([0.0, 0.3, 1.0])
    found = model.band_errors(data, noise, t).detach()
    for i in range(3):
        state = noise[i] + t[i] * (data[i] - noise[i])
        velocity = model.velocity(state[None], t[i : i + 1])[0].detach()
        for band in range(16):
            expected = float(((velocity[band] - data[i, band] + noise[i, band]) ** 2).sum())
            assert found[i, band] == pytest.approx(expected, rel=1e-4)


def test_a_step_tells_the_loss_of_each_band():
    recipe = FlowRecipe(dataclasses.replace(TINY, flip=False))
    recipe.prepare(Batch(scans()))
    before, images = copy.deepcopy(awake(recipe.generator)), scans(5)
    torch.manual_seed(3)
    losses = recipe.step(Batch(images), Progress(0, 10, 10))
    torch.manual_seed(3)
    data = before.to_bands(images)
    noise, t = torch.randn_like(data), draw_times(5, -0.7, 1.0, data.device)
    expected = before.band_errors(data, noise, t).detach().mean(0)
    bands = [losses[f"band_{band:02d}"] for band in range(16)]
    assert bands == pytest.approx(expected.tolist(), rel=1e-4)
    assert losses["loss"] == pytest.approx(sum(bands), rel=1e-5)


def test_times_are_logit_normal():
    torch.manual_seed(0)
    for centre, spread in ((0.0, 1.0), (-0.7, 0.5)):
        times = draw_times(200_000, centre, spread, torch.device("cpu"))
        for share, quantile in ((0.1587, -1.0), (0.5, 0.0), (0.8413, 1.0), (0.9772, 2.0)):
            expected = 1 / (1 + math.exp(-centre - spread * quantile))
            assert float(times.quantile(share)) == pytest.approx(expected, abs=0.004)


def test_a_half_of_the_scans_is_mirrored_unless_told_not_to(monkeypatch):
    images = scans(200)

    def learnt_from(flip):
        recipe, seen = FlowRecipe(dataclasses.replace(TINY, flip=flip)), []
        monkeypatch.setattr(
            recipe.generator, "to_bands", lambda x, drafted: seen.append(x) or Flow.to_bands(recipe.generator, x)
        )
        torch.manual_seed(0)
        recipe.step(Batch(images), Progress(0, 10, 10))
        return seen[0]

    assert torch.equal(learnt_from(False), images)
    assert FlowConfig().flip
    flipped = learnt_from(True)
    mirrored = [torch.equal(after, before.flip(1)) for before, after in zip(images, flipped, strict=True)]
    same = [torch.equal(after, before) for before, after in zip(images, flipped, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 70 < sum(mirrored) < 130


def undone(solver, steps, shape=(1, 16, 8)):
    """Return how far encoding is from the code that was decoded, for an image well inside [0, 1]."""
    config = dataclasses.replace(TINY, sample_shape=shape, levels=1, solver=solver, steps=steps, time_shift=1.0)
    model = awake(Flow(config).double(), 0.3)
    model.centre[:, 0], model.divisor[:] = 0.5 * 2 ** ((len(shape) - 1) / 2), 0.02
    code = model.prior.draw(4, SeededNoise(0)).double()
    with torch.inference_mode():
        image = model.decode(code)
        assert 0 < image.min() < image.max() < 1, "nothing is clamped"
        assert (model._solve(code, 0, 1) - code).abs().max() > 0.3, "the flow moves"
        return float((model.encode(image).mean - code).abs().max())


@pytest.mark.parametrize("shape", [(1, 16, 8), (1, 8, 8, 8)])
def test_encoding_undoes_decoding_the_better_the_more_steps(shape):
    errors = [undone("heun", steps, shape) for steps in (10, 20, 40)]
    assert 2.5 < errors[0] / errors[1] < 5
    assert 2.5 < errors[1] / errors[2] < 5
    assert errors[2] < 2e-4
    assert undone("euler", 20, shape) / undone("euler", 40, shape) == pytest.approx(2, rel=0.1)


def test_a_known_velocity_field_carries_noise_to_the_image_that_follows_from_it(monkeypatch):
    """With v = x the code z becomes bands e z, and an image encodes to its bands over e."""
    model = Flow(dataclasses.replace(TINY, steps=100)).double()
    monkeypatch.setattr(Flow, "velocity", identity)
    model.divisor[:] = 0.01
    model.centre[:, 0] = 2.0
    code = model.prior.draw(2, SeededNoise(0)).double()
    assert torch.allclose(model.decode(code), model.from_bands(math.e * code), atol=1e-5)
    assert torch.allclose(model.encode(model.from_bands(code)).mean, code / math.e, atol=1e-4)


def identity(model, x, t, told, drafted):
    assert told is drafted is None
    assert t.shape == (len(x),)
    return x


def test_the_same_code_gives_the_same_image_and_no_spread_one_image():
    model = awake(Flow(TINY))
    first, second = (model.sample(3, SeededNoise(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    still = model.sample(3, SeededNoise(7), truncation=0.0)
    assert torch.allclose(still, model.decode(torch.zeros(1, 16, 4, 2)).expand_as(still), atol=1e-6)


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    recipe = FlowRecipe(dataclasses.replace(TINY, learning_rate=1e-2, flip=False))
    images = scans(1).expand(32, -1, -1, -1)
    recipe.prepare(Batch(images))
    losses = [recipe.step(Batch(images), Progress(at, 10_000, 10_000))["loss"] for at in range(80)]
    assert losses[0] == pytest.approx((1 + 4) * 128, rel=0.1), "a fresh velocity of 0 misses data and noise"
    assert sum(losses[-10:]) < 0.85 * sum(losses[:10])


def test_the_learning_rate_falls_along_the_schedule():
    recipe = FlowRecipe(TINY)
    recipe.step(Batch(scans(2)), Progress(500, 1000, 10))
    assert recipe.optimisers["flow"].param_groups[0]["lr"] == pytest.approx(TINY.learning_rate / 2)


def test_slices_and_volumes_are_read_by_the_sides_of_the_images():
    assert view(TINY) == Slices("axial")
    assert view(dataclasses.replace(TINY, sample_shape=(1, 8, 8, 8))) == Volumes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plane": "sagittal"}, "--flip: needs slices that show left and right"),
        ({"levels": 4}, "--levels 4: needs 2 or 3 sides that divide by 16"),
        ({"sample_shape": (1, 16)}, "2 or 3 sides"),
        ({"widths": (8, 8, 8)}, "--widths: needs 2 or 3 sides that divide by 4"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Flow(dataclasses.replace(TINY, **changes))


def test_sagittal_slices_are_learnt_as_they_are():
    assert view(dataclasses.replace(TINY, plane="sagittal")) == Slices("sagittal")
    Flow(dataclasses.replace(TINY, plane="sagittal", flip=False))


CLASS, AGE = Condition(name="class", words=("healthy", "ms")), Condition(name="age_years", mean=50.0, spread=10.0)
ASKED = dataclasses.replace(TINY, conditions=("class", "age_years"), known=(CLASS, AGE))


def told(places, numbers):
    return {"class": torch.tensor(places), "age_years": torch.tensor(numbers)}


def test_without_conditions_the_network_is_the_one_of_before():
    assert set(Flow(ASKED).state_dict()) - set(Flow(TINY).state_dict()) == {
        "told.words.class.weight",
        *(f"told.numbers.age_years.{layer}.{part}" for layer in (0, 2) for part in ("weight", "bias")),
    }
    assert not any("told" in name for name in Flow(TINY).state_dict())


def test_what_is_told_changes_an_image_and_its_code_and_nothing_told_is_no_condition():
    model = awake(Flow(ASKED), 0.3)
    code = model.prior.draw(1, SeededNoise(0)).expand(4, -1, -1, -1)
    nan = torch.nan
    with torch.inference_mode():
        images = model.decode(code, told([0, 1, 2, 0], [nan, nan, nan, 1.0]))
        assert torch.pdist(images.flatten(1)).min() > 1e-4
        assert torch.equal(model.decode(code), model.decode(code, told([0] * 4, [nan] * 4)))
        assert torch.allclose(images[0], model.decode(code)[0], atol=1e-6)
        codes = model.encode(images[:1].expand(4, -1, -1, -1), told([0, 1, 2, 0], [nan, nan, nan, 1.0])).mean
        assert torch.pdist(codes.flatten(1)).min() > 1e-4


def test_encoding_under_a_condition_is_undone_by_decoding_under_it():
    model = awake(Flow(dataclasses.replace(ASKED, levels=1, steps=40)).double(), 0.3)
    model.centre[:, 0], model.divisor[:] = 1.0, 0.02
    code = model.prior.draw(2, SeededNoise(0)).double()
    young, old = (told([2, 2], torch.tensor([age, age]).double().tolist()) for age in (-2.0, 2.0))
    young, old = ({name: v.double() if v.is_floating_point() else v for name, v in c.items()} for c in (young, old))
    with torch.inference_mode():
        image = model.decode(code, young)
        assert (model.encode(image, young).mean - code).abs().max() < 2e-3
        assert (model.encode(image, old).mean - code).abs().max() > 0.05


def test_guidance_exaggerates_what_a_condition_changes_and_nothing_else():
    model = awake(Flow(dataclasses.replace(ASKED, solver="euler", steps=1)), 0.3)
    code = model.prior.draw(2, SeededNoise(0))
    condition = told([2, 0], [1.0, torch.nan])
    start = torch.zeros(2)
    with torch.inference_mode():
        features = model.told(condition)
        velocity = guided(model.velocity(code, start, features), model.velocity(code, start), 4.0)
        expected = model.from_bands(code + velocity).clamp(0, 1)
        found = model.decode(code, condition, 4.0)
        assert torch.allclose(found, expected, atol=1e-5)
        assert not torch.allclose(found[0], model.decode(code, condition)[0], atol=1e-3)
        assert torch.allclose(found[1], model.decode(code)[1], atol=1e-5), "nothing is told of it"


def test_a_step_learns_from_conditions_and_leaves_some_out():
    recipe = FlowRecipe(dataclasses.replace(ASKED, flip=False))
    awake(recipe.generator)
    seen = []
    recipe.generator.told.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    recipe.step(Batch(scans(200), condition=told([2] * 200, [0.5] * 200)), Progress(0, 10, 10))
    (condition,) = seen
    assert 0.1 < float((condition["class"] == 0).float().mean()) < 0.3
    assert 0.1 < float(condition["age_years"].isnan().float().mean()) < 0.3


def test_training_without_conditions_draws_the_random_numbers_of_before():
    recipe, images = FlowRecipe(dataclasses.replace(TINY, flip=False)), scans(5)
    torch.manual_seed(3)
    recipe.step(Batch(images), Progress(0, 10, 10))
    after = torch.rand(1)
    torch.manual_seed(3)
    torch.randn(5, 16, 4, 2), torch.randn(5)
    assert torch.equal(after, torch.rand(1))


def test_two_groups_are_learnt_apart_on_request():
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, flip=False, learning_rate=2e-2, conditions=("class",), known=(CLASS,), levels=1)
    recipe = FlowRecipe(dataclasses.replace(config, widths=(16, 16)))
    classes = torch.arange(32) % 2 + 1
    images = 0.3 + 0.4 * (classes == 2).float()[:, None, None, None] + 0.05 * torch.rand(32, 1, 16, 8)
    recipe.prepare(Batch(images))
    for at in range(80):
        recipe.step(Batch(images, condition={"class": classes}), Progress(100 + at, 10_000, 10_000))
    with torch.inference_mode():
        model = recipe.generator.eval()
        code = model.prior.draw(8, SeededNoise(0))
        dark, bright = (model.decode(code, {"class": torch.full((8,), place)}).mean() for place in (1, 2))
        scans, own, other = images[classes == 1], *({"class": torch.full((16,), place)} for place in (1, 2))
        code = model.encode(scans, own).mean
        kept, edited = model.decode(code, own), model.decode(code, other, 2.0, own)
    assert bright - dark > 0.2
    assert (kept - scans).abs().mean() < 0.03
    assert (edited - kept).mean() > 0.2, "a scan encoded under what it shows shows what is asked for instead"
