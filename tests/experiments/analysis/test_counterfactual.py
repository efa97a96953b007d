"""A scan with something about it changed: only that changes, and what is changed to itself is the reconstruction."""

import numpy as np
import pytest
import torch

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.analysis.counterfactual import counterfactual, edit_in_words
from brainlab.generators.flow import Flow
from brainlab.networks.guidance import guided
from brainlab.runs.run import load_run

OWN = {"class": "healthy", "age_years": 40.0, "sex": "F"}


@pytest.fixture(params=["slice", "volume"])
def case(request, edit_workspace):
    """Return a run and two images [2, 1, *shape] of its cohort."""
    run = load_run(edit_workspace / "runs" / f"{request.param}-flow")
    cohort = {"slice": "axial", "volume": "simulated"}[request.param]
    return run, PreparedDataset.open(edit_workspace / "cohorts" / cohort).batch(np.array([0, 1]))


def test_nothing_changed_gives_the_reconstruction_however_strongly(case):
    run, images = case
    for changes in ({}, {"class": "healthy"}, OWN):
        for guidance in (1.0, 3.0):
            made = counterfactual(run, images, OWN, changes, guidance)
            assert np.allclose(made.edited, made.reconstruction, atol=1e-5)
    assert made.difference.shape == (2, *run.shape)
    codes, _ = run.encode(images, condition=OWN)
    assert np.array_equal(made.reconstruction, run.decode(codes, condition=OWN))


def test_what_is_changed_changes_the_image_by_the_difference(case):
    run, images = case
    made = [counterfactual(run, images, OWN, each) for each in ({"class": "ms"}, {"age_years": 80}, {"sex": None})]
    for one in made:
        assert np.abs(one.difference).max() > 1e-3
        assert np.array_equal(one.difference, one.edited - one.reconstruction)
        assert np.array_equal(one.reconstruction, made[0].reconstruction), "the scan itself is told what it shows"
    assert not np.allclose(made[0].edited, made[1].edited, atol=1e-4)


def test_each_image_keeps_what_is_not_changed_of_its_own(case):
    run, images = case
    own = [OWN, {"class": "ms", "age_years": 70.0}]
    made = counterfactual(run, images, own, {"age_years": 80})
    for place, each in enumerate(own):
        alone = counterfactual(run, images[place : place + 1], each, {"age_years": 80})
        assert np.allclose(made.edited[place], alone.edited[0], atol=1e-5)


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_a_known_velocity_field_moves_an_image_by_what_is_changed(case, monkeypatch, guidance):
    """The velocity is a pattern, stronger with age: an edit moves the bands by the two strengths' difference."""
    run, images = case
    torch.manual_seed(1)
    pattern = 0.1 * torch.randn(1, *run.code_shape)
    known = next(one for one in run.conditions if one.name == "age_years")

    def velocity(self, state, t, told=None, drafted=None):
        return told.view(-1, *[1] * (state.ndim - 1)) * pattern

    monkeypatch.setattr(Flow, "told", lambda self, condition: 3 + condition["age_years"][:, None], raising=False)
    monkeypatch.setattr(Flow, "velocity", velocity)
    young, old = (3 + float(known.encode([age])[0]) for age in (40, 60))
    made = counterfactual(run, images, {"age_years": 40}, {"age_years": 60}, guidance)
    model = run.model()
    with torch.inference_mode():
        shift = guided(old * pattern, young * pattern, guidance) - young * pattern
        expected = model.from_bands(model.to_bands(torch.from_numpy(images)) + shift).clamp(0, 1)[:, 0].numpy()
    assert np.allclose(made.reconstruction, images[:, 0], atol=1e-4)
    assert np.allclose(made.edited, expected, atol=1e-4)
    assert np.abs(made.difference).max() > 0.01


@pytest.mark.parametrize(
    ("own", "changes", "message"),
    [
        (OWN, {"class": "stroke"}, "class: needs one of healthy, leuko1, leuko2, leuko3, ms, got stroke"),
        (OWN, {"diet": "x"}, "condition: needs names out of class, age_years, sex, got diet"),
        ({"sex": "X"}, {"class": "ms"}, "sex: needs one of F, M, got X"),
        (OWN, {"age_years": "old"}, "age_years: needs a number, got old"),
    ],
)
def test_what_a_run_does_not_know_is_refused(case, own, changes, message):
    run, images = case
    with pytest.raises(InputError, match=message):
        counterfactual(run, images, own, changes)


def test_a_run_without_conditions_or_encoder_is_refused(tiny_workspace):
    images = np.zeros((1, 1, 40, 48, 40), dtype=np.float32)
    with pytest.raises(InputError, match="draws nothing on request"):
        counterfactual(load_run(tiny_workspace / "runs" / "tiny-vae"), images, {}, {"class": "ms"})


def test_an_edit_is_said_in_words():
    assert edit_in_words({"age_years": 42.5}, {"age_years": 80.0, "class": "ms", "sex": None}) == (
        "age_years 42.5 to 80, class not told to ms, sex not told to not told"
    )
