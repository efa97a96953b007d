"""`brainlab metrics`: images in files against each other, and the list of what is measured."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainlab.cli import main
from brainlab.evaluation.metrics import fidelity
from brainlab.evaluation.registry import metrics
from brainlab.images.volume import Volume

SHAPE = (12, 14)

TOY = """
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric

METRICS = (
    Metric(
        name="toy",
        title="Toy",
        definition="How many images were generated.",
        aspect="detail",
        better="none",
        needs=("generated",),
        measure=lambda sets: Measurement(len(sets.generated), None, 1),
    ),
)
"""


def images(n: int, seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def save(path: Path, array: np.ndarray) -> str:
    np.save(path, array)
    return str(path)


def measured(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["metrics", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_arrays_are_measured_by_every_metric_of_image_sets(tmp_path, capsys):
    a, b = images(9, 0), images(9, 1)
    found = measured(capsys, save(tmp_path / "a.npy", a), save(tmp_path / "b.npy", b.astype(np.float64)))
    assert list(found) == [
        name
        for name, metric in metrics().items()
        if not {"reconstructed", "codes", "training", "labelled"} & set(metric.needs)
    ]
    for name, metric in found.items():
        assert set(metric) == {"value", "sd", "n", "settings", "better"}, name
    assert found["mse"]["value"] == pytest.approx(((a - b) ** 2).mean(), rel=1e-5)
    assert found["ssim"]["value"] == pytest.approx(fidelity.structural_similarity(a, b).mean())
    assert (found["isd"]["n"], found["isd"]["settings"]["shape"]) == (9, list(SHAPE))
    assert found["frechet_distance"]["value"] is None


def test_generated_images_come_first_and_unequal_sets_have_no_pairs(tmp_path, capsys):
    dark, bright = 0.1 * images(9, 0), 0.5 + 0.5 * images(5, 1)
    found = measured(capsys, save(tmp_path / "a.npy", dark), save(tmp_path / "b.npy", bright))
    assert found["sharpness_generated"]["value"] < 0.1 * found["sharpness_real"]["value"]
    assert found["mse"]["settings"]["undefined"] == "pairs need as many images in both sets, got 9 and 5"
    assert "at least 8 images" in found["mmd_kwon"]["settings"]["undefined"]
    assert found["mmd_unbiased"]["value"] > 0
    assert main(["metrics", str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]) == 0
    assert "undefined: pairs need" in capsys.readouterr().out


def test_too_few_images_for_neighbours_are_said_of_each_metric_with_both_numbers(tmp_path, capsys):
    found = measured(capsys, save(tmp_path / "a.npy", images(3, 0)), save(tmp_path / "b.npy", images(5, 1)))
    for name in ("precision", "recall", "coverage_features"):
        undefined = found[name]["settings"]["undefined"]
        assert undefined == "needs 6 images or more of each kind, got 3 generated and 5 real"


@pytest.mark.parametrize("words", [["a.npy", "b.npy"], ["--seed", "0"]])
def test_a_list_takes_nothing_to_measure(words, capsys):
    assert main(["metrics", "--list", *words]) == 2
    assert "metrics --list: measures nothing, got " in capsys.readouterr().err


def test_a_folder_of_pictures_is_what_its_array_is(tmp_path, capsys):
    levels = (255 * images(9, 0)).astype(np.uint8)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(levels):
        kind = "RGB" if number == 4 else "L"
        Image.fromarray(picture).convert(kind).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("of today", encoding="utf-8")
    array, other = save(tmp_path / "a.npy", levels / np.float32(255)), save(tmp_path / "b.npy", images(9, 1))
    found, wanted = measured(capsys, str(folder), other), measured(capsys, array, other)
    assert {name: entry["value"] for name, entry in found.items()} == {
        name: entry["value"] for name, entry in wanted.items()
    }


def test_a_folder_of_volumes_is_what_its_array_is(tmp_path, capsys):
    volumes = images(4, 0, (12, 13, 11))
    folder = tmp_path / "volumes"
    folder.mkdir()
    for number, volume in enumerate(volumes):
        Volume(volume, np.diag([-1.0, 1, 1, 1])).save(folder / f"{number}.nii.gz")
    found = measured(capsys, str(folder), save(tmp_path / "b.npy", volumes[:, ::-1]))
    assert found["mse"]["value"] == 0  # read in RAS order
    assert found["psnr"]["settings"]["undefined"] == "4 of 4 values are not finite"
    assert found["isd"]["settings"]["shape"] == [12, 13, 11]


def bad(folder: Path, name: str) -> str:
    """Write one set that cannot be measured; return its path."""
    path = folder / f"{name}.npy"
    good = images(5, 0)
    if name == "empty":
        (folder / name).mkdir()
        return str(folder / name)
    if name in ("mixed", "sides", "bright", "colours", "gaps"):
        (folder / name).mkdir()
        for number, picture in enumerate((255 * good).astype(np.uint8)):
            Image.fromarray(picture).save(folder / name / f"{number}.png")
        if name == "mixed":
            Volume(images(1, 0, (8, 8, 8))[0], np.eye(4)).save(folder / name / "v.nii.gz")
        if name == "sides":
            Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / name / "3.png")
        if name == "colours":
            Image.fromarray((255 * images(1, 0, (*SHAPE, 3))[0]).astype(np.uint8)).save(folder / name / "3.png")
        if name == "bright":
            (folder / name / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
        if name == "gaps":
            for file in (folder / name).iterdir():
                file.unlink()
            volumes = images(2, 0, (8, 8, 8))
            volumes[1, 0, 0, 0] = np.nan
            for number, volume in enumerate(volumes):
                Volume(volume, np.eye(4)).save(folder / name / f"{number}.nii")
        return str(folder / name)
    arrays = {
        "one": good[:1],
        "bytes": (255 * good).astype(np.uint8),
        "negative": -good,
        "flat": good[0],
        "channel": good[:, None, None],
        "other": images(5, 0, (12, 12)),
        "complex": good.astype(complex),
    }
    if name in arrays:
        return save(path, arrays[name])
    if name == "objects":
        np.save(path, np.array([{}, None], dtype=object), allow_pickle=True)
    if name == "nan":
        good[3, 2, 2] = np.nan
        np.save(path, good)
    if name == "cut":
        np.save(path, good)
        os.truncate(path, path.stat().st_size - 5)
    if name == "text":
        path = path.with_suffix(".txt")
        path.write_text("1 2 3", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("missing", "missing.npy: needs a .npy array or a folder of PNG or NIfTI images, got nothing"),
        ("text", "text.txt: needs a .npy array or a folder of PNG or NIfTI images, got a file of another kind"),
        ("empty", "empty: needs 2 or more PNG or NIfTI images, got 0"),
        ("one", "one.npy: needs 2 or more images, got 1"),
        ("bytes", "needs values in [0, 1], got 0 to"),
        ("negative", "needs values in [0, 1], got -"),
        ("nan", "nan.npy: needs finite numbers"),
        ("objects", "objects.npy: cannot be read as an array"),
        ("cut", "cut.npy: cannot be read as an array"),
        ("flat", "flat.npy: needs numbers [n, X, Y] or [n, X, Y, Z]"),
        ("channel", "channel.npy: needs numbers [n, X, Y] or [n, X, Y, Z]"),
        ("complex", "complex.npy: needs numbers"),
        ("other", "needs images of 12x12, as"),
        ("mixed", "mixed: needs images of one kind, got 0.png and v.nii.gz"),
        ("sides", "3.png: needs the shape 12x14 of 0.png, got 9x9"),
        ("colours", "3.png: needs a grey-scale picture, got RGB"),
        ("bright", "3.png: cannot be read as a picture"),
        ("gaps", "1.nii: needs finite numbers"),
    ],
)
def test_what_cannot_be_measured_is_one_line_and_code_two(name, part, tmp_path, capsys):
    good = save(tmp_path / "good.npy", images(5, 0))
    assert main(["metrics", good, bad(tmp_path, name), "--json"]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("error: ")
    assert part in said
    assert said.count("\n") == 1


def test_the_metrics_are_listed_with_what_they_need(capsys):
    found = measured(capsys, "--list")["metrics"]
    assert [entry["name"] for entry in found] == list(metrics())
    assert {"name", "definition", "better", "needs"} <= set(found[0])
    assert main(["metrics", "--list"]) == 0
    assert "mse: Mean squared error; better: lower; needs real, pairs" in capsys.readouterr().out
    assert main(["metrics"]) == 2
    assert "A and B" in capsys.readouterr().err


def test_a_metric_of_ones_own_is_measured_and_listed(tmp_path, monkeypatch, capsys):
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("BRAINLAB_METRICS", str(tmp_path / "toy.py"))
    array = save(tmp_path / "a.npy", images(5, 0))
    assert measured(capsys, array, array)["toy"]["value"] == 5
    assert "toy" in [entry["name"] for entry in measured(capsys, "--list")["metrics"]]
