"""The train page without a browser: the form, and trainings in every state."""

import json
import time
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.components import layout
from app.screens.train import cohort_choice, curves, new_training, settings, trainings
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.config import settings_of_fields
from brainlab.errors import InputError
from brainlab.experiments.background.record import Record
from brainlab.experiments.background.state import Progress, State
from brainlab.generators.introvae import IntroVAEConfig
from brainlab.runs.methods import find_preset, presets
from brainlab.workspace import MODELS

PAGE = Path(__file__).resolve().parents[4] / "pages" / "train.py"
EPOCH = {
    "kind": "epoch", "epoch": 1, "step": 20, "seconds": 9.0, "losses": ["loss", "kl"], "loss": 5.0, "kl": 2.0,
    "gradient_norm": 1.0, "held_out_mse": 0.1, "held_out_kl": 4.0, "sharpness_real": 9.0, "sharpness_generated": 5.0,
    "active_units": 3,
}  # fmt: skip
STEP = {"kind": "step", "epoch": 1, "step": 30, "loss": 4.0, "kl": 1.0, "gradient_norm": 2.0}


@pytest.fixture
def page(tiny_workspace, tmp_path, monkeypatch):
    """Return a function that opens the page on a workspace of the tiny cohort alone."""
    (tmp_path / "cohorts").symlink_to(tiny_workspace / "cohorts")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(layout, "link", lambda *_, **__: None)  # there is no router around the page

    def opened() -> AppTest:
        found = AppTest.from_file(str(PAGE), default_timeout=60).run()
        found.selectbox(key="train-preset").set_value("vae-8").run()
        assert not found.exception, found.exception
        return found

    return opened


@pytest.fixture
def training(tmp_path):
    """Write a training of one epoch, with its samples, and return its folder."""
    folder = tmp_path / "runs" / "mine"
    (folder / "samples").mkdir(parents=True)
    for epoch in (1, 2, 3):
        Image.new("L", (32, 12)).save(folder / "samples" / f"epoch-{epoch:04d}.png")
    data = {"name": "simulated", "simulated": True}
    schedule = {"epochs": 2, "stop_after": None}
    (folder / "config.json").write_text(
        json.dumps({"preset": "vae-8", "data": data, "schedule": schedule}), encoding="utf-8"
    )
    (folder / "metrics.jsonl").write_text(f"{json.dumps(EPOCH)}\n{json.dumps(STEP)}\n", encoding="utf-8")
    (folder / "resume.pt").write_bytes(b"")
    (folder / ".training.log").write_text("$ brainlab train\ninterrupted\n", encoding="utf-8")
    Record(pid=1, born=None, preset="vae-8", cohort="simulated", started=time.time()).write(folder)
    return folder


def said(page: AppTest) -> str:
    return " ".join(
        element.value for kind in ("error", "warning", "info", "caption", "markdown") for element in page.get(kind)
    )


def test_the_command_that_will_run_follows_the_form(page, tmp_path):
    found = page()
    found.selectbox(key="train-preset").set_value("ivae-32").run()
    cohort, run = tmp_path / "cohorts" / "simulated", tmp_path / "runs" / "ivae-32-2"
    assert found.code[0].value == f"brainlab train ivae-32 --data {cohort} --out {run}"
    assert "Ends after 6 of the 12 epochs" in said(found)
    found.number_input(key="train-epochs-ivae-32").set_value(20).run()
    found.toggle(key="train-ivae-32-flip").set_value(False).run()
    found.text_input(key="train-ivae-32-widths").set_value("8, 16").run()
    assert (
        found.code[0].value == f"brainlab train ivae-32 --data {cohort} --out {run} --epochs 20 --widths 8 16 --no-flip"
    )
    assert "widths 64 64 → 8 16, flip yes → no" in said(found)
    assert "no run" not in said(found)


