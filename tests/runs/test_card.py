from brainlab.runs.card import _budget, _end_of_training, _noun, _scores
from brainlab.runs.run import load_run


def score(value, **changes):
    return {"value": value, "sd": 0.5, "n": 8, "settings": {}, "better": "lower", **changes}


def test_scores_are_named_and_ordered_by_the_registry_and_those_it_does_not_know_are_kept():
    rows = _scores({"my_own": score(3.0, sd=None), "isd": score(2.0), "mse": score(0.25), "ras": score(None)})
    assert rows[3:-1] == [
        "| Mean squared error (`mse`) | 0.25 | 0.5 | 8 | lower |",
        "| Intra-sample diversity (`isd`) | 2 | 0.5 | 8 | lower |",
        "| `my_own` | 3 |  | 8 | lower |",
    ]
    assert _scores({"ras": score(None)}) == _scores({}) == _scores(None) == []


def test_sharpness_is_a_share_of_real_for_runs_that_kept_it_on_the_older_scale_too():
    """Older runs wrote the variance of the Laplacian of images in [0, 1]; now it is of 0 to 255."""
    older = {"sharpness_real": 0.128, "sharpness_generated": 0.096, "spread_real": 0.2, "spread_generated": 0.1}
    newer = {**older, "sharpness_real": 255**2 * 0.128, "sharpness_generated": 255**2 * 0.096}
    for last in (older, newer):
        assert _end_of_training(last, None) == ["- Samples: sharpness 0.75 of real, spread 0.50 of real."]


def test_the_budget_of_the_paper_stands_beside_our_own_where_it_is_known():
    assert _budget("dwi-ivae-small").startswith("; in the paper, 48 hours on a GTX 1080: 300 epochs of")
    assert _budget("vae-8") == _budget("a preset of long ago") == ""


def test_a_card_counts_slices_as_slices_and_the_scans_that_they_are_cut_from_as_scans(style_workspace):
    run = load_run(style_workspace / "runs" / "tiny-gan")
    assert f"training split of {run.settings['data']['scans']} slices of" in run.card
    assert " slices a second on" in run.card
    assert _noun({"shape": [4, 4, 4], "affine": run.settings["affine"]}) == "scan", "the recipe of what was cut"
