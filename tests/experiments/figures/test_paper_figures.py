"""The FLAIR paper's figures from tiny untrained runs: what stands where, and what is refused."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.experiments.analysis.latent_space import latent_directions
from brainlab.experiments.figures import flair_images, flair_latent, paper_figures, sources
from brainlab.figures.slices import Tile, tile_pixels
from brainlab.images.grid import Grid
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.provenance import recognise
from brainlab.runs.training_codes import TrainingCodes

pytestmark = pytest.mark.usefixtures("paper_workspace")

FLAIR = [name for name in paper_figures.FIGURES if paper_figures.paper_of(name) == "flair"]


def words(sheet) -> str:
    return " ".join(text.get_text() for text in sheet.figure.texts)


@pytest.fixture
def cohort():
    return sources.find_cohort("simulated")


@pytest.fixture
def runs(cohort):
    return [sources.find_run(name, cohort) for name in sources.RUNS]


@pytest.fixture(autouse=True)
def nothing_kept():
    """Let no test show what another one made."""
    flair_images.KEPT.clear()


def test_a_figure_is_the_same_bytes_every_time(tmp_path):
    first = paper_figures.draw_figure("flair-3", tmp_path / "a")
    flair_images.KEPT.clear()
    second = paper_figures.draw_figure("flair-3", tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_what_figures_share_is_made_once_and_again_of_other_scans_or_runs(cohort, runs, monkeypatch):
    made = []
    monkeypatch.setattr(flair_images, "_reconstruct", lambda *given: made.append(given) or {})
    tests = cohort.indices("test")
    for shown, drawn in ((runs, tests), (runs, tests), (runs[:2], tests), (runs, tests[:1]), (runs, tests)):
        flair_images.reconstruction_columns(cohort, shown, drawn[:1], drawn)
    assert len(made) == 4


@pytest.mark.parametrize("name", FLAIR)
def test_every_figure_says_simulated_and_where_it_is_from(name):
    said = words(paper_figures.FIGURES[name].draw())
    assert "Simulated data" in said
    assert "“simulated”" in said
    assert f"After figure {name.split('-')[1]} of the FLAIR IntroVAE paper" in said


def test_the_first_column_is_the_original_and_the_others_are_the_runs(cohort, runs):
    tests = sources.unseen_tests(cohort, runs)
    rows = sources.one_a_class(cohort, tests)
    columns = flair_images.reconstruction_columns(cohort, runs, rows, tests)
    assert [heading.split("\n")[0] for heading in columns] == ["Original", *sources.RUNS]
    assert np.array_equal(columns["Original"], cohort.batch(rows)[:, 0])
    sheet = flair_images.reconstructions("coronal")
    for axes, images in zip(sheet.figure.axes, columns.values(), strict=False):
        # Tiles come row by row, and the first row is the first scan's.
        expected = tile_pixels(Tile(images[0], Grid.unplaced(images[0].shape), "coronal"))
        assert np.array_equal(axes.images[0].get_array(), expected)


def test_shown_scans_are_test_scans_of_different_classes_and_unseen(cohort, runs):
    tests = sources.unseen_tests(cohort, runs)
    rows = sources.one_a_class(cohort, tests)
    shown = cohort.scans.iloc[rows]
    assert set(shown["split"]) == {"test"}
    assert shown["class"].is_unique
    assert not any(recognise(run, cohort).seen[rows].any() for run in runs)


def test_people_whom_a_run_knows_are_not_shown(cohort, runs):
    everyone = cohort.participant_hashes()
    runs[0].settings["data"]["participants"] = everyone
    with pytest.raises(InputError, match="needs test scans of held-out participants"):
        sources.unseen_tests(cohort, runs)


def test_samples_are_the_runs_own_in_three_planes(cohort):
    sheet = flair_images.samples("ivae-256")
    _, images = sources.find_run("ivae-256", cohort).sample(5, seed=1)
    shown = [axes.images[0].get_array() for axes in sheet.figure.axes]
    assert len(shown) == 15
    assert np.array_equal(shown[0], tile_pixels(Tile(images[0], Grid.unplaced(images[0].shape), "axial")))
    assert np.array_equal(shown[14], tile_pixels(Tile(images[4], Grid.unplaced(images[4].shape), "sagittal")))


def test_zero_is_one_image_whichever_dimension_is_walked_along(cohort, runs):
    space = latent_directions(runs[-1], cohort)
    ventricles, intensity = (flair_latent.walks(runs[-1], space, index) for index in (175, 76))
    assert [number for number, _ in ventricles] == [175, space.named["lateral ventricles"]["dimension"]]
    assert ventricles[0][1].values.tolist() == [-1.25, 0, 1.25]
    assert intensity[0][1].values.tolist() == [-1, 0.25, 1]
    middle = ventricles[0][1].volumes[1]
    for _, steps in (*ventricles, *intensity):
        assert np.allclose(steps.start, middle, atol=1e-6)
        assert (steps.codes != 0).sum() == np.count_nonzero(steps.values)


def test_discriminant_scores_merge_the_grades_and_hold_out_the_test_split(cohort, runs):
    train, test = flair_latent.discriminant_scores(runs[0], cohort, cohort.indices("test"))
    assert len(train.groups) == len(cohort.indices("train"))
    assert len(test.groups) == len(cohort.indices("test"))
    assert set(train.groups) == {"healthy", "MS", "leukoencephalopathy"}
    assert sum(len(points) for points in train.by_group((0, 2)).values()) == len(train.groups)


def test_discriminant_scores_may_rest_on_the_people_whose_codes_a_run_keeps(cohort, runs, tmp_path):
    run, rows = runs[0], cohort.indices("train")
    encoding = encode_dataset(run, cohort).rows(rows)
    scans = cohort.scans.iloc[rows].reset_index(drop=True)
    kept = TrainingCodes(tmp_path, "its people", scans, encoding, True, "0" * 64)
    own, others = (flair_latent.discriminant_scores(run, cohort, cohort.indices(), part) for part in (None, kept))
    assert np.allclose(own[1].points, others[1].points, atol=1e-4)
    with pytest.raises(InputError, match="needs training scans of all five classes"):
        flair_latent.discriminant_scores(
            run, cohort, cohort.indices(), kept.rows(np.flatnonzero(scans["class"] != "ms"))
        )


def test_both_cohorts_share_a_range_that_holds_every_scan(paper_workspace: Path, monkeypatch):
    monkeypatch.setattr(flair_latent, "audit", lambda _: SimpleNamespace(confound=None))  # no forest: boxes alone count
    table = paper_workspace / "cohorts" / "simulated" / "scans.tsv"
    scans = pd.read_csv(table, sep="\t")
    scans["echo_time_s"] *= 2
    scans.to_csv(table, sep="\t", index=False)
    panels = [axes for axes in flair_latent.acquisition().figure.axes if axes.get_xlabel() == "Echo time (s)"]
    assert len(panels) == 2
    assert panels[0].get_xlim() == panels[1].get_xlim()
    low, high = panels[0].get_xlim()
    dots = np.concatenate([part.get_offsets()[:, 0] for axes in panels for part in axes.collections])
    assert len(dots) == 2 * len(scans)
    assert low < dots.min() < dots.max() < high


def test_auc_is_one_where_ms_is_apart_and_unknown_without_it():
    points = np.array([[0.0], [1.0], [2.0], [3.0]])
    assert flair_latent.Scores(points, np.array(["healthy", "healthy", "MS", "MS"])).ms_auc(0) == 1
    assert flair_latent.Scores(points, np.array(["MS", "MS", "healthy", "MS"])).ms_auc(0) == pytest.approx(1 / 3)
    assert np.isnan(flair_latent.Scores(points, np.array(["healthy"] * 4)).ms_auc(0))


def test_the_axis_and_its_sign_are_chosen_in_training_alone():
    groups = np.array(["healthy", "healthy", "MS", "MS"])
    train = flair_latent.Scores(np.array([[0, 3, 1], [3, 2, 1], [1, 1, 1], [2, 0, 1]], float), groups)
    # Axis 2 is perfect in training with MS below, and perfect on the test scans with MS above.
    test = flair_latent.Scores(np.array([[0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 3, 0]], float), groups)
    assert flair_latent.separation(train, test) == (1, 1.0, 0.0)


def test_the_workspaces_own_cohort_comes_before_the_one_that_ships(paper_workspace: Path):
    shipped = sources.workspace.SHIPPED_COHORTS / "simulated"
    own = paper_workspace / "cohorts" / "simulated"
    shutil.copytree(own, shipped)
    assert sources.find_cohort("simulated").folder == own
    shutil.rmtree(own)
    assert sources.find_cohort("simulated").folder == shipped
    shutil.rmtree(shipped)
    with pytest.raises(InputError, match=r"no cohort 'simulated' in .* make one with 'brainlab prepare'"):
        sources.find_cohort("simulated")


def test_lda_of_fewer_classes_is_refused(paper_workspace: Path):
    table = paper_workspace / "cohorts" / "simulated" / "scans.tsv"
    scans = pd.read_csv(table, sep="\t")
    scans.replace({"class": {"leuko2": "leuko1"}}).to_csv(table, sep="\t", index=False)
    with pytest.raises(InputError, match="all five classes; no leuko2"):
        flair_latent.discriminant_axes()


def test_names_stand_for_figures():
    assert paper_figures.figure_names(["flair"]) == FLAIR
    assert paper_figures.figure_names(["flair-12", "flair-3", "flair-12"]) == ["flair-12", "flair-3"]
    with pytest.raises(InputError, match=r"no figure 'flair-1'; known are flair, dwi, ixi, slice, wei, flair-2, .*wei"):
        paper_figures.figure_names(["flair-2", "flair-1"])


def test_the_page_names_every_figure_shows_every_picture_and_pictures_stay_small():
    docs = Path(__file__).resolve().parents[3] / "docs"
    page = (docs / "figures.md").read_text(encoding="utf-8")
    pictures = {name: docs / "figures" / paper_figures.paper_of(name) / f"{name}.png" for name in paper_figures.FIGURES}
    assert all(f"`{name}`" in page for name in pictures)
    assert all(pictures[name].is_file() for name in FLAIR)
    drawn = [picture for picture in pictures.values() if picture.is_file()]
    assert all(f"]({picture.relative_to(docs)})" in page for picture in drawn)
    sizes = [picture.stat().st_size for picture in drawn]
    assert max(sizes) < 400_000
    assert sum(sizes) < 5_000_000
