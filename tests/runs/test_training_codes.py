"""What a run keeps of the people it was trained on is read back as it was, and only with its own weights."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.latent.encoding import Encoding
from brainlab.runs.training_codes import TRAINING_CODES, read_training_codes, write_training_codes

PEOPLE = 40
SCANS = pd.DataFrame(
    {
        "participant": [f"hash{number}" for number in range(PEOPLE)],
        "class": ["ms", None, "NA", "2"] * (PEOPLE // 4),
        "sex": ["F", None] * (PEOPLE // 2),
        "age_years": np.where(np.arange(PEOPLE) % 5 == 0, np.nan, np.arange(PEOPLE) + 0.5),
        "echo_time_s": [None] * PEOPLE,
    }
)


def run(folder: Path, sha256: str = "a" * 64, latent_dim: int = 6) -> SimpleNamespace:
    return SimpleNamespace(folder=folder, name="mine", sha256=sha256, latent_dim=latent_dim, simulated=True)


def codes(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(3, 2, (PEOPLE, 6)).astype(np.float32)


@pytest.mark.parametrize("spread", [None, codes(1)])
def test_people_are_read_back_as_they_were(tmp_path, spread):
    mean = codes()
    mean[:, 2] = 1.5  # a dimension in which all are alike
    path = write_training_codes(run(tmp_path), SCANS, Encoding(mean, spread))
    found = read_training_codes(run(tmp_path))
    assert path == tmp_path / TRAINING_CODES
    assert found.scans["class"].tolist() == ["ms", None, "NA", "2"] * (PEOPLE // 4)
    assert found.scans["participant"].tolist() == SCANS["participant"].tolist()
    np.testing.assert_allclose(found.scans["age_years"], SCANS["age_years"])
    assert found.scans["echo_time_s"].isna().all()
    np.testing.assert_allclose(found.encoding.mean, mean, atol=np.ptp(mean, axis=0).max() / 510 + 1e-6)
    assert (found.encoding.log_variance is None) == (spread is None)
    assert found.indices("train").tolist() == list(range(PEOPLE))
    assert not len(found.indices("test"))


def test_codes_of_other_weights_are_not_taken(tmp_path):
    assert read_training_codes(run(tmp_path)) is None
    write_training_codes(run(tmp_path), SCANS, Encoding(codes(), None))
    assert read_training_codes(run(tmp_path, sha256="b" * 64)) is None


def test_damage_is_said_with_what_mends_it(tmp_path):
    path = write_training_codes(run(tmp_path), SCANS, Encoding(codes(), None))
    with pytest.raises(InputError, match=r"training_codes\.npz: damaged .*do not fit.*'brainlab keep-codes'"):
        read_training_codes(run(tmp_path, latent_dim=7))
    for damage, why in ((path.read_bytes()[:200], ""), (bytes(range(100)), r" \(not a NumPy file\)")):
        path.write_bytes(damage)
        with pytest.raises(InputError, match=rf"training_codes\.npz: damaged{why}") as found:
            read_training_codes(run(tmp_path))
        assert "pickle" not in str(found.value)
