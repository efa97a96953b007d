"""Pictures become slices of one size and range; whose they are decides the split; what is wrong is one line each."""

import json

import numpy as np
import pytest
from PIL import Image

from brainlab.cli import main
from brainlab.cohort.preparation.pictures import gathered, prepare_picture
from brainlab.cohort.prepared import PreparedDataset, participant_split
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.views import Slices
from brainlab.errors import UnreadableScanError
from brainlab.images.grid import upright

RECIPE = find_recipe("slices-64")


def levels(seed, shape=(64, 64), most=200):
    """A bright ellipse of grain on black."""
    rows, columns = (np.linspace(-1, 1, side) for side in shape)
    inside = rows[:, None] ** 2 + (columns[None, :] * 1.2) ** 2 < 0.7
    return (np.random.default_rng(seed).uniform(0.3, 1, shape) * inside * most).astype(np.uint8)


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return path


def test_a_picture_of_the_recipes_size_is_taken_as_it_is(tmp_path):
    image = levels(0)
    made = prepare_picture(save(tmp_path / "a.png", image), RECIPE)
    assert made.data.shape == (1, 64, 64)
    np.testing.assert_allclose(upright(made.data[0]) * 255, image, atol=1e-4)


def test_a_larger_one_is_padded_to_a_square_and_averaged(tmp_path):
    image = levels(0, (128, 96))
    (data,) = prepare_picture(save(tmp_path / "a.png", image), RECIPE).data
    picture = upright(data) * 255
    assert not picture[:, :7].any()
    assert not picture[:, -7:].any()
    assert picture.mean() * 128 * 128 == pytest.approx(image.sum(), rel=0.01)


def test_16_bits_are_scaled_by_the_range_of_the_visit(tmp_path, capsys):
    """Two slices of one scan keep their relation: the darker one does not become as bright as the other."""
    for person, factor in (("p1", 4), ("p2", 40)):
        for number, most in ((1, 200), (2, 100)):
            deep = levels(number, most=most).astype(np.uint16) * factor
            save(tmp_path / "in" / f"{person}_slice_{number}.png", deep)
    assert main(["prepare", str(tmp_path / "in"), str(tmp_path / "out"), "--recipe", "slices-64"]) == 0
    data = PreparedDataset.open(tmp_path / "out")
    brightest = data.batch(data.indices()).max(axis=(1, 2, 3))
    np.testing.assert_allclose(brightest, [1, 0.5, 1, 0.5], atol=0.02)


def test_a_damaged_deep_picture_alone_in_its_visit_is_left_out(tmp_path, capsys):
    for number in range(3):
        save(tmp_path / "in" / f"anna_{number}.png", levels(number).astype(np.uint16) * 100)
    whole = save(tmp_path / "in" / "bert_1.png", levels(9).astype(np.uint16) * 100)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    flags = ["--recipe", "slices-64", "--plane", "axial", "--json"]
    assert main(["prepare", str(tmp_path / "in"), str(tmp_path / "out"), *flags]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["scans"] == 3
    assert [failed["path"] for failed in report["failed"]] == ["bert_1.png"]


def test_a_folder_of_pictures_becomes_a_cohort_of_slices(tmp_path, capsys):
    source = tmp_path / "in"
    for person in range(12):
        for number in range(3):
            save(
                source / ("ms", "healthy")[person % 2] / f"patient{person:02d}_{number:03d}.png",
                levels(10 * person + number),
            )
    pages = [Image.fromarray(levels(1000 + page)) for page in range(2)] + [
        Image.fromarray(np.zeros((64, 64), np.uint8))
    ]
    pages[0].save(source / "ms" / "patient30.tif", save_all=True, append_images=pages[1:])
    (source / "ms" / "patient40_000.png").write_bytes(b"<html>")
    (source / "notes.txt").write_text("nothing", encoding="utf-8")
    flags = ["--recipe", "slices-64", "--class-folders", "--plane", "coronal", "--json"]
    assert main(["prepare", str(source), str(tmp_path / "out"), *flags]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["scans"], printed["shape"]) == (37, [64, 64])
    assert [failure["path"] for failure in printed["failed"]] == ["ms/patient40_000.png"]
    reasons = " ".join(note["reason"] for note in printed["warnings"])
    assert "1 .txt: no pictures" in reasons
    assert "page 2 left out: blank" in reasons
    data = PreparedDataset.open(tmp_path / "out")
    assert (len(data), data.grid.plane, data.unit_range) == (38, "coronal", True)
    assert Slices("coronal").of(data) is data
    assert set(data.scans["participant"]) == {f"patient{person:02d}" for person in (*range(12), 30)}
    assert (data.scans["split"] == data.scans["participant"].map(participant_split)).all()
    assert sorted(data.scans["slice"][data.scans["participant"] == "patient03"]) == [0, 1, 2]
    assert sorted(data.scans["slice"][data.scans["participant"] == "patient30"]) == [0, 1]
    assert set(data.scans["class"]) == {"ms", "healthy"}


def test_blank_pictures_masks_and_copies_are_left_out(tmp_path, capsys):
    source = tmp_path / "in"
    for name, image in (("p1_1", levels(1)), ("p2_1", levels(1)), ("p3_1", np.zeros((64, 64), np.uint8))):
        save(source / f"{name}.png", image)
    save(source / "p4_1.png", (levels(2) > 0).astype(np.uint8) * 255)
    assert main(["prepare", str(source), str(tmp_path / "out"), "--recipe", "slices-64", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["scans"] == 1
    assert [item["reason"].split(":")[0] for item in printed["failed"]] == ["blank", "2 distinct values"]
    assert any("the same voxels as p1_1.png" in note["reason"] for note in printed["warnings"])


@pytest.mark.parametrize(
    ("name", "flags", "reason"),
    [
        ("in", ["--recipe", "slices-64"], "no image (.png, .jpg"),
        ("in/a.nii.gz", ["--recipe", "slices-64"], "slices-64 needs a picture"),
        ("in", ["--recipe", "slices-64", "--keep-intermediate"], "no image (.png, .jpg"),
        ("pictures", ["--recipe", "slices-64", "--keep-intermediate"], "--keep-intermediate: slices-64 registers"),
        ("pictures", ["--recipe", "flair-40"], "it holds 1 .png: pictures need a recipe such as slices-128"),
        (
            "pictures",
            ["--recipe", "slices-64", "--image-of-series", "1"],
            "--image-of-series: slices-64 takes pictures",
        ),
        ("pictures", ["--recipe", "slices-64", "--scale-by", "x"], "--scale-by: slices-64 scales each scan by itself"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, name, flags, reason):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.nii.gz").write_bytes(b"x")
    save(tmp_path / "pictures" / "a.png", levels(0))
    assert main(["prepare", str(tmp_path / name), str(tmp_path / "out"), *flags]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert reason in line


def test_a_file_without_a_page_that_shows_anything_is_refused(tmp_path):
    blank = [Image.fromarray(np.zeros((64, 64), np.uint8)) for _ in range(2)]
    blank[0].save(tmp_path / "a.tif", save_all=True, append_images=blank[1:])
    with pytest.raises(UnreadableScanError, match="none of its 2 pages shows anything: page 1 left out: blank"):
        prepare_picture(tmp_path / "a.tif", RECIPE)


def test_a_note_on_many_files_is_said_once():
    notes = [{"path": f"{number}.png", "reason": "turned to grey"} for number in range(5)]
    other = {"path": "9.png", "reason": "page 1 left out"}
    assert gathered([*notes, other]) == [
        {"path": ".", "reason": "turned to grey (5 files, such as 0.png)"},
        other,
    ]
