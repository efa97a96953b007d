"""Table 1 of the slice VAE paper from evaluations: each size by itself, real scans beside."""

from brainlab.experiments.tables.papers.slice_1 import COLUMNS, PRESETS, TABLE
from brainlab.experiments.tables.registry import Sources

VALUES = {"mmd_kwon": 2000.0, "ms_ssim_kwon": 0.9, "mmd_unbiased": 30.0, "ms_ssim": 0.8, "ras": 0.7, "ras_real": 0.75}


def evaluation(side=64, real=0.85, **values):
    """An evaluation of volumes of one size."""
    common = {
        "data": "cubes",
        "data_sha256": "a" * 64,
        "shape": [side] * 3,
        "real_scans": 60,
        "generated": 50,
        "seed": 0,
    }
    found = {}
    for name, value in {**VALUES, **values}.items():
        extra = {"real": real} if name.startswith("ms_ssim") else {}
        undefined = {} if value is not None else {"undefined": "no network labels these"}
        found[name] = {"value": value, "n": 50, "better": "none", "settings": {**common, **extra, **undefined}}
    return found


def rebuilt(*runs):
    return TABLE.build(Sources(runs=lambda: runs))


def test_a_run_stands_at_its_size_and_real_scans_beside_it(make_run):
    runs = [make_run("a", "slice-vae-64", evaluation()), make_run("b", "alpha-wgan-64-small", evaluation())]
    found = rebuilt(*runs, make_run("c", "slice-vae-128", evaluation(128, real=0.7)))
    own = {row["run"]: row for row in found.rows if "run" in row}
    assert {name: (row["side"], row["method"]) for name, row in own.items()} == {
        "a": (64, "slice VAE"),
        "b": (64, "3D alpha-WGAN"),
        "c": (128, "slice VAE"),
    }
    assert [own["a"][name] for name in ("mmd_kwon", "ms_ssim_kwon", "ras")] == [2000, 0.9, 0.7]
    real = {row["side"]: row for row in found.rows if row["method"] == "real scans"}
    assert [real[64][name] for name in ("of_runs", "ms_ssim_kwon", "ras")] == [["b", "a"], 0.85, 0.75]
    assert real[128]["ms_ssim_kwon"] == 0.7
    assert "mmd_kwon" not in real[64]
    assert (real[64]["n"], own["a"]["n"]) == (60, 50)
    assert [row["side"] for row in found.rows] == sorted(row["side"] for row in found.rows)
    assert not any("not all measured" in note for note in found.notes), "each size has real scans of its own"


def test_the_alpha_gan_is_not_taken_for_the_alpha_wgan(make_run):
    found = rebuilt(make_run("a", "alpha-gan-64", evaluation()))
    assert [row["method"] for row in found.rows if row.get("run") == "a"] == ["3D alpha-GAN"]


def test_what_was_not_measured_says_why(make_run):
    run = make_run("a", "vae3d-64", evaluation(ras=None))
    (row,) = [row for row in rebuilt(run).rows if row.get("run") == "a"]
    assert row["ras"] is None
    assert row["undefined"]["ras"] == "no network labels these"
    assert "not in this evaluation" in row["undefined"]["slice_difference_axial"]


def test_methods_that_the_paper_prints_and_nobody_trained_are_named():
    missing = {(row["side"], row["method"]): row["missing"] for row in rebuilt().rows}
    assert len(missing) == 11
    assert missing[64, "slice VAE"] == "no run of the preset slice-vae-64 or a variant of it is at hand"
    assert (256, "3D VAE") not in missing


def test_the_published_rows_are_the_paper_s():
    published = {(row["side"], row["method"]): row for row in rebuilt().published}
    assert {method for side, method in published if side == 64} == {*PRESETS, "real scans"}
    assert published[64, "slice VAE"]["mmd_kwon"] == 2396
    assert published[256, "real scans"]["ms_ssim_kwon"] == 0.7019


def test_the_layout_shows_what_there_is(make_run):
    paper = TABLE.layout(rebuilt().published)
    assert list(paper.columns) == ["side", "method", "run", "n", "MMD", "MS-SSIM"]
    assert paper.loc[0, "MMD"] == "14,383"
    own = TABLE.layout(rebuilt(make_run("a", "slice-vae-64", evaluation())).rows)
    assert set(COLUMNS.values()) - set(own.columns) == {"coronal steps", "axial steps", "sagittal steps"}
