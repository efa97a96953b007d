"""The slice coordinates of a run: its own draws and reconstructions, and who has none."""

import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.analysis.slice_coordinates import slice_coordinates
from brainlab.methods.prior import SeededNoise
from brainlab.runs.run import load_run


@pytest.fixture
def run(stack_workspace):
    return load_run(stack_workspace / "runs" / "tiny-stack")


def test_a_draw_of_a_run_has_the_coordinates_that_were_drawn(run):
    known = slice_coordinates(run)
    code = run.draw_code(SeededNoise(5))
    drawn = SeededNoise(5).normal(1, *run.code_shape)[0].numpy()
    for each in known.strongest(10):
        assert known.position(code, each) == pytest.approx(drawn[-each.profile, each.dimension], abs=1e-3)


def test_a_scan_at_its_own_values_is_its_reconstruction_and_moved_another_image(run, stack_workspace):
    known = slice_coordinates(run)
    assert (known.plane, known.mean.shape) == ("coronal", run.code_shape)
    scans = PreparedDataset.open(stack_workspace / "cohorts" / "simulated").batch(np.array([0, 3]))
    codes, _ = run.encode(scans)
    own = [{each: known.position(code, each) for each in known.strongest(24)} for code in codes]
    kept = np.stack([known.moved(code, told) for code, told in zip(codes, own, strict=True)])
    assert np.array_equal(run.decode(kept), run.decode(codes))
    first = known.strongest(1)[0]
    moved = run.decode(known.moved(codes[0], {first: own[0][first] + 2})[None])[0]
    assert np.abs(moved - run.decode(codes)[0]).max() > 4 / 255


def test_a_run_without_a_gaussian_over_slices_says_so(stack_workspace):
    with pytest.raises(InputError, match=r"tiny-vae: vae-8 has no Gaussian over slices \(ability 'stack'\)"):
        slice_coordinates(load_run(stack_workspace / "runs" / "tiny-vae"))
