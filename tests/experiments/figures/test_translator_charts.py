"""Charts of Wei's thesis from cross-validations and reports made by hand: what is drawn, and of whom."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from brainlab.errors import InputError
from brainlab.experiments.figures.paper_figures import FIGURES
from brainlab.experiments.figures.synthesis import myelin_charts, translator_charts
from brainlab.experiments.myelin.patients import MAPS
from brainlab.experiments.tables.translators import FIVE, MTR_AND_DTI
from brainlab.figures.agreement import MADE_COLOUR, TRUE_COLOUR
from tests.experiments.figures.wei_records import record, words

CURVE = ((1.0, 0.4), (2.0, 0.2))
LOW = ((1.0, 0.2), (2.0, 0.1))
REPORT_KEYS = ("demyelinated_t0", "demyelinated_t1", "global_change", "dynamic_demyelination", "dynamic_remyelination")


def of_depth(depth, curves=(CURVE, LOW), filters=32, **more):
    scans = [{"mse": 0.1}, {"mse": 0.2}]
    return record(
        "fcn", scans, inputs=FIVE, target="FLAIR", curves=curves, kernel=3, depth=depth, filters=filters, **more
    )


def of_pet(method, off, *, classes=("healthy", "ms", "ms", "ms"), sha256="a", **config):
    """Return a record whose white matter and lesions are off by so much, more from scan to scan."""
    scans = []
    for place, name in enumerate(classes):
        white, lesions = 1.2 + 0.01 * place, 1.0 - 0.02 * place  # of age in healthy people
        scans.append(
            {
                "class": name,
                "mse_in_units": 0.01 * (1 + place) * (1 + off),
                "discrepancy_white_of_controls": off if name == "healthy" else None,
                "discrepancy_white_of_patients": None if name == "healthy" else off,
                "discrepancy_lesions": 2 * off,
                "mean_white": white + off * (1 + place),
                "mean_white_real": white,
                "mean_lesions": lesions - off,
                "mean_lesions_real": lesions,
            }
        )
    return record(method, scans, inputs=MTR_AND_DTI, target="DVR", sha256=sha256, **config)


def pets():
    return [
        of_pet("linear", 0.02),
        of_pet("unet", 0.01, error="l1"),
        of_pet("cgan", 0.03, error="l1"),
        of_pet("sketcher_refiner", 0.005, refiners=1, refiner_error="weighted-l1"),
    ]


def lines(axes):
    return [np.asarray(line.get_xydata()) for line in axes.get_lines()]


def test_curves_are_the_mean_over_folds_beside_each_fold():
    sheet = translator_charts.curves_by_depth(
        [of_depth(2), of_depth(3, ((*CURVE, (3.0, 0.1)), LOW)), of_depth(4, (LOW, ()))]
    )
    (axes,) = sheet.figure.axes
    drawn = lines(axes)
    first = next(line for line, made in zip(drawn, axes.get_lines(), strict=True) if made.get_label() == "L = 2")
    np.testing.assert_allclose(first, [(1, 0.3), (2, 0.15)])
    assert len(drawn) == 2 * 3 + 1, "two folds and a mean of two depths, and one fold of the third alone"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["L = 2", "L = 3", "L = 4"]
    said = words(sheet)
    assert "32 filters" in said
    assert "no cross-validation is at hand: L = 6" in said


def test_depths_of_one_width_are_compared_and_one_alone_is_refused():
    chosen = translator_charts.curves_by_depth([of_depth(2), of_depth(3), of_depth(2, filters=64)])
    assert "32 filters" in words(chosen)
    longer = translator_charts.curves_by_depth([of_depth(2), of_depth(3), of_depth(4), of_depth(6, epochs=5)])
    assert "at hand: L = 6" in words(longer), "one that learned longer is not compared"
    with pytest.raises(
        InputError, match=r"wei-2\.3: needs cross-validations of FLAIR by 2 or more of L = 2.*got L = 3;"
    ):
        translator_charts.curves_by_depth([of_depth(2), of_depth(3, filters=64)])
    with pytest.raises(InputError, match="needs learning curves of two depths"):
        translator_charts.curves_by_depth([of_depth(2), of_depth(3, ((), ()))])


def test_refinements_show_mean_and_interval_over_the_same_scans():
    whole = pets()[2:]
    sheet = translator_charts.by_refiners(whole)
    left = sheet.figure.axes[0]
    middle = left.containers[0].lines[0].get_xydata()
    assert middle[:, 0].tolist() == [0, 1]
    assert middle[:, 1] == pytest.approx([np.mean([0.01, 0.02, 0.03, 0.04]) * each for each in (1.03, 1.005)])
    bars = left.containers[0].lines[2][0].get_segments()
    values = np.array([0.01, 0.02, 0.03, 0.04]) * 1.03
    half = 3.182446 * values.std(ddof=1) / 2  # Student's t of 3 degrees of freedom
    np.testing.assert_allclose(bars[0][:, 1], [values.mean() - half, values.mean() + half], rtol=1e-5)
    said = words(sheet)
    assert "4 held-out scans" in said
    assert "2 refiners, 3 refiners" in said


def test_boxes_are_of_each_region_and_of_whom_it_is():
    sheet = translator_charts.regional_means(pets())
    panels = [axes for axes in sheet.figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == [
        "WM in controls (n = 1)", "NAWM in patients (n = 3)", "lesions (n = 3)",
    ]  # fmt: skip
    dots = [part.get_offsets()[:, 0] for part in panels[1].collections]
    np.testing.assert_allclose(np.sort(dots[0]), [1.21, 1.22, 1.23])
    unet = np.array([1.21, 1.22, 1.23]) + 0.01 * np.array([2, 3, 4])
    np.testing.assert_allclose(np.sort(dots[1]), np.sort(unet))
    assert "Simulated data" in words(sheet)


def test_bland_altman_shows_synthesised_less_true_of_each_scan():
    sheet = translator_charts.agreement_of_means(pets())
    panels = {axes.get_title(loc="left"): axes for axes in sheet.figure.axes if axes.get_title(loc="left")}
    assert [title for title in panels if "Refiner" in title] == ["Refiner: bias +0.012", "Refiner: bias −0.005"]
    axes = panels["Refiner: bias +0.012"]
    points = np.concatenate([part.get_offsets() for part in axes.collections])
    np.testing.assert_allclose(np.sort(points[:, 1]), 0.005 * np.arange(1, 5))
    of_lesions = np.concatenate([part.get_offsets() for part in panels["Refiner: bias −0.005"].collections])
    assert len(of_lesions) == 3, "lesions of patients, and not those that healthy people have"
    heights = sorted({line.get_ydata()[0] for line in axes.get_lines()})
    sd = np.std(0.005 * np.arange(1, 5), ddof=1)
    np.testing.assert_allclose(heights, [0.0125 - 1.959964 * sd, 0, 0.0125, 0.0125 + 1.959964 * sd], atol=1e-6)
    assert len({axes.get_ylim() for title, axes in panels.items() if "+" in title}) == 1


def test_only_scans_that_all_methods_measured_are_drawn_and_other_data_left_out():
    fewer = of_pet("unet", 0.01, classes=("healthy", "ms", "ms"), error="l1")
    sheet = translator_charts.regional_means([*pets()[2:], fewer, of_pet("linear", 0.02, sha256="b")])
    said = words(sheet)
    assert "The 3 held-out scans" in said
    assert "measured on other data: linear voxel model (ours)" in said
    with pytest.raises(InputError, match=r"wei-3\.6: needs cross-validations of DVR"):
        translator_charts.regional_means([])


def test_methods_of_different_folds_share_no_scan_and_are_refused():
    one, other = pets()[2:]
    folds = [
        dataclasses.replace(record, measured=record.measured[place : place + 1])
        for place, record in enumerate((one, other))
    ]
    for name in ("wei-3.5", "wei-3.6"):
        with pytest.raises(InputError, match=f"{name}: needs scans that all methods held out, got none"):
            FIGURES[name].draw(records=folds)


def report(true, made, simulated=True):
    def indices(value):
        return {key: {"value": value, "voxels": 10, "reason": None} for key in REPORT_KEYS}

    patients = [{"true": indices(one), "synthesised": indices(other)} for one, other in zip(true, made, strict=True)]
    maps = {name: {"mean": 0.7, "sd": 0.1, "n": len(patients)} for name in MAPS}
    return {"simulated": simulated, "patients": patients, "dice": maps}


def heights(axes, colour):
    bars = [part for part in axes.patches if isinstance(part, Rectangle)]
    return [bar.get_height() for bar in bars if bar.get_facecolor() == to_rgba(colour)]


@pytest.mark.parametrize(("number", "panels"), [("3.8", 1), ("4.4", 2), ("4.5", 3)])
def test_bars_are_sorted_by_true_pet_and_stay_pairs(number, panels):
    true, made = [0.2, 0.5, None, 0.3], [0.25, 0.1, 0.3, 0.35]
    sheet = FIGURES[f"wei-{number}"].draw(reports={"a": report(true, made), "b": report([0.1], [0.2])})
    drawn = [axes for axes in sheet.figure.axes if axes.patches]
    assert len(drawn) == panels
    for axes in drawn:
        assert heights(axes, TRUE_COLOUR) == [0.5, 0.3, 0.2]
        assert heights(axes, MADE_COLOUR) == [0.1, 0.35, 0.25]
        assert "n = 3" in axes.get_title(loc="left")
    assert "Simulated data" in words(sheet)
    assert "no pass mark" in words(sheet)


def test_a_report_without_synthesised_pet_is_refused_and_real_patients_are_not_called_simulated():
    alone = report([0.1], [0.2])
    del alone["dice"]
    with pytest.raises(
        InputError, match=r"wei-3\.8: needs a myelin report with synthesised PET, got 1 without it; make"
    ):
        myelin_charts.by_patient("3.8", {"a": alone})
    with pytest.raises(InputError, match="got none; make one with 'brainlab myelin"):
        myelin_charts.by_patient("3.8", {})
    said = words(myelin_charts.by_patient("3.8", {"a": report([0.1], [0.2], simulated=False)}))
    assert "Simulated" not in said
