"""Images of datasets and files, projected into the styles of a run."""

import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.analysis.style_projection import DRAWS, project_images, style_space, targets
from brainlab.experiments.export import save_image
from brainlab.images.provenance import Provenance
from brainlab.latent.styles.projection import ProjectionSettings
from brainlab.runs.run import load_run


@pytest.fixture
def run(style_workspace):
    return load_run(style_workspace / "runs" / "tiny-gan")


@pytest.fixture
def data(style_workspace):
    return PreparedDataset.open(style_workspace / "cohorts" / "axial")


def test_the_space_is_that_of_the_run_s_own_draws_about_its_mean_style(run):
    space = style_space(run)
    assert np.allclose(space.mean, run.mean_style())
    assert space.codes.shape == (DRAWS, 6)
    code = run.sample(1, 3)[0]
    assert np.allclose(space.style(space.code(run.style(code))), run.style(code), atol=1e-5)


def test_a_run_s_own_image_is_found_again(run):
    images = run.sample(2, 5, truncation=0.7)[1]
    space = style_space(run)
    projection = project_images(run, images, space, ProjectionSettings(steps=80, learning_rate=0.2))
    assert (projection.mse < 0.05 * projection.errors[0]).all()
    assert np.allclose(projection.mse, np.square(run.from_styles(projection.styles) - images).mean((1, 2)), rtol=1e-3)


def test_a_dataset_s_split_is_read_in_parts_under_the_scans_names(run, data):
    rows = data.indices("test")
    found = targets(run, data.folder)
    images, notes = found.read(slice(1, 3))
    assert np.array_equal(images, data.batch(rows[1:3])[:, 0])
    assert notes == []
    assert found.names[0] == f"{data.scans['participant'].iloc[rows[0]]}_ses-1_{rows[0]:04d}"
    assert len(targets(run, data.folder, None).names) == len(data)


def test_files_of_a_folder_are_read_in_order_with_names_of_their_own(run, data, tmp_path):
    images = data.batch(np.arange(3))[:, 0]
    for number, image in enumerate(images):
        kind = ("simulated", "generated", "prepared")[number]
        save_image(image, data.grid, tmp_path / f"slice-{number}", Provenance(kind=kind))
    found = targets(run, tmp_path)
    assert found.names == ["0000_slice-0", "0001_slice-1", "0002_slice-2"]
    assert np.allclose(found.read(slice(0, 16))[0], images, atol=1 / 255)
    assert [one.kind for one in found.origins(slice(1, 3))] == ["generated", "prepared"]


def test_what_cannot_be_projected_is_refused(run, data, tiny_workspace, slice_workspace, tmp_path):
    with pytest.raises(InputError, match="needs a prepared dataset, a slice or a folder of slices, got none"):
        targets(run, tmp_path)
    with pytest.raises(InputError, match="got none"):
        targets(run, tmp_path / "missing.png")
    with pytest.raises(InputError, match="needs axial slices"):
        targets(run, slice_workspace / "cohorts" / "sagittal")
    with pytest.raises(InputError, match=r"tiny-vae: vae-8 has no styles \(ability 'styles'\)"):
        style_space(load_run(tiny_workspace / "runs" / "tiny-vae"))
    with pytest.raises(InputError, match=r"projection needs images \[n, 40, 48\], got \[2, 8, 8\]"):
        project_images(run, np.zeros((2, 8, 8), np.float32), style_space(run))
