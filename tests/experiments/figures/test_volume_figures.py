"""Figures of the slice VAE paper from tiny untrained runs of volumes: what stands where, and what is left out."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab import workspace as places
from brainlab.cohort.prepared import write_prepared
from brainlab.errors import InputError
from brainlab.experiments.figures import paper_figures, slice_images, sources
from brainlab.figures.slices import Tile, label_colours, tile_pixels
from brainlab.generators import slice_vae, wgan_gp
from tests.conftest import AFFINE, write_run

SHAPE = (8, 16, 8)
RUNS = {"slice-vae-64": slice_vae, "wgan-gp-64-small": wgan_gp}
VOLUMES = [name for name in paper_figures.FIGURES if paper_figures.paper_of(name) == "slice"]
RAS = {
    "value": 0.6,
    "low": 0.5,
    "high": 0.7,
    "n": 9,
    "better": "higher",
    "settings": {"shape": list(SHAPE), "data_sha256": "a" * 64},
}


class ByBrightness:
    """A network that labels what is bright."""

    name, kind, regions, labels = "by-hand", "T1w images", ("bright",), ("background", "bright")

    def segment(self, volume):
        return (volume > 0.5).astype(np.uint8)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a workspace with a cohort of volumes and two of the six runs, one of them evaluated; hide what ships."""
    random = np.random.default_rng(0)
    rows = [
        {
            "participant": f"sub-{person}",
            "session": "1",
            "modality": "T1w",
            "class": "healthy",
            "age_years": 30.0 + person,
            "sex": "F",
            "split": "train" if person < 2 else "test",
            "source": f"sub-{person}.nii.gz",
            "sha256": f"{person:064x}",
        }
        for person in range(6)
    ]
    recipe = {"name": "t1-cube-64", "shape": list(SHAPE), "affine": AFFINE, "simulated": True}
    images = [random.random(SHAPE, np.float32) for _ in rows]
    data = write_prepared(tmp_path / "cohorts" / slice_images.COHORT, images, pd.DataFrame(rows), recipe)
    for name, module in RUNS.items():
        config = replace(module.METHOD.small[0], sample_shape=(1, *SHAPE))
        write_run(tmp_path / "runs" / name, name, config, data)
    scores = {"ras": RAS, "ras_real": RAS | {"value": 0.8}}
    (tmp_path / "runs" / "slice-vae-64" / "evaluation.json").write_text(json.dumps(scores), encoding="utf-8")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(places, "MODELS", tmp_path / "models")
    monkeypatch.setattr(places, "SHIPPED_COHORTS", tmp_path / "shipped")
    monkeypatch.setattr(slice_images, "find_segmenter", lambda *_: ByBrightness())
    return tmp_path


def words(sheet) -> str:
    return " ".join(text.get_text() for text in sheet.figure.texts)


@pytest.mark.parametrize("name", VOLUMES)
def test_every_figure_says_where_it_is_from_and_whose_runs_are_missing(name, own):
    said = words(paper_figures.FIGURES[name].draw())
    for part in ("Simulated data", "no pass mark", f"After figure {name[-1]} of the slice VAE paper"):
        assert part in said
    assert "as there is no run: vae3d-64, vae-gan-64, alpha-gan-64, alpha-wgan-64." in said


def test_held_out_people_stand_above_the_first_draws_of_each_run(own):
    sheet = slice_images.samples()
    data = sources.find_cohort(slice_images.COHORT)
    shown = [np.asarray(axes.images[0].get_array()) for axes in sheet.figure.axes]
    assert len(shown) == 3 * 2 * 3
    real = data.batch(data.indices("test")[:2])[:, 0]
    drawn = sources.run_at_hand("wgan-gp-64-small").sample(2, slice_images.SEED)[1]
    for row, images in ((0, real), (2, drawn)):
        for column, plane in enumerate(("coronal", "axial", "sagittal")):
            assert np.allclose(shown[6 * row + 3 + column], tile_pixels(Tile(images[1], data.grid, plane)), atol=1e-6)


def test_structures_stand_beside_the_volume_that_they_are_of(own):
    *tiles, key = slice_images.structures().figure.axes
    shown = [np.asarray(axes.images[0].get_array()) for axes in tiles]
    assert len(shown) == 3 * 6
    assert len(key.get_legend().get_texts()) == tiles[1].images[0].get_cmap().N - 1, "all labels but the background"
    for volume, labels in zip(shown[::2], shown[1::2], strict=True):
        assert np.array_equal(labels, volume > 0.5)


def test_the_background_is_black_and_every_structure_another_colour():
    colours = label_colours(12)
    assert colours(0)[:3] == (0, 0, 0)
    assert len({colours(number) for number in range(12)}) == 12


def test_scores_have_their_intervals_and_real_scans_come_first(own):
    axes = slice_images.atlas_scores().figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Real scans", "Slice VAE (slice-vae-64)"]
    intervals = [line.get_xdata().tolist() for line in axes.lines if len(line.get_xdata()) == 2]
    assert intervals == [[0.5, 0.7]] * 2
    assert "Without a score: wgan-gp-64-small." in words(slice_images.atlas_scores())


def test_a_score_of_other_scans_or_another_network_is_not_put_beside(own):
    other = RAS | {"settings": {**RAS["settings"], "network_sha256": "b" * 64}}
    (own / "runs" / "wgan-gp-64-small" / "evaluation.json").write_text(json.dumps({"ras": other}), encoding="utf-8")
    sheet = slice_images.atlas_scores()
    assert len(sheet.figure.axes[0].get_yticklabels()) == 2
    assert "by another network: wgan-gp-64-small." in words(sheet)


def test_without_any_run_or_score_the_reason_is_one_line(own, monkeypatch):
    (own / "runs" / "slice-vae-64" / "evaluation.json").unlink()
    with pytest.raises(InputError, match="needs evaluations with a realistic atlas score"):
        slice_images.atlas_scores()
    monkeypatch.setattr(slice_images, "PRESETS", {"3D VAE": "vae3d-64"})
    with pytest.raises(InputError, match="needs a run of simulated-t1-cubes, got none; train one"):
        slice_images.samples()


def test_a_small_run_stands_for_its_preset_where_the_whole_one_is_not_at_hand(own):
    said = words(slice_images.samples())
    assert "wgan-gp-64-small" in said
    shutil.copytree(own / "runs" / "wgan-gp-64-small", own / "runs" / "wgan-gp-64")
    said = words(slice_images.samples())
    assert "wgan-gp-64 " in said.replace(",", " ").replace(".", " ")
    assert "wgan-gp-64-small" not in said
