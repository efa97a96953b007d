"""Figures of the DWI paper and the IXI thesis from tiny untrained runs: what stands where, and what is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab import workspace as places
from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import InputError
from brainlab.experiments.figures import dwi_images, ixi_images, levels, paper_figures, reconstructions, sources
from brainlab.experiments.figures.reconstructions import reconstruct, shortens
from brainlab.figures.slices import Tile, tile_pixels
from brainlab.generators import conv_vae, dfc_vae, flow, residual_introvae, soft_introvae, stylegan, vqvae
from tests.conftest import AFFINE, write_run

PEOPLE, SLICES, FIRST = 6, 8, 20
SHAPE = (1, 16, 16)
METHODS = {
    "dwi-vae-small": conv_vae,
    "dwi-dfc-vae-small": dfc_vae,
    "dwi-ivae-small": residual_introvae,
    "dwi-stylegan-small": stylegan,
    "vae2d-1024-small": conv_vae,
    "vqvae2d-small": vqvae,
    "flow-slices-128": flow,
    "soft-ivae-128": soft_introvae,
}
CONV = {"latent_dim": 3, "widths": (4,)}
SETTINGS = {"dwi-dfc-vae-small": dfc_vae.DFCVAEConfig(sample_shape=SHAPE, **CONV)}
SLICE_FIGURES = [name for name in paper_figures.FIGURES if paper_figures.paper_of(name) in ("dwi", "ixi")]


def disc(radius: float, brightness: float) -> np.ndarray:
    x, y = np.indices(SHAPE[1:]) - 7.5
    return (np.hypot(x, y) < radius).astype(np.float32) * np.float32(brightness) * np.where(x > 4, 1, 0.7)


def write_slices(folder: Path) -> PreparedDataset:
    """Write discs that grow from slice to slice, of two training people and four others."""
    rows = [
        {
            "participant": f"sub-{person}",
            "session": "1",
            "modality": "dwi",
            "class": "healthy",
            "age_years": 30.0 + person,
            "sex": "FM"[person % 2],
            "split": "train" if person < 2 else "test",
            "source": f"sub-{person}.nii.gz",
            "sha256": f"{person:064x}",
            "slice": FIRST + number,
        }
        for person in range(PEOPLE)
        for number in range(SLICES)
    ]
    images = [disc(1 + row["slice"] - FIRST, 0.6 + row["age_years"] / 100) for row in rows]
    images = [image.astype(np.float32) for image in images]
    recipe = {"name": "dwi-slices-128", "shape": SHAPE[1:], "affine": AFFINE, "simulated": True, "plane": "axial"}
    return write_prepared(folder, images, pd.DataFrame(rows), recipe)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace whose tiny cohorts and runs have the names that the figures ask for."""
    folder = tmp_path_factory.mktemp("slice-figures")
    data = write_slices(folder / "cohorts" / "simulated-dwi")
    shutil.copytree(data.folder, folder / "cohorts" / "simulated-t1")
    for name, module in METHODS.items():
        config = SETTINGS.get(name) or replace(module.METHOD.small[-1], sample_shape=SHAPE)
        write_run(folder / "runs" / name, name, config, data)
    for name, code in (("vae2d-1024-small", "kl_real"), ("vqvae2d-small", "code_error")):
        lines = [
            {"kind": "epoch", "epoch": n, "loss": 100.0 / n, "squared_error": 64.0 / n, code: 3.0 * n} for n in (1, 2)
        ]
        text = "".join(json.dumps(line) + "\n" for line in ({"kind": "step", "loss": 9}, *lines))
        (folder / "runs" / name / "metrics.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def own(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of that workspace, and hide what ships."""
    shutil.copytree(made, tmp_path / "own")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "own"))
    monkeypatch.setattr(places, "MODELS", tmp_path / "models")
    monkeypatch.setattr(places, "SHIPPED_COHORTS", tmp_path / "shipped")
    monkeypatch.setattr(dwi_images, "DRAWN", 5)
    return tmp_path / "own"


