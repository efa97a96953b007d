"""From DICOM files to a BIDS dataset: what gets in, under which name, and what does not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.importing import ImportReport, import_dicom
from brainlab.cohort.sources.bids import BidsDataset
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import InputError
from tests.dicom_files import SAGITTAL, enhanced, right_affine, save, save_all, series, voxels_of

Bring = Callable[..., ImportReport]
T1 = "sub-01/ses-01/anat/sub-01_ses-01_T1w"


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_shuffled_series_lies_as_it_lay_in_the_scanner(tmp_path: Path, bring_in: Bring):
    """Numbers run the other way round, the thickness is wrong, names say nothing: only places count."""
    values = voxels_of(10)
    images = series(voxels=values, gap_mm=3.0, start=(-20, -30, 5))
    for number, one in enumerate(images):
        one.InstanceNumber = 100 - number
    save_all(images, tmp_path / "scanner" / "deep" / "er")
    report = bring_in()
    assert (report.series, report.files, report.skipped) == (1, [f"{T1}.nii.gz"], [])
    image = nib.load(tmp_path / "bids" / f"{T1}.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj), values.transpose(2, 1, 0))  # column, row, slice
    assert np.allclose(image.affine, right_affine((-20, -30, 5), 3.0))
    assert np.allclose(image.header.get_qform(), image.affine, atol=1e-4)


def test_a_sagittal_series_faces_as_the_patient_did(tmp_path: Path, bring_in: Bring):
    save_all(series(orientation=SAGITTAL), tmp_path / "scanner")
    bring_in()
    image = nib.load(tmp_path / "bids" / f"{T1}.nii.gz")
    assert nib.aff2axcodes(image.affine) == ("P", "I", "R")
    # Rows run from head to foot, columns from front to back; slices lie 3 mm apart to the patient's right.
    assert np.allclose(image.affine[:3, :3], [[0, 0, 3], [-2, 0, 0], [0, -2, 0]])


def test_the_sidecar_has_bids_units(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    bring_in()
    sidecar = json.loads((tmp_path / "bids" / f"{T1}.json").read_text(encoding="utf-8"))
    wanted = {
        "EchoTime": 0.0025, "RepetitionTime": 2.3, "InversionTime": 0.9, "FlipAngle": 9, "MagneticFieldStrength": 3,
        "PixelBandwidth": 200, "Manufacturer": "Siemens", "ManufacturersModelName": "Prisma", "SliceThickness": 9,
    }  # fmt: skip
    assert {name: sidecar[name] for name in wanted} == wanted
    described = BidsDataset(tmp_path / "bids").describe(tmp_path / "bids" / f"{T1}.nii.gz")
    assert (described["age_years"], described["sex"], described["modality"]) == (57, "F", "T1w")


def test_two_series_in_one_folder_and_two_people_of_one_name(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    save_all(series(SeriesDescription="t2_tse_tra", SeriesNumber=4), tmp_path / "scanner", start=100)
    save_all(series(PatientID="KH-4712-X"), tmp_path / "scanner" / "other")
    report = bring_in()
    by_person: dict[str, set[str]] = {}
    for file in report.files:
        by_person.setdefault(file.partition("/")[0], set()).add(file.rpartition("_")[2])
    assert sorted(by_person) == ["sub-01", "sub-02"]
    assert sorted(map(sorted, by_person.values())) == [["T1w.nii.gz"], ["T1w.nii.gz", "T2w.nii.gz"]]
    assert report.participants == 2


def test_a_person_without_an_id_is_known_by_name_and_birth_date(tmp_path: Path, bring_in: Bring):
    nobody = {"PatientID": "", "SpecificCharacterSet": "ISO_IR 192"}
    for number, (name, birth) in enumerate(
        [("Müller^Jörg", "19500101"), ("Müller^Jörg", "19600101"), ("山田^太郎", "")]
    ):
        save_all(series(PatientName=name, PatientBirthDate=birth, **nobody), tmp_path / "scanner" / str(number))
    assert bring_in().participants == 3


def test_visits_are_numbered_by_their_days(tmp_path: Path, bring_in: Bring):
    for number, day in enumerate(["20200501", "20180501", "20190501"]):
        own = series(StudyDate=day, StudyInstanceUID=f"1.2.{number}", EchoTime=2.0 + number)
        save_all(own, tmp_path / "scanner" / str(number))
    bring_in()
    echoes = [
        json.loads(path.read_text(encoding="utf-8"))["EchoTime"]
        for path in sorted((tmp_path / "bids").glob("sub-01/ses-*/anat/*.json"))
    ]
    assert echoes == [0.003, 0.004, 0.002]
    table = (tmp_path / "bids/sub-01/sub-01_sessions.tsv").read_text(encoding="utf-8")
    assert table.splitlines()[0] == "session_id\tage"
    assert sorted(table.splitlines()[1:]) == ["ses-01\t56", "ses-02\t57", "ses-03\t58"]


def test_one_series_in_two_folders_is_taken_once(tmp_path: Path, bring_in: Bring):
    images = series()
    save_all(images, tmp_path / "scanner" / "a")
    save_all(images, tmp_path / "scanner" / "b")
    report = bring_in()
    assert report.series == 1
    assert [note["reason"] for note in report.warnings] == ["10 images there twice: each used once"]


@pytest.mark.parametrize("b_value", [None, 0.0])
def test_dual_echo_becomes_pd_and_t2(b_value: float | None, tmp_path: Path, bring_in: Bring):
    """Of makers too that write a b-value of 0 into images that are not of diffusion."""
    spin = {"ScanningSequence": "SE", "RepetitionTime": 3000.0, "InversionTime": None,
            "SeriesDescription": "pd+t2_tse_tra", "DiffusionBValue": b_value}  # fmt: skip
    uid = "1.2.3.4"
    early = series(EchoTime=14.0, SeriesInstanceUID=uid, voxels=voxels_of(8, seed=1), **spin)
    late = series(EchoTime=95.0, SeriesInstanceUID=uid, voxels=voxels_of(8, seed=2), **spin)
    save_all([*late, *early], tmp_path / "scanner")
    report = bring_in()
    folder = tmp_path / "bids/sub-01/ses-01/anat"
    assert len(report.files) == 2
    assert np.array_equal(voxels(folder / "sub-01_ses-01_PDw.nii.gz"), voxels_of(8, seed=1).transpose(2, 1, 0))
    assert np.array_equal(voxels(folder / "sub-01_ses-01_T2w.nii.gz"), voxels_of(8, seed=2).transpose(2, 1, 0))


def test_enhanced_diffusion_becomes_one_series_with_its_weighting(tmp_path: Path, bring_in: Bring):
    """b = 1000 along x, b = 0, b = 1000 without a direction (trace): sorted by b-value, directions as FSL has them."""
    volumes = [voxels_of(6, seed=number) for number in range(3)]
    weights = [(1000.0, (1.0, 0.0, 0.0)), (0.0, None), (1000.0, None)]

    def change(frame: Dataset, volume: int, place: int) -> None:
        weighting, b_value, direction = Dataset(), *weights[volume]
        weighting.DiffusionBValue = b_value
        if direction:
            gradient = Dataset()
            gradient.DiffusionGradientOrientation = list(direction)
            weighting.DiffusionGradientDirectionSequence = [gradient]
        frame.MRDiffusionSequence = [weighting]

    save(enhanced(volumes, change), tmp_path / "scanner" / "x")
    assert bring_in().files == ["sub-01/ses-01/dwi/sub-01_ses-01_dwi.nii.gz"]
    stem = tmp_path / "bids/sub-01/ses-01/dwi/sub-01_ses-01_dwi"
    image = voxels(stem.with_suffix(".nii.gz"))
    assert image.shape == (20, 24, 6, 3)
    b_values = np.loadtxt(stem.with_suffix(".bval"))
    directions = np.loadtxt(stem.with_suffix(".bvec"))
    assert b_values.tolist() == [b_value for b_value, _ in weights]
    for number, volume in enumerate(volumes):
        assert np.array_equal(image[..., number], volume.transpose(2, 1, 0))
    along = int(np.flatnonzero(directions[0])[0])
    # The image's first axis runs to the left, as x of DICOM does; its axes are right-handed, so FSL turns it round.
    assert np.allclose(directions[:, along], [-1, 0, 0])
    assert np.count_nonzero(directions) == 1


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda images: images.pop(4), "1 slice missing between the others (3.00 mm apart); copy the series again"),
        (lambda images: images.append(_again(images[3])), "several at one place"),
        (lambda images: setattr(images[5], "ImageOrientationPatient", list(SAGITTAL)), "images of 2 orientations"),
        (lambda images: _move(images[5], 0.4), "slices 2.60 to 3.40 mm apart; a volume needs even gaps"),
        (lambda images: [_move(one, 2.0, axis=1) for one in images[3:6]], "do not lie on one line"),
        (lambda images: [setattr(one, "Modality", "CT") for one in images], "CT modality; an MR image is needed (10"),
        (lambda images: [setattr(one, "BurnedInAnnotation", "YES") for one in images], "annotation burnt into"),
        (lambda images: [setattr(one, "ImageType", ["DERIVED", "SECONDARY", "MPR"]) for one in images], "computed"),
        (lambda images: [setattr(one, "ImageType", ["ORIGINAL", "PRIMARY", "P"]) for one in images], "phase of the"),
        (lambda images: [setattr(one, "SeriesDescription", "localizer") for one in images], "a localiser"),
        (lambda images: [delattr(one, "ImagePositionPatient") for one in images], "does not say where it lies"),
        (lambda images: [setattr(one, "PixelData", one.PixelData[:50]) for one in images[:1]], "cut off"),
    ],
)  # fmt: skip
def test_what_makes_no_volume_is_left_out_with_the_reason(
    spoil: Callable[[list], object], reason: str, tmp_path: Path, bring_in: Bring
):
    """A good series beside it gets through."""
    images = series(10)
    spoil(images)
    save_all(images, tmp_path / "scanner" / "bad")
    save_all(series(PatientID="good"), tmp_path / "scanner" / "good")
    report = bring_in()
    assert report.series == 1
    assert [note["path"].startswith("bad/") for note in report.skipped] == [True]
    assert reason in report.skipped[0]["reason"]
    assert "\n" not in report.skipped[0]["reason"]


def _again(image):
    import copy

    from pydicom.uid import generate_uid

    other = copy.deepcopy(image)
    other.SOPInstanceUID = generate_uid()
    return other


def _move(image, by_mm: float, axis: int = 2) -> None:
    place = list(image.ImagePositionPatient)
    place[axis] += by_mm
    image.ImagePositionPatient = place


def test_a_tilted_gantry_is_refused(tmp_path: Path, bring_in: Bring):
    save_all(series(shift=(0, 0.3, 0)), tmp_path / "scanner")
    report = bring_in()
    assert report.skipped[0]["reason"].startswith("slices stacked on a slant of 5.7 degrees (gantry tilt)")
    assert not (tmp_path / "bids").exists()


def test_files_that_are_no_dicom_are_left_out_and_indices_passed_over(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    (tmp_path / "scanner" / "x.dcm").write_text(
        "not an image at all, but long enough to be looked at", encoding="utf-8"
    )
    (tmp_path / "scanner" / "empty.dcm").touch()
    (tmp_path / "scanner" / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    damaged = save(series(3)[0], tmp_path / "scanner" / "short.dcm")
    damaged.write_bytes(damaged.read_bytes()[:300])
    report = bring_in()
    assert report.series == 1
    assert {note["path"]: note["reason"].partition(";")[0] for note in report.skipped} == {
        "empty.dcm": "an empty file (0 bytes)", "short.dcm": report.skipped[1]["reason"].partition(";")[0],
        "x.dcm": "not a DICOM file",
    }  # fmt: skip


def test_an_index_is_passed_over_whatever_its_name(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner")
    (tmp_path / "scanner" / "renamed").write_bytes(Path(str(get_testdata_file("DICOMDIR"))).read_bytes())
    assert bring_in().skipped == []


def test_enhanced_images_have_a_list_of_inversion_times(tmp_path: Path, bring_in: Bring):
    """Two inversions are two images, and the long one with a long echo is FLAIR."""

    def change(frame: Dataset, volume: int, place: int) -> None:
        echo, modifier = Dataset(), Dataset()
        echo.EffectiveEchoTime = 110.0
        modifier.InversionRecovery, modifier.InversionTimes = "YES", [[400.0, 2500.0][volume]]
        frame.MREchoSequence, frame.MRModifierSequence = [echo], [modifier]

    tags = {"SeriesDescription": "ax", "ProtocolName": "ax", "EchoPulseSequence": "SPIN", "RepetitionTime": 9000.0,
            "InversionTime": None, "ScanningSequence": None}  # fmt: skip
    save(enhanced([voxels_of(5), voxels_of(5, seed=1)], change, **tags), tmp_path / "scanner" / "x")
    report = bring_in()
    [flair] = [file for file in report.files if file.endswith("_FLAIR.nii.gz")]
    sidecar = (tmp_path / "bids" / flair).with_suffix("").with_suffix(".json")
    assert json.loads(sidecar.read_text(encoding="utf-8"))["InversionTime"] == 2.5
    assert len(report.files) == 2


def test_an_unknown_sequence_is_kept_under_a_name_that_no_recipe_takes(tmp_path: Path, bring_in: Bring):
    save_all(series(SeriesDescription="x", ProtocolName="y", ScanningSequence="RM"), tmp_path / "scanner")
    report = bring_in()
    assert report.files == ["sub-01/ses-01/anat/sub-01_ses-01_MR.nii.gz"]
    assert (tmp_path / "bids" / ".bidsignore").read_text(encoding="utf-8") == "**/*_MR.*\n"
    assert "of no known sequence" in report.warnings[0]["reason"]


def test_the_dataset_must_not_lie_in_the_source_nor_in_a_folder_of_other_things(tmp_path: Path):
    save_all(series(), tmp_path / "scanner")
    with pytest.raises(InputError, match="lies in the source"):
        import_dicom(tmp_path / "scanner", tmp_path / "scanner" / "bids")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").touch()
    with pytest.raises(InputError, match="needs a new folder or a BIDS dataset"):
        import_dicom(tmp_path / "scanner", tmp_path / "home")
    with pytest.raises(InputError, match="no such file or folder"):
        import_dicom(tmp_path / "nowhere", tmp_path / "bids")


def test_an_archive_gives_what_its_folder_gives(tmp_path: Path, bring_in: Bring):
    save_all(series(), tmp_path / "scanner" / "s")
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "scanner")
    bring_in()
    report = bring_in(tmp_path / "packed.zip", tmp_path / "other")
    assert report.series == 1
    assert tree(tmp_path / "other") == tree(tmp_path / "bids")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bids", "other", "packed.zip", "scanner", "workspace"]


@pytest.mark.parametrize(
    ("others", "own"),
    [
        ([{"SeriesDescription": "gre_field_mapping"}, {"SeriesDescription": "tfl_b1map"}], {}),
        (
            [{"SeriesDescription": f"t1_mp2rage_INV{number}", "ProtocolName": "mp2rage"} for number in (1, 2)],
            {"SeriesDescription": "t1_mp2rage_UNI", "ImageType": ["DERIVED", "PRIMARY", "M", "UNI"]},
        ),
        (
            [{"ImageType": ["DERIVED", "PRIMARY", "DIXON", kind]} for kind in ("FAT", "OPP_PHASE")],
            {"ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"]},
        ),
    ],
)  # fmt: skip
def test_what_looks_otherwise_is_not_taken_for_the_t1_though_it_comes_first(
    others: list[dict], own: dict, tmp_path: Path, bring_in: Bring
):
    for number, tags in enumerate([*others, own]):
        images = series(voxels=voxels_of(8, seed=number), SeriesNumber=number + 2, **tags)
        save_all(images, tmp_path / "scanner" / str(number))
    report = bring_in()
    assert report.series == len(others) + 1
    taken = find_sources(tmp_path / "bids", "ixi-slices-128").scans  # a recipe for T1w
    assert [scan.relative for scan in taken] == [f"{T1}.nii.gz"]
    assert np.array_equal(voxels(tmp_path / "bids" / f"{T1}.nii.gz"), voxels_of(8, seed=len(others)).transpose(2, 1, 0))


@pytest.mark.parametrize(("name", "series_of"), [("mp2rage_INV{}", "1.2.3.{}"), ("t1_mp2rage_sag", "1.2.3")])
def test_inversions_of_an_mp2rage_are_named_as_bids_has_them(
    name: str, series_of: str, tmp_path: Path, bring_in: Bring
):
    """Be they two series or one."""
    for number, inversion in ((1, 700.0), (2, 2500.0)):
        tags = {"SeriesDescription": name.format(number), "SeriesInstanceUID": series_of.format(number)}
        save_all(series(8, InversionTime=inversion, **tags), tmp_path / "scanner" / str(number))
    assert bring_in().files == [f"{T1.replace('_T1w', f'_inv-{number}_MP2RAGE')}.nii.gz" for number in (1, 2)]