def test_weights_of_a_run_with_the_networks_of_the_settings_can_be_begun_with(page):
    found = page()
    choice = found.selectbox(key="train-start-from-vae-8")
    assert choice.options == ["weights drawn by the seed", "the weights of vae-8"]
    assert "--start-from" not in found.code[0].value
    choice.set_value("vae-8").run()
    assert found.code[0].value.endswith(f" --start-from {MODELS / 'vae-8'}")
    found.number_input(key="train-vae-8-latent_dim").set_value(9).run()
    assert not [box for box in found.selectbox if box.key == "train-start-from-vae-8"]
    assert "--start-from" not in found.code[0].value
    assert not found.error


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.text_input(key="train-name-vae-8-2").set_value("../x"), "the name of a run needs"),
        (lambda p: p.text_input(key="train-name-vae-8-2").set_value("vae-8"), "a run named 'vae-8' already"),
        (lambda p: p.text_input(key="train-vae-8-widths").set_value("8 x"), "--widths: needs whole numbers"),
        (lambda p: p.text_input(key="train-vae-8-sample_shape").set_value("1 8 8 8"), "needs scans of (8, 8, 8)"),
        (lambda p: p.number_input(key="train-vae-8-reconstruction_weight").set_value(0.0), "needs a number above 0"),
        (lambda p: p.number_input(key="train-vae-8-linear_rank").set_value(9), "--linear-rank: needs 0 to 8"),
    ],
)
def test_what_training_would_refuse_is_one_line_and_has_no_button(page, change, expected):
    found = page()
    change(found).run()
    assert not found.exception
    (line,) = [error.value for error in found.error]
    assert expected in line
    assert "\n" not in line
    assert not [button for button in found.button if button.key == "train-start"]


def test_start_begins_what_the_form_says_and_a_refusal_is_shown(page, monkeypatch):
    begun = []

    def start(request):
        begun.append(request)
        raise InputError("runs/vae-8-2: cannot be written (No space left on device); free some space")

    monkeypatch.setattr(new_training, "start", start)
    found = page()
    found.number_input(key="train-seed").set_value(3).run()
    found.button(key="train-start").click().run()
    assert not found.exception
    assert [(r.preset, r.cohort, r.name, r.seed) for r in begun] == [("vae-8", "simulated", "vae-8-2", 3)]
    assert "No space left on device" in said(found)


def test_an_emptied_field_is_none_where_a_setting_may_be_and_the_presets_value_elsewhere(monkeypatch):
    preset = find_preset("ivae-32")[1].config
    monkeypatch.setattr(settings.st, "number_input", lambda *_, **__: None)  # as a browser sends it
    said = settings.widgets(preset, "emptied")
    assert settings.changes(preset, said) == ["adversarial_reconstruction_weight 3 → none"]


class Done:
    """A trial that has ended."""

    seconds, ended = 1.0, True

    def __init__(self, reason=""):
        self.reason = reason

    def outcome(self):
        if self.reason:
            raise InputError(self.reason)
        return "about 3 min for 8 epochs"


@pytest.mark.parametrize(
    ("reason", "expected"), [("", "about 3 min for 8 epochs"), ("memory is short", "memory is short")]
)
def test_an_estimate_is_shown_for_the_settings_that_it_was_made_for(page, monkeypatch, reason, expected):
    monkeypatch.setattr(new_training.Trial, "begin", lambda request: Done(reason))
    found = page()
    found.button(key="train-estimate-button").click().run()
    assert not found.exception
    assert expected in said(found)
    found.number_input(key="train-epochs-vae-8").set_value(9).run()
    assert expected not in said(found)


STATES = [
    State(phase="starting", own=True, progress=Progress()),
    State(
        phase="training",
        own=True,
        progress=Progress(epoch=2, epochs=2, step=30, total_steps=40, seconds=5, seconds_left=1),
    ),
    State(phase="training", own=True, stopping=True, progress=Progress(epoch=1, step=3)),
    State(phase="training", progress=Progress(epoch=1, step=3)),
    State(phase="stopped", resumable=True, progress=Progress(epoch=1, epochs=2, step=3, total_steps=9)),
    State(phase="finished", progress=Progress(epoch=2, epochs=2, step=9, total_steps=9)),
    State(phase="failed", resumable=True, reason="w: No space left on device", progress=Progress()),
    State(phase="gone", reason="its process was ended from outside", progress=Progress()),
]
OFFERED = [
    "train-stop-mine",
    "train-stop-mine",
    "train-kill-mine",
    None,
    "train-resume-mine",
    None,
    "train-resume-mine",
    None,
]


