"""`brainlab saliency`: a map of each input and visit, and what each input contributes."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.experiments.synthesis.saliency import saliency_of_row
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.images.provenance_files import read_provenance
from brainlab.runs.run import load_run
from brainlab.translation.linear import LinearConfig
from tests.cli.test_train import call

CONFIG = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=3, patch=(8, 8, 8))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("saliency")
    data = noise_of_sequences(CONFIG, place / "prepared", 4)
    train("flair-linear", data, place / "run", config=CONFIG)
    recipe = data.recipe | {"channels": ["T1w", "T2w"]}
    images = data.batch(np.array([4]))[:, :2]
    write_prepared(
        place / "untold", images, data.scans.iloc[[4]], recipe, "float16", segmentations=data.segmentations[4:]
    )
    return place


def test_each_held_out_visit_gets_a_map_of_each_input_and_shares_that_sum_to_1(made, tmp_path, capsys):
    code, out, err = call(capsys, "saliency", made / "run", made / "prepared", tmp_path / "out", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert [file.rpartition("_")[2] for file in told["files"]] == ["saliency-T1w.nii.gz", "saliency-T2w.nii.gz"]
    assert (told["of"], told["over"], told["simulated"]) == ("error", "brain", True)
    assert sum(told["contributions"].values()) == pytest.approx(1)
    (visit,) = told["visits"]
    assert (visit["participant"], visit["session"]) == ("p04", None)
    assert visit["contributions"] == told["contributions"]
    found = saliency_of_row(load_run(made / "run"), PreparedDataset.open(made / "prepared"), 4)
    for number, file in enumerate(told["files"]):
        image = nib.load(file)
        np.testing.assert_allclose(image.get_fdata(), found.maps[number], rtol=1e-5)
        assert np.allclose(image.affine, np.diag([4.0, 4, 4, 1]))
        (said,) = read_provenance(Path(file))
        assert (said.kind, said.settings["input"], said.settings["of"]) == ("saliency", ["T1w", "T2w"][number], "error")


def test_without_the_target_it_is_of_the_output_and_says_so(made, tmp_path, capsys):
    words = ["saliency", made / "run", made / "untold", tmp_path / "out", "--split", "all"]
    code, out, err = call(capsys, *words)
    assert code == 0, err
    assert "gradient of the norm of synthesised FLAIR, as the dataset has no true one" in out
    code, out, _ = call(capsys, *words, "--overwrite", "--json")
    assert (code, json.loads(out)["of"]) == (0, "output")


def test_what_has_no_saliency_is_one_line(made, tiny_workspace, tmp_path, capsys):
    generator, other = tiny_workspace / "runs" / "tiny-vae", tiny_workspace / "cohorts" / "simulated"
    for words, expected in (
        ([generator, made / "prepared"], "does not translate (ability 'translate')"),
        ([made / "run", other], "needs T1w, T2w, got image; prepare it with T1w, T2w"),
        ([made / "run", made / "untold", "--split", "train"], "no scans in the split 'train'; choose another with"),
        ([made / "run", tmp_path], "not a prepared dataset"),
    ):
        words = [*words[:2], tmp_path / "out", *words[2:]]
        code, _, err = call(capsys, "saliency", *words)
        assert (code, err.count("\n")) == (2, 1), err
        assert expected in err
        assert not (tmp_path / "out").exists()
