"""What single images contribute is kept with the evaluation that it is of, and nothing else is taken for it."""

import json
import shutil

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.measurement import Parts
from brainlab.runs.evaluation_values import VALUES, EvaluationValues, read_values, write_values
from brainlab.runs.run import load_run

VALUES_OF_4 = EvaluationValues(
    np.array([2, 5, 7, 9]),
    np.array([0, 0, 1, 2]),
    {
        "mse": Parts(np.array([0.1, 0.2, 0.3, 0.4]), "real"),
        "ssim": Parts(np.array([0.8, 0.9]), "real", np.array([0, 3])),
        "isd": Parts(np.arange(6.0), "generated"),
    },
)


@pytest.fixture
def run(tiny_workspace, tmp_path):
    shutil.copytree(tiny_workspace / "runs" / "tiny-vae", tmp_path / "run")
    (tmp_path / "run" / "evaluation.json").write_text(json.dumps({"mse": {"value": 0.25}}), encoding="utf-8")
    return load_run(tmp_path / "run")


def test_values_come_back_as_they_were(run):
    path = write_values(run.evaluation_file, VALUES_OF_4)
    assert path == run.folder / VALUES
    found = read_values(run)
    assert found.rows.tolist() == [2, 5, 7, 9]
    assert found.people.tolist() == [0, 0, 1, 2]
    assert list(found.parts) == ["mse", "ssim", "isd"]
    assert found.parts["mse"].values.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert (found.parts["mse"].of, found.parts["isd"].of) == ("real", "generated")
    assert found.parts["ssim"].rows.tolist() == [0, 3]
    assert found.parts["isd"].rows is None


def test_a_thousand_samples_take_little_room(run):
    random = np.random.default_rng(0)
    names = [f"metric_{number}" for number in range(12)]
    values = EvaluationValues(
        np.arange(1000), np.arange(1000), {name: Parts(random.random(1000), "generated") for name in names}
    )
    assert write_values(run.evaluation_file, values).stat().st_size < 200_000


def test_values_of_another_evaluation_are_not_taken(run):
    write_values(run.evaluation_file, VALUES_OF_4)
    run.evaluation_file.write_text(json.dumps({"mse": {"value": 0.3}}), encoding="utf-8")
    with pytest.raises(InputError, match="got those of another evaluation; run 'brainlab evaluate' again"):
        read_values(run)


def test_a_run_without_values_or_without_an_evaluation_says_what_to_do(run):
    with pytest.raises(InputError, match="got no such file; run 'brainlab evaluate' again"):
        read_values(run)
    run.evaluation_file.unlink()
    with pytest.raises(InputError, match="needs an evaluation, got none"):
        read_values(run)


def _spoilt(path, **changes):
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    "changes",
    [
        {"people": np.array([0, 1])},
        {"rows": None},
        {"real.mse": np.array([0.1, 0.2])},
        {"real.mse": np.array([0.1, np.nan, 0.3, 0.4])},
        {"real.mse": np.array(["a", "b", "c", "d"])},
        {"ssim.rows": np.array([0, 4])},
        {"ssim.rows": np.array([-1, 3])},
        {"real.mse": np.array([{}, 1, 2, 3], dtype=object)},
    ],
)
def test_damaged_values_are_one_line(run, changes):
    path = write_values(run.evaluation_file, VALUES_OF_4)
    _spoilt(path, **changes)
    with pytest.raises(
        InputError, match=r"evaluation_values.npz: damaged \(.*\); run 'brainlab evaluate' again"
    ) as found:
        read_values(run)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_damaged(run, content):
    (run.folder / VALUES).write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_values(run)
