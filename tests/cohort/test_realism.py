"""Figures of realism: what must be 0, what must be right in numbers known beforehand, and what the command shows."""

import json

import numpy as np
import pytest

from brainlab import cli
from brainlab.cohort import realism
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import InputError
from tests.conftest import write_cohort


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> PreparedDataset:
    return write_cohort(tmp_path_factory.mktemp("cohort") / "people")


def test_one_person_twice_differs_in_nothing(people):
    scan = people.batch(np.array([0, 0]))[:, 0]
    found = realism.realism(scan)
    assert (found.pairwise_mse, found.voxel_sd, found.outline_ml) == (0, 0, 0)
    assert set(found.difference_energy) == {0}


def test_a_symmetric_brain_is_its_own_mirror_image(people):
    scan = people.batch(np.array([0]))[:, 0]
    assert realism.realism((scan + scan[:, ::-1]) / 2).mirror_mse == pytest.approx(0, abs=1e-12)
    assert realism.realism(scan).mirror_mse > 1e-6


def test_figures_of_two_people_are_those_worked_out_by_hand(people):
    one, other = people.batch(np.array([0, 1]))[:, 0]
    found = realism.realism(np.stack([one, other]))
    assert found.pairwise_mse == pytest.approx(np.mean((one - other) ** 2), rel=1e-5)
    assert found.voxel_sd == pytest.approx(np.mean(np.abs(one - other)) / 2, rel=1e-5)
    # Parseval: the energy of all bands is that of the difference, less what lies beyond the last band.
    assert sum(found.difference_energy) / 1000 <= np.mean((one - other) ** 2)
    differ = np.count_nonzero((one > realism.IN_BRAIN) != (other > realism.IN_BRAIN))
    assert found.outline_ml == pytest.approx(differ * 0.5 * 0.064)


def test_energy_lies_in_the_band_of_its_frequency():
    wave = np.cos(2 * np.pi * 0.125 * np.arange(40))[:, None, None] * np.ones((40, 48, 40))
    energy = realism._energy_by_band(wave.astype(np.float32))
    assert energy.argmax() == 2
    assert energy[2] / energy.sum() > 0.999


def test_people_are_compared_in_groups_so_that_their_number_does_not_matter(people):
    scans = people.batch(np.arange(7))[:, 0]
    once, twice = realism.realism(scans), realism.realism(np.concatenate([scans, scans]))
    assert twice.pairwise_mse == pytest.approx(once.pairwise_mse)
    assert twice.voxel_sd == pytest.approx(once.voxel_sd)


def test_noise_lowers_the_correlation_of_neighbours(people):
    scans = people.batch(np.arange(3))[:, 0]
    noisy = scans + np.random.default_rng(0).normal(0, 0.05, scans.shape).astype(np.float32)
    assert realism.realism(noisy).white_neighbours < realism.realism(scans).white_neighbours - 0.1


def test_contrast_is_relative_to_white_matter(people):
    scans = people.batch(np.arange(2))[:, 0]
    assert realism.contrast(0.5 * scans).grey_to_white == pytest.approx(realism.contrast(scans).grey_to_white)


def test_people_with_multiple_sclerosis_are_measured_where_there_are_some(people):
    assert realism.measure(people)["FLAIR"].realism.people == 9
    assert "multiple sclerosis" in realism.measure(people)["FLAIR"].of


def test_one_scan_a_person_is_measured(people, tmp_path):
    scans = people.scans.copy()
    scans["participant"] = scans["participant"].iloc[0]
    scans["split"] = "train"
    one = write_prepared(tmp_path / "one", people.batch(people.indices())[:, 0], scans, people.recipe)
    assert realism.measure(one)["FLAIR"].realism.people == 1


def test_the_command_puts_figures_beside_those_of_real_scans(people, capsys):
    cli.main(["audit", str(people.folder), "--json"])
    rows = json.loads(capsys.readouterr().out)["realism"]["FLAIR"]["figures"]
    by_name = {row["name"]: row for row in rows}
    assert by_name["pairwise_mse"]["real"] == 0.0169
    assert by_name["sharpness"]["real_sd"] == 0.012
    assert len(rows) == len(by_name)
    cli.main(["audit", str(people.folder)])
    assert "FLAIR of people with multiple sclerosis, beside real scans" in capsys.readouterr().out


def test_another_grid_is_said_and_the_audit_goes_on(people, tmp_path, capsys):
    volumes = people.batch(people.indices())[:, 0, ::2, ::2, ::2]
    recipe = people.recipe | {"shape": [20, 24, 20]}
    small = write_prepared(tmp_path / "small", volumes, people.scans, recipe)
    with pytest.raises(InputError, match="needs volumes of 4 mm"):
        realism.measure(small)
    cli.main(["audit", str(small.folder)])
    assert "realism: needs volumes of 4 mm" in capsys.readouterr().out