@pytest.mark.parametrize(("found_state", "offered"), list(zip(STATES, OFFERED, strict=True)))
def test_every_state_is_shown_with_what_can_be_done(page, training, monkeypatch, found_state, offered):
    monkeypatch.setattr(trainings, "state", lambda folder: found_state)
    found = page()
    keys = [button.key for button in found.button if button.key and button.key.endswith("-mine")]
    assert keys == ([offered] if offered else [])
    table = found.dataframe[0].value.iloc[0]
    assert table["state"] == ("stopping" if found_state.stopping else found_state.phase)
    assert found_state.reason in said(found)


def test_it_looks_again_by_itself_only_while_something_is_at_work(page, training, monkeypatch):
    asked = []
    fragment = trainings.st.fragment
    monkeypatch.setattr(trainings.st, "fragment", lambda f, run_every=None: asked.append(run_every) or fragment(f))
    monkeypatch.setattr(trainings, "state", lambda folder: STATES[1])
    page()
    monkeypatch.setattr(trainings, "state", lambda folder: STATES[4])
    page()
    assert list(dict.fromkeys(asked)) == [trainings.REFRESH_S, None]


def test_stop_and_resume_call_the_core_and_refusals_are_shown(page, training, monkeypatch):
    called = []
    monkeypatch.setattr(trainings, "stop", lambda folder: called.append(("stop", folder)))
    monkeypatch.setattr(trainings, "state", lambda folder: STATES[1])
    page().button(key="train-stop-mine").click().run()
    monkeypatch.setattr(trainings, "state", lambda folder: STATES[6])
    monkeypatch.setattr(trainings, "changeable", lambda folder: {"learning_rate": 1e-3})
    monkeypatch.setattr(trainings, "resume", lambda folder, changes: called.append((changes, folder)))
    found = page()
    found.number_input(key="train-mine-learning_rate").set_value(1e-4).run()
    found.button(key="train-resume-mine").click().run()
    assert called == [("stop", training), ({"learning_rate": 1e-4}, training)]

    def refuse(*_):
        raise InputError("mine: is being trained already")

    monkeypatch.setattr(trainings, "resume", refuse)
    found.button(key="train-resume-mine").click().run()
    assert "is being trained already" in said(found)


def test_a_real_folder_is_shown_and_a_damaged_one_too(page, training):
    found = page()
    assert found.dataframe[0].value.iloc[0][["run", "preset", "cohort", "state", "epoch"]].tolist() == [
        "mine", "vae-8", "simulated", "stopped", "2 of 2",
    ]  # fmt: skip
    assert "Samples of eight fixed codes after epoch 3" in said(found)
    assert found.select_slider[0].options == ["after epoch 1", "after epoch 2"]
    (training / "samples" / "epoch-0003.png").write_bytes(b"PNG")
    assert "epoch-0003.png is damaged" in said(page())
    for line in ("no JSON", '{"kind": "step"}', '{"kind": "epoch", "step": 3, "epoch": 0, "seconds": 2}'):
        (training / "metrics.jsonl").write_text(line + "\n", encoding="utf-8")
        assert "line 1 is damaged" in said(page())


