"""A conditional run is asked for what its training scans show, one image for each."""

import dataclasses

import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.evaluation import labelled as minimums
from brainlab.experiments.evaluation.asked_images import labelled_images
from brainlab.experiments.evaluation.image_sets import collect
from brainlab.experiments.training import train
from brainlab.experiments.training_plan import Machine
from brainlab.generators.flow import FlowConfig
from brainlab.methods.method import Schedule
from brainlab.runs.passes.passes import Passes
from brainlab.runs.run import load_run

SMALL = FlowConfig(sample_shape=(1, 40, 48), levels=2, widths=(8,), time_width=8, steps=1)


@pytest.fixture(scope="module")
def data(tiny_workspace):
    return PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    """Return runs on class, age and slice, and on sex."""
    folder = tmp_path_factory.mktemp("asked")
    schedule, machine = Schedule(epochs=1, batch_size=64), Machine(device="cpu", precision="32")
    for name, conditions in (("class", ("class", "age_years", "slice")), ("sex", ("age_years", "sex"))):
        config = dataclasses.replace(SMALL, conditions=conditions)
        train("flow-slices-128", data, folder / name, config=config, schedule=schedule, machine=machine)
    return {name: load_run(folder / name) for name in ("class", "sex")}


@pytest.fixture(autouse=True)
def few(monkeypatch, tiny_workspace):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(minimums, "LEAST_PEOPLE", 3)


def labelled(run, data, known="its own", **given):
    seen = run.see(data)
    return labelled_images(Passes(run), seen, seen.indices("test"), seen if known == "its own" else None, 0, **given)


def test_one_image_is_drawn_for_each_training_image_as_that_one_is(runs, data, monkeypatch):
    run, asked = runs["class"], []
    draw = type(run).codes_in_parts

    def spy(self, *given, condition, **others):
        asked[:] = condition
        return draw(self, *given, condition=condition, **others)

    monkeypatch.setattr(type(run), "codes_in_parts", spy)
    found = labelled(run, data)
    assert found.name == "class"
    assert found.values == ("healthy", "leuko2", "ms"), "others have 48 training slices or fewer"
    assert len(found.training) == len(found.generated) == len(found.labels) == len(asked)
    assert [each["class"] for each in asked] == found.labels.tolist()
    assert all(set(each) == {"class", "age_years", "slice"} for each in asked)
    seen = run.see(data)
    row = seen.indices("train")[0]
    matching = (seen.scans["age_years"] == asked[0]["age_years"]) & (seen.scans["slice"] == asked[0]["slice"])
    assert np.array_equal(found.training[np.array([0])][0], seen.batch(np.flatnonzero(matching)[:1])[0, 0])
    assert seen.scans["split"][row] == "train"
    expected = run.sample(len(asked), 0, condition=asked)[1]
    assert np.array_equal(found.generated[np.arange(len(asked))], expected)


def test_no_more_images_are_drawn_than_were_asked_for(runs, data):
    found = labelled(runs["class"], data, most=150)
    assert len(found.generated) == len(found.training) == 150
    with pytest.raises(InputError, match=r"needs --n of 150 or more to learn the 3 values of class, got 149"):
        labelled(runs["class"], data, most=149)


def test_without_classes_among_the_conditions_it_is_the_sex(runs, data):
    assert (labelled(runs["sex"], data).name, labelled(runs["sex"], data).values) == ("sex", ("F", "M"))


def test_what_is_missing_is_the_reason(runs, data, tiny_workspace, monkeypatch):
    with pytest.raises(InputError, match="is not at hand; name it with --training"):
        labelled(runs["sex"], data, None)
    with pytest.raises(InputError, match=r"draws nothing on request \(ability 'condition'\)"):
        labelled(load_run(tiny_workspace / "runs" / "tiny-vae"), data)
    monkeypatch.setattr(minimums, "LEAST_TRAINING", 10_000)
    sets, _ = collect(runs["sex"], data, 8, 0, None)
    assert sets.labelled is None
    assert "two values with 10000 training images" in sets.reasons["labelled"]
