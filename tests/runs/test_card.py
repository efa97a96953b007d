import json
import shutil

from brainlab.runs.card import _budget, _end_of_training, _noun, _scores, write_card
from brainlab.runs.run import load_run


def score(value, **changes):
    return {"value": value, "sd": 0.5, "n": 8, "settings": {}, "better": "lower", **changes}


def test_scores_are_named_and_ordered_by_the_registry_and_those_it_does_not_know_are_kept():
    rows = _scores({"my_own": score(3.0, sd=None), "isd": score(2.0), "mse": score(0.25), "ras": score(None)})
    assert rows[3:-1] == [
        "| Mean squared error (`mse`) | 0.25 |  | 0.5 | 8 | lower |",
        "| Intra-sample diversity (`isd`) | 2 |  | 0.5 | 8 | lower |",
        "| `my_own` | 3 |  |  | 8 | lower |",
    ]
    assert _scores({"ras": score(None)}) == _scores({}) == _scores(None) == []


def test_scores_tell_their_interval_and_what_they_depend_on():
    network = {
        "features": "64 maps of tissue-slices (sha256 4186f8d247de00f7)",
        "features_sha256": "4186f8d247de00f73551",
    }
    copies = {"share_copies": 0.004, "share_copies_held_out": 0.001, "share_below_first_percentile_of_held_out": 0.145}
    measured = {
        "machine_reader_auc": score(0.779, sd=None, low=0.745, high=0.809, settings={"value_range": [0, 1]}),
        "frechet_distance": score(4.6e-4, sd=None, settings=network),
        "coverage_features": score(0.9, sd=None, settings=network),
        "nearest_training_distance": score(0.004, settings=copies),
    }
    rows = _scores(measured)
    assert sum("`machine_reader_auc`) | 0.779 | 0.745 to 0.809 |  | 8 | lower |" in row for row in rows) == 1
    assert rows[-5:] == [
        "",
        "- Images are in [0, 1] unless a metric's settings in `evaluation.json` say otherwise.",
        "- Tissue features: 64 maps of tissue-slices (sha256 4186f8d247de00f7).",
        "- Copies of training scans: 0.004 of the samples, and 0.001 of held-out scans, by the same measure. Nearer to "
        "a training scan than 99% of held-out scans are: 0.145.",
        "",
    ]
    of_slices = _scores(measured, noun="slice")
    assert any(
        "Copies of training slices: 0.004 of the samples, and 0.001 of held-out slices" in row for row in of_slices
    )
    assert any(row.startswith("| Distance to the nearest training slice (`nearest_training") for row in of_slices)
    assert not any("scan" in row for row in of_slices)
    judged_by_its_own = _scores(measured, trained_by="tissue-slices (sha256 4186f8d247de00f7), in place of VGG16")
    assert any("by which the run was trained, too, so that they flatter it" in row for row in judged_by_its_own)


def test_scores_of_other_weights_are_left_out(style_workspace, tmp_path):
    """As of a run that was evaluated, and trained on since."""
    folder = tmp_path / "run"
    shutil.copytree(style_workspace / "runs" / "tiny-gan", folder)
    run = load_run(folder)
    for sha256, there in ((run.sha256, True), ("0" * 64, False)):
        measured = {"isd": score(2.0, settings={"run_sha256": sha256})}
        (folder / "evaluation.json").write_text(json.dumps(measured), encoding="utf-8")
        write_card(folder)
        assert ("Intra-sample diversity" in run.card) == there


def test_sharpness_is_a_share_of_real_for_runs_that_kept_it_on_the_older_scale_too():
    """Older runs wrote the variance of the Laplacian of images in [0, 1]; now it is of 0 to 255."""
    older = {"sharpness_real": 0.128, "sharpness_generated": 0.096, "spread_real": 0.2, "spread_generated": 0.1}
    newer = {**older, "sharpness_real": 255**2 * 0.128, "sharpness_generated": 255**2 * 0.096}
    for last in (older, newer):
        assert _end_of_training(last, None) == ["- Samples: sharpness 0.75 of real, spread 0.50 of real."]


def test_the_budget_of_the_paper_stands_beside_our_own_where_it_is_known():
    assert _budget("dwi-ivae-small").startswith("; in the paper, 48 hours on a GTX 1080: 300 epochs of")
    assert _budget("vqvae2d") == "; in the thesis, 500 epochs of 16,268 slices"
    assert _budget("vae-8") == _budget("a preset of long ago") == ""


def test_a_card_counts_slices_as_slices_and_the_scans_that_they_are_cut_from_as_scans(style_workspace):
    run = load_run(style_workspace / "runs" / "tiny-gan")
    assert f"training split of {run.settings['data']['scans']} slices of" in run.card
    assert " slices a second on" in run.card
    assert "**Trained on slices of simulated scans.** " in run.card
    assert "for axial slices of 40 x 48 pixels." in run.card
    assert "## At the end of training, on slices not used for training" in run.card
    assert "voxel" not in run.card
    assert _noun({"shape": [4, 4, 4], "affine": run.settings["affine"]}) == "scan", "the recipe of what was cut"