def test_a_cohort_that_the_preset_cannot_read_is_not_offered(slice_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    found = AppTest.from_file(str(PAGE), default_timeout=60).run()
    found.selectbox(key="train-preset").set_value("vae-8").run()
    assert not found.exception
    assert "No cohort holds what vae-8 reads" in said(found)
    assert "40 × 48 × 40 voxels" in said(found)
    found.selectbox(key="train-preset").set_value("vqvae2d").run()
    assert "128 × 128 pixels" in said(found)
    assert "voxel" not in said(found)


@pytest.fixture
def three_recipes(tiny_workspace, tmp_path, monkeypatch):
    """Write three cohorts of one shape: `a` of another recipe, `b` and `c` of flair-40; all of `b` is test."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(layout, "link", lambda *_, **__: None)
    source = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    for name, recipe, split in (("a", "mine", None), ("b", "flair-40", "test"), ("c", "flair-40", None)):
        scans = source.scans if split is None else source.scans.assign(split=split)
        changed = source.recipe | {"name": recipe, "modalities": ["FLAIR" if recipe == "flair-40" else "T1w"]}
        write_prepared(tmp_path / "cohorts" / name, source.batch(source.indices())[:, 0], scans, changed)


def test_a_cohort_of_the_presets_own_recipe_with_a_training_split_is_chosen_first(three_recipes):
    found = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not found.exception
    box = found.selectbox(key="train-cohort-vae-8")
    assert (box.options, box.value) == (["b", "c", "a"], "c")
    assert "is made for" not in said(found)
    assert "made for flair-40" in said(found)
    box.set_value("a").run()
    assert "vae-8 is made for FLAIR images of the recipe flair-40, and a holds T1w images of the recipe mine" in said(
        found
    )
    assert found.button(key="train-start"), "a warning, no refusal"


def test_a_preset_whose_own_recipe_is_there_is_shown_first(monkeypatch):
    shown = {"first": ("fits", "ships"), "second": ("own", "fits"), "third": ("own", "fits", "ships")}

    def readable(name):
        facts = shown[name]
        warning = None if "own" in facts else "of another recipe"
        return {"cohort": cohort_choice.Candidate(fits="fits" in facts, trains=True, warning=warning)}

    monkeypatch.setattr(cohort_choice, "readable", readable)
    monkeypatch.setattr(cohort_choice, "describe", lambda name: {"ships": "ships" in shown[name]})
    assert cohort_choice.first_preset(["first", "second", "third"]) == "third"
    assert cohort_choice.first_preset(["first", "second"]) == "second"


def test_curves_hold_what_the_lines_hold():
    figure = curves.losses([STEP | {"step": 20, "loss": 6.0}, EPOCH, STEP])
    assert [note.text for note in figure.layout.annotations] == ["loss", "kl", "gradient norm"]
    assert (figure.data[0].x, figure.data[0].y) == ((20, 30), (6.0, 4.0))
    measured = curves.diagnostics([EPOCH])
    titles = [note.text for note in measured.layout.annotations]
    assert titles == ["Held-out squared error", "KL (nats)", "Sharpness", "Active units"]
    assert {trace.name for trace in measured.data} == {"held-out scans", "reconstructions", "samples"}
    assert {trace.name for trace in curves.diagnostics([EPOCH], "slice").data} & {
        "held-out scans",
        "held-out slices",
    } == {"held-out slices"}
    assert curves.losses([]) is None
    assert curves.diagnostics([STEP]) is None
    many = curves.losses([STEP | {"step": number} for number in range(50_000)])
    assert len(many.data[0].x) <= curves.MOST_POINTS


def test_a_loss_measured_now_and_then_is_drawn_and_one_never_measured_has_no_panel():
    steps = [STEP | {"step": n} | ({"penalty": 1.0} if n % 16 == 0 else {}) for n in range(20_000)]
    ends = EPOCH | {"losses": ["loss", "penalty", "missing"]}
    figure = curves.losses([*steps, ends])
    titles = [note.text for note in figure.layout.annotations]
    assert "penalty" in titles
    assert "missing" not in titles
    assert len(figure.data[titles.index("penalty")].x) > curves.MOST_POINTS / 2


def test_numbered_losses_share_a_panel():
    bands = {f"band_{n:02d}": float(n) for n in range(16)}
    figure = curves.losses([STEP | bands, EPOCH | {"losses": ["loss", *bands]}])
    titles = [note.text for note in figure.layout.annotations]
    assert titles.count("each band") == 1
    assert len(titles) <= 3
    assert {trace.name for trace in figure.data} >= {"band 00", "band 15"}


@pytest.mark.parametrize("name", presets())
def test_bounds_of_widgets_let_every_presets_value_through(name):
    preset = find_preset(name)[1].config
    for setting in settings_of_fields(type(preset)):
        value, (low, high) = getattr(preset, setting.name), settings.bounds(setting)
        assert setting.explanation, setting.name
        if setting.kind in (int, float) and not setting.several and value is not None:
            assert low is None or low <= value
            assert high is None or value <= high
    known = {setting.name: settings.bounds(setting) for setting in settings_of_fields(IntroVAEConfig)}
    assert (known["latent_dim"], known["linear_rank"], known["fake_share"]) == ((1, None), (0, None), (0, 1))
