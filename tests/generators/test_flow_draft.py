import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.generators.flow import Flow, FlowRecipe
from brainlab.methods.prior import SeededNoise
from brainlab.methods.recipe import Progress
from tests.generators.test_flow import ASKED, TINY, awake, scans, told

DRAFTED = dataclasses.replace(ASKED, linear_rank=3, flip=False, steps=40, levels=1)


def drafted_flow(config=DRAFTED):
    """Return a flow with a draft, found in scans of two classes, and these scans with what they show."""
    images, condition = scans(40), told([1, 2] * 20, torch.linspace(-2, 2, 40).tolist())
    recipe = FlowRecipe(config)
    recipe.prepare(Batch(images, condition=condition))
    return recipe, images, condition


def test_a_flow_without_a_draft_keeps_nothing_of_one():
    assert not any("draft" in name for name in Flow(TINY).state_dict())
    assert Flow(TINY).unet.enter.in_channels == 16


def test_a_fresh_flow_draws_drafts_with_noise_about_them():
    recipe, _, condition = drafted_flow()
    model = recipe.generator.eval()
    noise = model.prior.draw(40, SeededNoise(0))
    with torch.inference_mode():
        found = model.decode(noise, condition)
        draft = model.draft.of_noise(model._image(noise), condition)
        beside = model.draft.beside(model._image(noise * model.divisor + model.centre))
    inside = (found > 0) & (found < 1)
    assert inside.float().mean() > 0.95
    assert torch.allclose(found[inside], (draft + beside)[inside], atol=1e-4)


def test_what_is_drawn_beside_a_draft_leaves_its_scores_as_the_condition_has_them():
    recipe, _, condition = drafted_flow()
    model = awake(recipe.generator, 0.05)
    noise = model.prior.draw(40, SeededNoise(0))
    with torch.inference_mode():
        drafted = model._haar(model.draft.of_noise(model._image(noise), condition))
        image = model.from_bands(model._solve(noise, 0, 1, condition, drafted=drafted), drafted)
        scores = model.draft.read_noise(model._image(noise), condition)
    assert torch.allclose(model.draft.read(image), scores, atol=0.01)
    assert (image - model._image(drafted)).square().mean() > 1e-4, "there is something beside the draft"


def test_guidance_takes_the_draft_as_many_times_as_far():
    recipe, _, condition = drafted_flow()
    draft, noise = recipe.generator.draft, recipe.generator.prior.draw(40, SeededNoise(0))
    noise, other = recipe.generator._image(noise), told([2, 1] * 20, torch.linspace(-1, 1, 40).tolist())
    asked, untold, away = (draft.read_noise(noise, each) for each in (condition, None, other))
    assert torch.allclose(draft.read_noise(noise, condition, 2.0), 2 * asked - untold, atol=1e-4)
    assert torch.allclose(draft.read_noise(noise, condition, 2.0, other), 2 * asked - away, atol=1e-4)
    with torch.inference_mode():
        near, far = (recipe.generator.decode(recipe.generator._haar(noise), condition, each) for each in (1.0, 3.0))
    assert (far - near).abs().max() > 0.02


def test_drawn_noise_is_quieter_beside_what_says_which_draft_is_meant():
    recipe, images, condition = drafted_flow(dataclasses.replace(DRAFTED, rest_truncation=0.5))
    whole, _, _ = drafted_flow()
    model = recipe.generator
    quiet, noise = (each.prior.draw(40, SeededNoise(0)) for each in (model, whole.generator))
    quiet_scores, scores = (model.draft.read_noise(model._image(each), condition) for each in (quiet, noise))
    assert torch.allclose(quiet_scores, scores, atol=1e-4), "the draft has moved"
    beside = noise.square().sum() - model.draft.components.project(model._image(noise), model.draft.ones).square().sum()
    change = (noise - quiet).square().sum()
    assert change.item() == pytest.approx(0.25 * beside.item(), rel=0.02)
    codes = model.encode(images, condition).mean
    assert (model.decode(codes, condition) - images).square().mean() < 1e-4, "codes of scans are as they were"


def test_what_is_left_of_scans_and_shown_of_drafts_has_unit_spread(monkeypatch):
    recipe, images, _ = drafted_flow(dataclasses.replace(DRAFTED, whitening=1.0, data_spread=1.0))
    model = recipe.generator
    _, drafted = model.draft_of(images)
    rest = model.to_bands(images, drafted)
    assert rest.std((0, 2, 3), correction=0).tolist() == pytest.approx([1.0] * 4, rel=1e-3)
    assert torch.allclose(model.from_bands(rest, drafted), images, atol=2e-3), (
        "components of 8 bits are not quite orthogonal"
    )
    shown = []
    monkeypatch.setattr(model.unet, "forward", lambda state, t, told: shown.append(state) or state[:, :4])
    model.velocity(rest, torch.ones(40), None, drafted)
    assert shown[0].shape[1] == 8
    assert shown[0].std((0, 2, 3), correction=0).tolist() == pytest.approx([1.0] * 8, rel=1e-3)


def test_a_scan_s_code_draws_the_scan_again_and_as_another_age_another_draft():
    recipe, images, condition = drafted_flow()
    model = awake(recipe.generator, 0.05)
    older = condition | {"age_years": condition["age_years"] + 3}
    with torch.inference_mode():
        codes = model.encode(images, condition).mean
        assert (model.decode(codes, condition) - images).square().mean() < 1e-4, "the draft's share of noise is lost"
        before, after = (model.draft.read_noise(model._image(codes), asked) for asked in (condition, older))
        assert torch.allclose(before, model.draft.read(images), atol=0.05)
        assert (after - before).abs().max() > 0.1
        assert (model.decode(codes, older) - images).square().mean() > 1e-3


def test_a_step_starts_from_noise_that_stands_for_the_draft_it_shows(monkeypatch):
    recipe, images, condition = drafted_flow(dataclasses.replace(DRAFTED, dropped=0.0))
    model, seen = recipe.generator, []

    def look(data, noise, t, told, drafted):
        seen.append((noise, told, drafted))
        return Flow.band_errors(model, data, noise, t, told, drafted)

    monkeypatch.setattr(model, "band_errors", look)
    recipe.step(Batch(images, condition=condition), Progress(0, 10, 10))
    ((noise, asked, drafted),) = seen
    scores = model.draft.read_noise(model._image(noise), asked)
    assert torch.allclose(model._haar(model.draft.draw(scores)), drafted, atol=0.01)
    assert torch.allclose(model.draft.read(images), scores, atol=0.05)


def test_the_draft_is_of_mirrored_scans_too_where_these_are_learnt():
    images = scans(40)
    images[:, :, :8] += 0.2
    images = images.clamp(0, 1)
    mirrored = FlowRecipe(dataclasses.replace(TINY, linear_rank=3))
    mirrored.prepare(Batch(images))
    alone = FlowRecipe(dataclasses.replace(TINY, linear_rank=3, flip=False))
    alone.prepare(Batch(images))
    mean = mirrored.generator.draft.mean
    assert torch.allclose(mean, mean.flip(2), atol=1e-6)
    assert not torch.allclose(alone.generator.draft.mean, mean, atol=0.05)
