"""`brainlab edit`: the files, what they show, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.analysis.counterfactual import counterfactual
from brainlab.images.provenance_files import read_provenance
from brainlab.images.volume import Volume
from brainlab.runs.matching.own_conditions import own_conditions
from brainlab.runs.run import load_run

KINDS = ("original", "reconstruction", "edited", "difference")


@pytest.fixture
def volumes(edit_workspace):
    return edit_workspace / "runs" / "volume-flow", edit_workspace / "cohorts" / "simulated"


@pytest.fixture
def slices(edit_workspace):
    return edit_workspace / "runs" / "slice-flow", edit_workspace / "cohorts" / "axial"


def told(capsys, *words):
    assert main(["edit", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *words):
    assert main(["edit", *map(str, words)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    return said[0]


def test_the_scans_of_a_dataset_are_edited_from_what_their_own_rows_say(slices, tmp_path, capsys):
    run, cohort = slices
    result = told(capsys, run, cohort, tmp_path / "out", "--set", "age_years=80", "class=ms", "--guidance", 2)
    chosen, data = load_run(run), PreparedDataset.open(cohort)
    rows = data.indices("test")
    assert len(result["files"]) == 4 * len(rows)
    assert len(result["edits"]) == len(result["mse_per_image"]) == len(rows)
    own = own_conditions(chosen, data, rows)
    made = counterfactual(chosen, data.batch(rows), own, {"class": "ms", "age_years": 80.0}, 2.0)
    age, label = own[1]["age_years"], own[1]["class"]
    assert result["edits"][1].endswith(f": class {label} to ms, age_years {age:g} to 80")
    images = dict(zip(KINDS, (np.asarray(Image.open(path), dtype=float) for path in result["files"][4:8]), strict=True))
    for kind, image in (("edited", made.edited[1]), ("reconstruction", made.reconstruction[1])):
        assert np.abs(images[kind] - 255 * chosen.grid.view(image)).max() <= 0.6
    assert np.abs(images["difference"] - (255 + images["edited"] - images["reconstruction"]) / 2).max() <= 1.5
    assert result["mse"] == pytest.approx(np.square(made.reconstruction - data.batch(rows)[:, 0]).mean(), abs=1e-5)


def test_files_say_what_was_changed_and_nothing_of_the_person(slices, tmp_path, capsys):
    run, cohort = slices
    result = told(capsys, run, cohort, tmp_path / "out", "--set", "class=ms", "--guidance", 2)
    said = [read_provenance(Path(path))[0] for path in result["files"][4:8]]
    assert [one.kind for one in said] == ["simulated", "reconstructed", "generated", "difference"]
    assert said[2].settings == said[3].settings == {"edit": {"class": "ms"}, "guidance": 2.0}
    assert not said[1].settings
    assert all(one.code_sha256 is None for one in said)


def test_a_head_is_edited_from_what_is_said_of_it(volumes, tmp_path, capsys):
    run, cohort = volumes
    data = PreparedDataset.open(cohort)
    Volume(data.batch(np.array([3]))[0, 0], data.affine).save(tmp_path / "head.nii.gz")
    words = (run, tmp_path / "head.nii.gz", tmp_path / "out", "--in-template-space", "--set", "class=ms")
    result = told(capsys, *words, "--own", "class=healthy", "age_years=200")
    assert [Path(name).name for name in result["files"]] == [f"head_{kind}.nii.gz" for kind in KINDS]
    original, reconstruction, edited, difference = (Volume.load(path).data for path in result["files"])
    assert np.allclose(difference, edited - reconstruction, atol=1e-4)
    assert difference.min() < -0.004 < 0.004 < difference.max(), "both ways, in intensities"
    assert np.allclose(original, data.batch(np.array([3]))[0, 0], atol=1e-3)
    assert result["edits"] == ["head: class healthy to ms"]
    outside, untold = result["warnings"]
    assert outside.startswith("age_years: 200 lies outside the ")
    assert untold == f"sex: what {tmp_path / 'head.nii.gz'} shows is not told; give it with --own"


def test_people_read_what_was_changed(volumes, tmp_path, capsys):
    run, cohort = volumes
    Volume(PreparedDataset.open(cohort).batch(np.array([0]))[0, 0], PreparedDataset.open(cohort).affine).save(
        tmp_path / "a.nii.gz"
    )
    own = ("--own", "class=ms", "age_years=40", "sex=F")
    assert main([*map(str, ("edit", run, tmp_path / "a.nii.gz", tmp_path / "out", "--set", "sex=M", *own))]) == 0
    out, err = capsys.readouterr()
    edit, summary, files = out.splitlines()
    assert not err
    assert edit == "a: sex F to M"
    assert summary.startswith("1 scan edited, mean squared error of the reconstruction 0.")
    assert files == f"4 files written to {tmp_path / 'out'}: a_original.nii.gz to a_difference.nii.gz"


def test_what_makes_no_sense_is_refused_in_a_line(volumes, slices, tiny_workspace, tmp_path, capsys):
    run, cohort = volumes
    out = tmp_path / "out"
    (tmp_path / "note.txt").write_text("none", encoding="utf-8")
    change = ("--set", "class=ms")
    for words, said in (
        ((run, cohort, out, "--set", "class=MS"), "class: needs one of healthy"),
        ((run, cohort, out, "--set", "class"), "--set: needs NAME=VALUE"),
        ((run, cohort, out, "--set", "diet=x"), "needs names out of class, age_years, sex, got diet"),
        ((run, cohort, out, *change, "--own", "sex=F"), "--own: needs a file"),
        ((run, cohort, out, *change, "--in-template-space"), "--in-template-space: needs a file"),
        ((run, tmp_path / "gone.nii.gz", out, *change), "no such file"),
        ((run, tmp_path / "note.txt", out, *change), "note.txt"),
        ((run, tmp_path / "note.txt", out, *change, "--split", "test"), "--split test: needs a prepared dataset"),
        ((slices[0], tmp_path / "note.txt", out, *change, "--in-template-space"), "needs a run of volumes"),
        ((tiny_workspace / "runs" / "tiny-vae", cohort, out, *change), "draws nothing on request"),
    ):
        assert said in refused(capsys, *words)
    assert not out.exists()