def words(sheet) -> str:
    return " ".join(text.get_text() for text in sheet.figure.texts)


def shown(sheet) -> list[np.ndarray]:
    """Return the pixels of all tiles, row by row."""
    return [np.asarray(axes.images[0].get_array()) for axes in sheet.figure.axes]


@pytest.fixture
def cohort(own: Path) -> PreparedDataset:
    return sources.find_cohort("simulated-dwi", 2)


@pytest.mark.parametrize("name", SLICE_FIGURES)
def test_every_figure_says_where_it_is_from_and_is_no_pass_mark(name, own):
    said = words(paper_figures.FIGURES[name].draw())
    for part in ("Simulated data", "no pass mark", *(["IXI thesis"] if "ixi" in name else ["DWI comparison paper"])):
        assert part in said
    assert f"After figure{'s 3.12 to' if name == 'ixi-3.13' else f' {name[4:]}'}" in said


def test_names_of_papers_stand_for_their_figures():
    assert paper_figures.figure_names(["dwi"]) == ["dwi-3", "dwi-4"]
    assert paper_figures.figure_names(["ixi"]) == ["ixi-3.13", "ixi-3.15", "ixi-3.16"]


def test_reconstructions_stand_beside_held_out_slices_of_other_people_at_rising_levels(cohort, monkeypatch):
    runs = {title: sources.find_run(name, cohort) for title, name in dwi_images.RECONSTRUCTING.items()}
    unseen = sources.unseen_tests(cohort, list(runs.values()), None)
    rows = levels.at_levels(cohort, unseen, 3)
    scans = cohort.scans.iloc[rows]
    assert set(scans["split"]) == {"test"}, "two people were trained on"
    assert scans["participant"].is_unique
    assert scans["slice"].tolist() == [21, 24, 26]
    sheet = dwi_images.reconstructions()
    assert len(shown(sheet)) == 3 * 4
    monkeypatch.setattr(reconstructions, "block_rows", lambda shape: 5)
    columns = reconstruct(cohort, runs, rows, unseen)
    for place, images in enumerate(columns.values()):
        assert np.allclose(shown(sheet)[4 + place], tile_pixels(Tile(images[1], cohort.grid, "axial")))
    run, originals = runs["VAE"], cohort.batch(unseen)
    expected = np.square(run.decode(run.encode(originals)[0]) - originals[:, 0]).mean()
    assert f"VAE\nMSE {expected:.4f}" in columns
    assert f"MSE {expected:.4f}" in words(sheet)
    assert f"all {len(unseen)} held-out slices" in words(sheet)


def test_samples_are_found_by_the_level_of_their_nearest_held_out_slice(cohort):
    """Slices of the very cohort stand for samples, so that their levels are known."""
    rows = np.arange(len(cohort))
    numbers = cohort.scans["slice"].to_numpy()
    given = [FIRST + 7, FIRST + 2, FIRST, FIRST + 1, FIRST + 2]
    drawn = cohort.batch(np.array([np.flatnonzero(numbers == number)[0] for number in given]))[:, 0]
    chosen, missed = levels.samples_at(drawn, cohort, rows, np.array([FIRST + 1, FIRST + 7, FIRST + 5]))
    assert chosen.tolist() == [1, 0, 0], "the first within a slice; else the first of the nearest"
    assert missed.tolist() == [1, 0, 2]


def test_samples_are_the_runs_own_and_a_level_that_none_reaches_is_told(cohort):
    sheet = dwi_images.samples()
    tiles = shown(sheet)
    assert len(tiles) == 3 * 5
    run = sources.find_run("dwi-stylegan-small", cohort, encodes=False)
    drawn = [tile_pixels(Tile(image, run.grid, "axial")) for image in run.sample(5, dwi_images.SEED)[1]]
    assert all(any(np.allclose(tiles[5 * row + 4], image) for image in drawn) for row in range(3))
    assert "first 5 samples of seed 1" in words(sheet)
    assert "has none at slice" in words(sheet), "untrained runs draw one image only"


