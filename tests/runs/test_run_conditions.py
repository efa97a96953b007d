"""A run that was trained with conditions draws what it is asked for, from its folder alone."""

import json

import numpy as np
import pytest

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import InputError
from brainlab.runs.run import Run, load_run

SMALL = ("--sample-shape", "1", "40", "48", "--levels", "2", "--widths", "8", "8", "--time-width", "8", "--steps", "1")
TRAIN = ("--epochs", "2", "--batch-size", "64", "--precision", "32", "--device", "cpu", "--learning-rate", "0.01")
OLD_MS = {"class": "ms", "age_years": 70}


@pytest.fixture(scope="module")
def folder(tiny_workspace, tmp_path_factory):
    """Return the folder of a small flow on slices of the tiny cohort, by the preset's conditions and class."""
    folder, data = tmp_path_factory.mktemp("flow") / "flow", tiny_workspace / "cohorts" / "simulated"
    asked = ["--conditions", "slice", "age_years", "sex", "class"]
    assert main(["train", "flow-slices-128", "--data", str(data), "--out", str(folder), *SMALL, *TRAIN, *asked]) == 0
    return folder


@pytest.fixture
def run(folder):
    return load_run(folder)


def test_its_folder_says_what_there_is_to_ask_for(run, tiny_workspace):
    scans = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated").scans
    ages = scans.loc[scans["split"] == "train", "age_years"]
    known = {condition.name: condition for condition in run.conditions}
    assert list(known) == ["slice", "age_years", "sex", "class"]
    assert known["class"].words == ("healthy", "leuko1", "leuko2", "leuko3", "ms")
    assert (known["age_years"].low, known["age_years"].high) == (ages.min(), ages.max())
    assert known["sex"].words == ("F", "M")
    assert run.can("condition")
    assert f"age_years ({ages.min():g} to {ages.max():g}), sex (F, M), class (healthy" in run.card


def test_it_draws_what_it_is_asked_for(run):
    (z, plain), (again, asked) = run.sample(2, 0), run.sample(2, 0, condition=OLD_MS)
    assert np.array_equal(z, again), "what is asked for does not change the noise"
    assert not np.array_equal(plain, asked)
    assert np.array_equal(asked, run.decode(z, condition=OLD_MS))
    assert np.array_equal(plain, run.decode(z, condition={"class": "n/a"}))
    assert not np.array_equal(asked, run.sample(2, 0, condition=OLD_MS, guidance=3.0)[1])
    assert not np.array_equal(run.encode(plain[:, None])[0], run.encode(plain[:, None], condition=OLD_MS)[0])


def test_each_image_of_several_parts_gets_its_own(run):
    each = [{"class": "ms"} if number % 3 else {"age_years": 30} for number in range(34)]
    z, images = run.sample(34, 4, condition=each)
    for number in (0, 1, 16, 31):
        alone = run.decode(z[number : number + 1], condition=each[number])[0]
        assert np.allclose(images[number], alone, atol=1e-5)
    assert not np.allclose(images[31], run.decode(z[31:32], condition=each[0])[0], atol=1e-4)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"condition": {"class": "MS"}}, "class: needs one of healthy, leuko1, leuko2, leuko3, ms, got MS"),
        ({"condition": {"diet": "x"}}, "condition: needs names out of slice, age_years, sex, class, got diet"),
        ({"condition": [{}]}, "one for each of 2, got 1"),
        ({"condition": {}, "guidance": -1.0}, "--guidance: needs 0 or more"),
        ({"guidance": 2.0}, "--guidance: needs a condition to exaggerate"),
    ],
)
def test_what_it_cannot_draw_is_refused(run, asked, message):
    with pytest.raises(InputError, match=message):
        run.sample(2, 0, **asked)


def test_a_run_without_conditions_is_asked_for_nothing(tiny_workspace):
    plain = load_run(tiny_workspace / "runs" / "tiny-vae")
    with pytest.raises(InputError, match=r"draws nothing on request \(ability 'condition'\)"):
        plain.sample(1, 0, condition={"class": "ms"})


def test_the_command_draws_on_request_and_warns_of_guesses(folder, tmp_path, capsys):
    def sample(out, *words):
        code = main(["sample", str(folder), str(tmp_path / out), "--n", "2", "--json", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, err = sample("old", "--condition", "class=ms", "age_years=200", "--guidance", "2")
    assert code == 0
    (warning,) = json.loads(out)["warnings"]
    assert "age_years: 200 lies outside" in warning
    assert warning in err
    assert sample("plain")[0] == sample("young", "--condition", "age_years=30")[0] == 0
    drawn = {out: (tmp_path / out / "sample-0000.png").read_bytes() for out in ("old", "plain", "young")}
    assert len(set(drawn.values())) == 3
    for words, said in (
        (("class=x",), "class: needs one of healthy"),
        (("class",), "--condition: needs NAME=VALUE, such as class=ms, got class"),
        (("class=ms", "class=healthy"), "--condition: needs each name once, got class twice"),
    ):
        code, _, err = sample("none", "--condition", *words)
        assert code == 2
        assert said in err
        assert not (tmp_path / "none").exists()


def noting(call, given):
    """Return a call of a run that notes down what it is told of images."""

    def called(run, values, *, condition):
        given.extend(condition)
        return call(run, values, condition=condition)

    return called


def test_scans_are_reconstructed_under_their_own_conditions(folder, run, tiny_workspace, tmp_path, capsys, monkeypatch):
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    scans = data.scans.iloc[:2].assign(split="test", age_years=[30.0, 200.0])
    few = write_prepared(tmp_path / "few", np.stack([data.volumes[0]] * 2), scans, data.recipe)
    asked = {"encode": [], "decode": []}
    for name, given in asked.items():
        monkeypatch.setattr(Run, name, noting(getattr(Run, name), given))
    assert main(["reconstruct", str(folder), str(few.folder), str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    seen = run.see(few)
    rows = seen.scans[["slice", "age_years", "sex", "class"]].to_dict("records")
    assert asked["encode"] == asked["decode"] == rows
    assert {told["age_years"] for told in rows} == {30.0, 200.0}
    (warning,) = json.loads(said.out)["warnings"]
    assert warning.startswith(f"age_years: of {len(seen) // 2} images outside")
    assert warning in said.err


def test_other_conditions_are_other_settings_and_not_resumed_with(folder, tiny_workspace, capsys):
    data = str(tiny_workspace / "cohorts" / "simulated")
    words = ("train", "flow-slices-128", "--data", data, "--out", str(folder), "--resume", "--conditions", "class")
    assert main([*words]) == 2
    assert "was started with other settings (--conditions)" in capsys.readouterr().err


def test_a_training_may_do_without_them(tiny_workspace, tmp_path):
    data, out = str(tiny_workspace / "cohorts" / "simulated"), tmp_path / "plain"
    words = ("train", "flow-slices-128", "--data", data, "--out", str(out), *SMALL, *TRAIN[2:], "--epochs", "1")
    assert main([*words, "--conditions"]) == 0
    assert not load_run(out).can("condition")
