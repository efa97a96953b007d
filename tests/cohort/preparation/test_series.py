"""One scan is made of a 4D file by rule, and the rule is told."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cli import main
from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.cohort.preparation.series import choose_images
from brainlab.errors import UnreadableScanError
from brainlab.images.volume import Volume


@pytest.fixture
def series(tmp_path: Path, brain_volume: Volume) -> Path:
    """Return the file of a series of five: the brain, three weighted images at half its signal, twice the brain."""
    data = np.stack([brain_volume.data * factor for factor in (1, 0.5, 0.5, 0.5, 2)], axis=3)
    nib.save(nib.Nifti1Image(data, brain_volume.affine), tmp_path / "sub-1_dwi.nii.gz")
    return tmp_path / "sub-1_dwi.nii.gz"


def mean_of(path: Path, brain: Volume, asked: int | None = None) -> tuple[float, str]:
    """Return how bright the scan is in units of the brain, and the note."""
    volume = Volume.load(path, choose_images(path, asked))
    np.testing.assert_allclose(volume.affine, brain.affine, atol=1e-4)
    return float(volume.data.sum() / brain.data.sum()), volume.notes[-1]


def test_of_a_diffusion_series_the_images_without_weighting_are_used(series: Path, brain_volume: Volume) -> None:
    series.with_name("sub-1_dwi.bval").write_text("0 1000 1000\t1000 5\n", encoding="utf-8")
    brightness, note = mean_of(series, brain_volume)
    assert brightness == pytest.approx(1.5, rel=1e-4)
    assert note == "series of 5 images: mean of the 2 with b up to 5 s/mm2 used"


@pytest.mark.parametrize(
    ("b_values", "brightness", "said"),
    [
        ("0 1000 995 1000 3000", 0.5, "mean of the 3 with b about 1000 s/mm2 used"),
        ("0 2000 2000 2000 3000", 0.5, "mean of the 3 with b about 2000 s/mm2 used"),
        ("0 0 5 0 0", 0.9, "mean of the 5 with b up to 5 s/mm2 used"),
    ],
)
def test_a_recipe_for_weighted_images_gets_those_of_clinical_weighting(
    series, brain_volume, b_values, brightness, said
):
    series.with_name("sub-1_dwi.bval").write_text(b_values, encoding="utf-8")
    volume = Volume.load(series, choose_images(series, weighted=True))
    assert volume.data.sum() / brain_volume.data.sum() == pytest.approx(brightness, rel=1e-4)
    assert volume.notes[-1] == f"series of 5 images: {said}"


def test_where_all_are_weighted_the_least_is_used(series: Path, brain_volume: Volume) -> None:
    series.with_name("sub-1_dwi.bval").write_text("700 1000 1000 1000 2000", encoding="utf-8")
    brightness, note = mean_of(series, brain_volume)
    assert brightness == pytest.approx(1, rel=1e-4)
    assert note == "series of 5 images: number 0 with b up to 700 s/mm2 used"


def test_of_any_other_series_the_mean_is_used(series: Path, brain_volume: Volume) -> None:
    brightness, note = mean_of(series, brain_volume)
    assert brightness == pytest.approx(0.9, rel=1e-4)
    assert note == "series of 5 images: their mean used"


def test_the_image_that_is_asked_for_is_used(series: Path, brain_volume: Volume) -> None:
    assert mean_of(series, brain_volume, 4) == (pytest.approx(2, rel=1e-4), "series of 5 images: number 4 used")
    with pytest.raises(UnreadableScanError, match=r"image 5 was asked for; the series has 5, counted from 0$"):
        mean_of(series, brain_volume, 5)


@pytest.mark.parametrize("text", ["0 1000", "", "0 1000 b 1 2", "0 nan 1 1 1"])
def test_b_values_that_do_not_fit_are_refused(series: Path, text: str) -> None:
    series.with_name("sub-1_dwi.bval").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableScanError, match="b-values"):
        Volume.load(series, choose_images(series))


def test_who_does_not_choose_gets_no_series(series: Path) -> None:
    with pytest.raises(UnreadableScanError, match="4D"):
        Volume.load(series)


def test_a_series_is_prepared_and_its_note_stays(series: Path) -> None:
    scan = prepare_one(series, in_template_space=True, image_of_series=0)
    assert scan.data.max() == 1
    assert scan.notes == ("series of 5 images: number 0 used",)


def test_images_are_counted_from_0(series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--recipe", "flair-40", "--image-of-series", "-1"]
    assert main(["prepare", str(series), str(tmp_path / "out"), *flags]) == 2
    assert capsys.readouterr().err == "error: --image-of-series -1: images are counted from 0\n"


def test_b_values_of_a_whole_dataset_lie_above_its_images(tmp_path: Path, series: Path, brain_volume: Volume) -> None:
    """As BIDS inherits them; those of the image's own kind and person win."""
    place = tmp_path / "bids" / "sub-1" / "dwi"
    place.mkdir(parents=True)
    moved = series.rename(place / "sub-1_dwi.nii.gz")
    (tmp_path / "bids" / "dwi.bval").write_text("0 1000 1000 1000 5", encoding="utf-8")
    (tmp_path / "bids" / "sbref.bval").write_text("0", encoding="utf-8")
    assert mean_of(moved, brain_volume)[1] == "series of 5 images: their mean used"
    (tmp_path / "bids" / "dataset_description.json").write_text("{}", encoding="utf-8")
    assert mean_of(moved, brain_volume)[0] == pytest.approx(1.5, rel=1e-4)
    (tmp_path / "bids" / "sub-1" / "sub-1_dwi.bval").write_text("1000 1000 1000 1000 0", encoding="utf-8")
    assert mean_of(moved, brain_volume)[0] == pytest.approx(2, rel=1e-4)


@pytest.mark.parametrize("ending", [".bvals", ".BVAL"])
def test_b_values_of_other_endings_and_encodings_count(series: Path, brain_volume: Volume, ending: str) -> None:
    series.with_name(f"sub-1_dwi{ending}").write_bytes("0 1000 1000 1000 5".encode("utf-16"))
    assert mean_of(series, brain_volume)[0] == pytest.approx(1.5, rel=1e-4)


def test_which_images_are_weighted_is_not_guessed(series: Path) -> None:
    with pytest.raises(UnreadableScanError, match="without b-values: which are weighted is not known"):
        Volume.load(series, choose_images(series, weighted=True))
    assert Volume.load(series, choose_images(series, 1, weighted=True)).notes[-1].endswith("number 1 used")
