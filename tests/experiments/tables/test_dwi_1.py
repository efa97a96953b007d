"""Table 1 of the DWI paper from evaluations: nothing is made up, and one scale is used throughout."""

import pytest

from brainlab.experiments.tables.papers.dwi_1 import PRESETS, TABLE
from brainlab.experiments.tables.registry import Sources
from tests.experiments.tables.conftest import MEASURED, evaluation_of


def rebuilt(*runs):
    return TABLE.build(Sources(runs=lambda: runs))


def rows_of(found, method):
    return [row for row in found.rows if row["method"] == method]


def test_a_run_is_found_by_its_preset_or_a_variant_of_it(make_run):
    runs = [make_run("a", "dwi-vae-small", evaluation_of()), make_run("b", "dwi-vae", evaluation_of())]
    found = rebuilt(*runs, make_run("other", "vae-8", evaluation_of()))
    assert [row["run"] for row in rows_of(found, "vanilla VAE")] == ["a", "b"]
    assert {row.get("run") for row in found.rows} == {"a", "b", None}
    row = rows_of(found, "vanilla VAE")[0]
    for name in ("dataset_similarity", "isd", "minimum_isd", "sharpness_generated", "mse", "sharpness_reconstructed"):
        assert row[name] == MEASURED[name]
    assert (row["sharpness_generated_sd"], row["mse_sd"], row["n"]) == (150, 0.0025, 40)


def test_original_images_are_what_the_evaluation_says_of_real_scans(make_run):
    found = rebuilt(make_run("a", "dwi-vae", evaluation_of()), make_run("b", "dwi-ivae", evaluation_of()))
    (row,) = rows_of(found, "original images")
    assert [row[name] for name in ("dataset_similarity", "isd", "minimum_isd", "sharpness_generated")] == [
        *(0.05, 0.045, 0.006, 1500)
    ]
    assert row["of_runs"] == ["a", "b"]
    assert "mse" not in row
    assert found.settings["n"]["a"] == {"samples": 40, "original images": 40, "held-out scans": 50}
    assert not any("minimum ISD falls" in note for note in found.notes)


def test_runs_measured_on_other_images_have_original_images_of_their_own(make_run):
    other = evaluation_of(data_sha256="b" * 64)
    found = rebuilt(make_run("a", "dwi-vae", evaluation_of()), make_run("b", "dwi-ivae", other))
    assert [row["of_runs"] for row in rows_of(found, "original images")] == [["a"], ["b"]]
    assert "not all measured on the same images" in found.notes[0]


def test_fewer_real_scans_than_samples_are_said_to_spoil_the_minimum(make_run):
    found = rebuilt(make_run("a", "dwi-vae", evaluation_of({"isd_real": {"n": 12}})))
    assert "Only 12 real scans stand beside 40 samples (a)" in found.notes[0]


@pytest.mark.parametrize(("method", "preset"), PRESETS.items())
def test_a_method_without_a_run_says_so_and_has_no_figures(method, preset):
    (row,) = rows_of(rebuilt(), method)
    assert row == {"method": method, "missing": f"no run of the preset {preset} or a variant of it is at hand"}


def test_a_run_that_was_not_evaluated_or_trained_on_since_has_no_figures(make_run):
    runs = [make_run("bare", "dwi-vae"), make_run("since", "dwi-ivae", evaluation_of(run_sha256="c" * 64))]
    runs.append(make_run("cut", "dwi-stylegan"))
    (runs[-1].folder / "evaluation.json").write_text("{", encoding="utf-8")
    found = rebuilt(*runs)
    for method, reason in (
        ("vanilla VAE", "needs an evaluation, got none"),
        ("IntroVAE", "was trained on since"),
        ("style-based GAN", "damaged, no JSON"),
        ("original images", "no evaluation of a run tells of the real scans"),
    ):
        (row,) = rows_of(found, method)
        assert reason in row["missing"]
        assert "isd" not in row


def test_sharpness_is_brought_to_the_paper_s_scale(make_run):
    unit = {"value": 0.02, "sd": 0.01, "settings": {"range": [0, 1]}}
    row = rows_of(rebuilt(make_run("a", "dwi-vae", evaluation_of({"sharpness_generated": unit}))), "vanilla VAE")[0]
    assert row["sharpness_generated"] == pytest.approx(0.02 * 255**2)
    assert row["sharpness_generated_sd"] == pytest.approx(0.01 * 255**2)
    assert row["sharpness_reconstructed"] == 400


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"settings": {"stencil": "3D"}}, "of slices by a 2D stencil, this one by 3D"),
        ({"settings": {"range": None}}, "range of its images is unknown"),
        ({"value": None, "settings": {"undefined": "the run is a GAN"}}, "the run is a GAN"),
        (None, "not in this evaluation; run 'brainlab evaluate' again"),
    ],
)
def test_what_cannot_be_shown_on_that_scale_is_left_out_with_its_reason(make_run, change, reason):
    evaluation = evaluation_of({"sharpness_reconstructed": change})
    row = rows_of(rebuilt(make_run("a", "dwi-vae", evaluation)), "vanilla VAE")[0]
    assert row["sharpness_reconstructed"] is None
    assert reason in row["undefined"]["sharpness_reconstructed"]
    assert row["sharpness_generated"] == 300


def test_the_published_rows_are_the_paper_s():
    """Table 1 and section 4 of the paper."""
    found = {row["method"]: row for row in rebuilt().published}
    assert list(found) == ["original images", *PRESETS]
    vae, original = found["vanilla VAE"], found["original images"]
    assert [vae[name] for name in ("dataset_similarity", "isd", "minimum_isd", "sharpness_generated")] == [
        *(0.0552, 0.0254, 0.0078, 201)
    ]
    assert [vae[name] for name in ("mse", "mse_sd", "sharpness_reconstructed")] == [0.004, 0.02, 349]
    assert (original["minimum_isd"], original["sharpness_generated"], original["sharpness_generated_sd"]) == (
        *(0.0063, 1495, 659),
    )
    assert "mse" not in found["style-based GAN"]


def test_the_layout_is_the_paper_s_with_deviations():
    shown = TABLE.layout(rebuilt().published).set_index("method")
    assert shown.loc["IntroVAE", "sharpness"] == "1,514 ± 560"
    assert shown.loc["IntroVAE", "min. ISD"] == "0.0009"
    assert shown.loc["style-based GAN", "MSE, reconstr."] == "-"
