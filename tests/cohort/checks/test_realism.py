"""Figures of realism: what must be 0, what must be right in numbers known beforehand, and what the command shows."""

import json

import numpy as np
import pytest

from brainlab import cli
from brainlab.cohort.checks import realism
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.sources.bids import SEQUENCES
from brainlab.errors import InputError
from tests.conftest import write_cohort


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> PreparedDataset:
    return write_cohort(tmp_path_factory.mktemp("cohort") / "people")


def test_one_person_twice_differs_in_nothing(people):
    scan = people.batch(np.zeros(7, int))[:, 0]
    found = realism.realism(scan)
    assert (found.pairwise_mse, found.outline_ml) == (0, 0)
    assert found.voxel_sd == pytest.approx(0, abs=1e-6)
    assert set(found.difference_energy) == {0}


def test_a_symmetric_brain_is_its_own_mirror_image(people):
    scan = people.batch(np.array([0]))[:, 0]
    assert realism.realism((scan + scan[:, ::-1]) / 2).mirror_mse == pytest.approx(0, abs=1e-12)
    assert realism.realism(scan).mirror_mse > 1e-6


def test_figures_of_two_people_are_those_worked_out_by_hand(people):
    one, other = people.batch(np.array([0, 1]))[:, 0]
    found = realism.realism(np.stack([one, other]))
    assert found.pairwise_mse == pytest.approx(np.mean((one - other) ** 2), rel=1e-5)
    # Parseval: the energy of all bands is that of the difference, less what lies beyond the last band.
    assert sum(found.difference_energy) / 1000 <= np.mean((one - other) ** 2)
    # One of seven differs from the rest.
    seven = realism.realism(np.stack([one] * 6 + [other]))
    assert seven.voxel_sd == pytest.approx(np.mean(np.abs(one - other)) * np.sqrt(6) / 7, rel=1e-4)
    differ = np.count_nonzero((one > realism.IN_BRAIN) != (other > realism.IN_BRAIN))
    assert seven.outline_ml == pytest.approx(differ * 2 * (1 / 7) * (6 / 7) * 0.064, rel=1e-5)


def test_what_depends_on_the_size_of_a_group_is_missing_where_it_is_not_full(people):
    found = realism.realism(people.batch(np.arange(6))[:, 0])
    assert np.isnan([found.voxel_sd, found.outline_ml]).all()
    assert np.isnan(realism.realism(people.batch(np.array([0]))[:, 0]).difference_energy).all()


def test_real_contrasts_are_known_by_the_names_that_scans_have():
    assert set(realism.REAL_CONTRAST) <= set(SEQUENCES)


def test_a_black_scan_and_a_scan_without_a_sequence_are_measured(people, tmp_path, recwarn):
    volumes = people.batch(people.indices())[:, 0]
    volumes[0] = 0
    scans = people.scans.assign(modality=None)
    nameless = write_prepared(tmp_path / "nameless", volumes, scans, people.recipe)
    assert np.isfinite(realism.measure(nameless)["FLAIR"].realism.grey_to_white)
    assert realism.contrast(volumes[:1]).grey_to_white != realism.contrast(volumes[:1]).grey_to_white
    assert not [one for one in recwarn if issubclass(one.category, RuntimeWarning)]


def test_channels_are_measured_one_by_one(people, tmp_path):
    volumes = people.batch(people.indices())[:, 0]
    recipe = people.recipe | {"channels": ["FLAIR", "T2w"]}
    pairs = write_prepared(tmp_path / "pairs", np.stack([volumes, 1 - volumes], axis=1), people.scans, recipe)
    found = realism.measure(pairs)
    assert found["FLAIR"].contrast == pytest.approx(realism.measure(people)["FLAIR"].contrast)
    assert found["T2w"].realism is None


def test_energy_lies_in_the_band_of_its_frequency():
    wave = np.cos(2 * np.pi * 0.125 * np.arange(40))[:, None, None] * np.ones((40, 48, 40))
    energy = realism._energy_by_band(wave.astype(np.float32))
    assert energy.argmax() == 2
    assert energy[2] / energy.sum() > 0.999


def test_people_are_compared_in_groups_so_that_their_number_does_not_matter(people):
    scans = people.batch(np.arange(7))[:, 0]
    darker = 0.8 * scans
    once, other, both = (realism.realism(group) for group in (scans, darker, np.concatenate([scans, darker])))
    assert both.pairwise_mse == pytest.approx((once.pairwise_mse + other.pairwise_mse) / 2)
    assert both.voxel_sd == pytest.approx((once.voxel_sd + other.voxel_sd) / 2)


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
    assert "FLAIR of 9 people with multiple sclerosis, beside scans of patients" in capsys.readouterr().out


def test_another_grid_is_said_and_the_audit_goes_on(people, tmp_path, capsys):
    volumes = people.batch(people.indices())[:, 0, ::2, ::2, ::2]
    recipe = people.recipe | {"shape": [20, 24, 20]}
    small = write_prepared(tmp_path / "small", volumes, people.scans, recipe)
    with pytest.raises(InputError, match="needs the 4 mm grid"):
        realism.measure(small)
    cli.main(["audit", str(small.folder)])
    assert "realism: needs the 4 mm grid" in capsys.readouterr().out


def test_z_scores_are_said(people, tmp_path):
    recipe = people.recipe | {"intensity": "z-score"}
    scores = write_prepared(tmp_path / "z", people.batch(people.indices())[:, 0], people.scans, recipe, dtype="float16")
    with pytest.raises(InputError, match="got z-scores"):
        realism.measure(scores)
