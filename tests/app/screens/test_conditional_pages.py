"""The gallery of a run that draws on request shows what is chosen, and any of it as long as nothing is."""

import dataclasses
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.data.volumes import Sample, load
from app.server.access import SIGNED_IN
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.training import train
from brainlab.experiments.training_plan import Machine
from brainlab.methods.method import Schedule
from brainlab.runs.methods import find_preset
from brainlab.runs.run import load_run

RUN = "tiny-flow"
SCRIPT = Path(__file__).resolve().parents[3] / "pages" / "generate.py"


@pytest.fixture(scope="module")
def flow_workspace(tiny_workspace, tmp_path_factory):
    """Return a workspace with a flow trained for a few steps on slices of the tiny cohort, and a VAE."""
    folder = tmp_path_factory.mktemp("conditional")
    (folder / "cohorts").symlink_to(tiny_workspace / "cohorts")
    data = PreparedDataset.open(folder / "cohorts" / "simulated")
    method, _ = find_preset("flow-slices-128")
    config = method.config(
        sample_shape=(1, 40, 48),
        levels=2,
        widths=(8,),
        time_width=8,
        steps=1,
        learning_rate=0.01,
        conditions=("class", "age_years"),
    )
    schedule, machine = Schedule(epochs=2, batch_size=64), Machine(device="cpu", precision="32")
    train("flow-slices-128", data, folder / "runs" / RUN, config=config, schedule=schedule, machine=machine)
    (folder / "runs" / "tiny-vae").symlink_to(tiny_workspace / "runs" / "tiny-vae")
    return folder


@pytest.fixture(autouse=True)
def place(flow_workspace, monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(flow_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "none")


def opened() -> AppTest:
    page = AppTest.from_file(str(SCRIPT), default_timeout=120)
    page.session_state[SIGNED_IN] = True
    page.session_state["generate-tabs"] = "Samples"
    return ran(page)


def ran(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, page.exception
    assert not page.error, page.error[0].value
    return page


def test_the_gallery_shows_what_is_chosen(flow_workspace, monkeypatch):
    seen = []
    monkeypatch.setattr("app.screens.generate.page.Sample", lambda *given: seen.append(given) or Sample(*given))
    page = opened()
    ages = load_run(flow_workspace / "runs" / RUN).conditions[1]
    label, age = page.selectbox(key=f"requested-{RUN}-class"), page.slider(key=f"requested-{RUN}-age_years")
    assert label.options == ["any", "healthy", "leuko1", "leuko2", "leuko3", "ms"]
    assert (age.min, age.max, age.disabled) == (ages.low, ages.high, True)
    assert page.slider(key=f"requested-{RUN}-guidance").disabled
    assert {given[5:] for given in seen} == {(None, 1.0)}
    seen.clear()
    label.set_value("ms")
    page.toggle(key=f"requested-{RUN}-age_years-any").set_value(False)
    ran(page)
    page.slider(key=f"requested-{RUN}-guidance").set_value(2.0)
    page.slider(key=f"requested-{RUN}-age_years").set_value(ages.low)
    seen.clear()
    ran(page)
    assert {given[5:] for given in seen if given[0] == RUN} == {((("class", "ms"), ("age_years", ages.low)), 2.0)}
    assert {given[5:] for given in seen if given[0] != RUN} == {(None, 1.0)}, "a run without conditions has no widgets"


def test_a_sample_on_request_is_the_run_s_own():
    plain, told = (load(Sample(RUN, 0, 8, 1, 1.0, condition)) for condition in (None, (("class", "ms"),)))
    assert (plain != told).any()
    stronger = dataclasses.replace(Sample(RUN, 0, 8, 1, 1.0, (("class", "ms"),)), guidance=4.0)
    assert (load(stronger) != told).any()