def test_what_cannot_encode_is_not_asked_to_and_long_codes_are_no_reconstructions(cohort, own):
    with pytest.raises(InputError, match="has no encoder"):
        sources.find_run("dwi-stylegan-small", cohort)
    whole = sources.find_run("flow-slices-128", cohort, encodes=False)
    assert whole.can("reconstruct")
    assert not shortens(whole)
    said = words(ixi_images.reconstructions())
    assert "Soft IntroVAE" in said
    assert "Rectified flow" not in said
    assert "codes are as long as slices: flow-slices-128" in said


@pytest.mark.parametrize(
    "change", [('"plane": "axial"', '"plane": "coronal"'), ('"name": "dwi-slices-128"', '"name": "ixi-slices-128"')]
)
def test_further_runs_are_shown_where_they_are_at_hand_and_learned_such_slices(change, own):
    assert len(shown(ixi_images.samples())) == 4 * 5
    shutil.rmtree(own / "runs" / "flow-slices-128")
    config = own / "runs" / "soft-ivae-128" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    sheet = ixi_images.samples()
    assert len(shown(sheet)) == 2 * 5
    assert "want of a run of such slices: flow-slices-128, soft-ivae-128." in " ".join(words(sheet).split())


def test_losses_are_those_of_the_epochs_on_the_thesis_scale(own):
    """256 pixels: 1,000 times a mean of 64 / 256; the VAE's KL as it is, the VQ-VAE's code brought to that scale."""
    sheet = ixi_images.losses()
    curves = [axes.lines[0].get_xydata().T.tolist() for axes in sheet.figure.axes]
    assert [axes.get_title(loc="left") for axes in sheet.figure.axes] == [
        *("total", "reconstruction", "KL (nats)", "total", "reconstruction", "codebook and commitment")
    ]
    assert curves[1] == curves[4] == [[1, 2], [250, 125]]
    assert curves[2] == [[1, 2], [3, 6]]
    vqvae_config = vqvae.METHOD.small[-1]
    scale = 1000 / (256 * vqvae_config.reconstruction_weight)
    code = scale * vqvae_config.code_weight * (1 + vqvae_config.commitment)
    assert curves[5][1] == pytest.approx([3 * code, 6 * code])
    assert curves[3][1] == pytest.approx([100 * scale, 50 * scale])


def test_a_cohort_of_other_images_or_without_levels_is_refused(own, cohort):
    with pytest.raises(InputError, match=r"needs volumes, got axial slices of 16 x 16 pixels"):
        sources.find_cohort("simulated-dwi")
    bare = replace(cohort, scans=cohort.scans.drop(columns="slice"))
    with pytest.raises(InputError, match="needs the column slice"):
        levels.at_levels(bare, bare.indices(), 3)
    with pytest.raises(InputError, match="needs slices of 9 levels of held-out participants, got 8"):
        levels.at_levels(cohort, cohort.indices(), 9)


@pytest.mark.parametrize(
    ("name", "gone", "part"),
    [
        ("dwi-3", "cohorts/simulated-dwi", "no cohort 'simulated-dwi'"),
        ("dwi-4", "runs/dwi-stylegan-small", "no run 'dwi-stylegan-small'"),
        ("ixi-3.13", "runs/vqvae2d-small", "no run 'vqvae2d-small'"),
        ("ixi-3.16", "runs/vae2d-1024-small", "no run 'vae2d-1024-small'"),
    ],
)
def test_what_is_missing_is_said_in_one_line(name, gone, part, own, tmp_path, capsys):
    shutil.rmtree(own / gone)
    assert main(["figures", name, "--out", str(tmp_path / "pictures")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {part}")
    assert said.count("\n") == 1
