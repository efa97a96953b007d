"""Figures 2.3, 3.5, 3.6 and 3.7 of Wei's thesis: charts of what cross-validations measured."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.experiments.cross_validation.record import CrossValidation, learned_alike
from brainlab.experiments.figures.synthesis.at_hand import REFERENCE, Methods, methods_at_hand, source_of
from brainlab.experiments.figures.synthesis.names import CHAPTER_3, short
from brainlab.experiments.synthesis.measure import CONTROLS
from brainlab.experiments.tables.translators import (
    FIVE,
    FLAIR,
    MTR_AND_DTI,
    PET,
    SKETCHER,
    Matches,
    among,
    of_method,
    of_pet,
)
from brainlab.figures.agreement import TRUE_COLOUR, Interval, bland_altman_plot
from brainlab.figures.charts import boxes, curves, key, scatter_key, steps
from brainlab.figures.sheet import BODY_IN, FAINT, Sheet
from brainlab.legend import CLASS_COLOURS
from brainlab.measures.bland_altman import bland_altman
from brainlab.types import FloatArray

Records = Sequence[CrossValidation]

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#6a737d", "#000000")
"""Okabe and Ito's, told apart with every common colour vision deficiency."""
OF_DEPTHS = {f"L = {depth}": of_method("fcn", FIVE, kernel=3, depth=depth) for depth in (2, 3, 4, 6)}
LEARNED = ("filters", "epochs", "within")
"""Settings in which networks of different depths are alike."""
REFINERS = (0, 1, 2, 3)
REGIONS = {"WM in controls": "white", "NAWM in patients": "white", "lesions": "lesions"}
"""Regions as the thesis names them, and the measure of each: `mean_white` and so on."""
DISCREPANCIES = {
    "WM in controls": "discrepancy_white_of_controls",
    "NAWM in patients": "discrepancy_white_of_patients",
    "lesions": "discrepancy_lesions",
}
TRUTH = "true PET"
REPEATED = "Scans count as independent; where people were scanned twice, intervals are too narrow."
GROUP_COLOURS = {"controls": CLASS_COLOURS["healthy"], "patients": CLASS_COLOURS["ms"]}
AGREEING = (("WM and NAWM", "white", ("controls", "patients")), ("Lesions of patients", "lesions", ("patients",)))
"""Of figure 3.7: title, measure and whose."""
ACROSS, PANEL_IN = 3, 1.45


def curves_by_depth(records: Records) -> Sheet:
    """Figure 2.3: how the held-out error of the FCN falls while it trains, by its number of layers."""
    alike = learned_alike(records, list(OF_DEPTHS.values()), LEARNED)
    methods = methods_at_hand(alike, OF_DEPTHS, FLAIR, "wei-2.3", fewest=2)
    config = next(iter(methods.records.values())).config
    where = "the brain in " if config.get("within") == "brain" else ""
    found = {}
    for name, record in methods.records.items():
        folds = [np.array(one.curve, np.float64) for one in record.measured if one.curve]
        if folds:
            found[name] = [(fold[:, 0], fold[:, 1]) for fold in folds]
    if len(found) < 2:
        raise InputError(
            "wei-2.3: needs learning curves of two depths or more, got none in the records; cross-validate again"
        )
    told = ", ".join(f"{len(each)} of {name}" for name, each in found.items())
    height = 3.0
    sheet = Sheet(
        height,
        "Held-out error while training, by depth",
        source_of(methods),
        f"""After figure 2.3 of Wei's thesis: the FCN with {config["filters"]} filters a layer and L layers before the
        last. Thick: mean over the folds that are done ({told}); thin: each fold. Mean squared error of z-scores
        over {where}patches of held-out people, after each look. The axis need not begin at 0.
        {methods.said}{REFERENCE}""",
    )
    axes = sheet.axes(0.5, 0.1, BODY_IN - 0.6, height - 0.5)
    curves(axes, found, PALETTE)
    axes.set(xlabel="epoch", ylabel="mean squared error")
    axes.legend(loc="upper right")
    return sheet


def by_refiners(records: Records) -> Sheet:
    """Figure 3.5: error and discrepancy of regional means by how often the sketch is refined."""
    methods = methods_at_hand(records, of_refiners(), PET, "wei-3.5", fewest=2)
    rows = methods.rows("wei-3.5")
    refined = {int(name.split()[0]): record for name, record in methods.records.items()}
    errors = {n: _interval(_values(one, "mse_in_units", rows)) for n, one in refined.items()}
    off = {
        region: {n: _interval(_values(one, measure, rows)) for n, one in refined.items()}
        for region, measure in DISCREPANCIES.items()
        if all(len(_values(one, measure, rows)) for one in refined.values())
    }
    height = 2.6
    sheet = Sheet(
        height,
        "Error and discrepancy by refinement",
        source_of(methods),
        f"""After figure 3.5 of Wei's thesis. Left: mean squared error of DVR over the brain. Right: difference between
        the true and the synthesised mean DVR of a region, without its sign. Mean over the {len(rows)} held-out scans
        that all were measured on, with its 95% interval; 0 refiners is the Sketcher alone. {REPEATED} Axes need not
        begin at 0. {methods.said}{REFERENCE}""",
    )
    width = (BODY_IN - 1.3) / 2
    for place, (values, colours, label) in enumerate(
        (({"error": errors}, ("#24292f",), "MSE of DVR"), (off, PALETTE, "discrepancy, DVR"))
    ):
        axes = sheet.axes(0.55 + place * (width + 0.7), 0.3, width, height - 0.75)
        if values:
            steps(axes, values, colours)
        axes.set(xlabel="refiners", ylabel=label)
        axes.locator_params(axis="y", nbins=5)
        if place:
            key(sheet.axes(0.55 + place * (width + 0.7), 0, width, 0.25), axes)
    return sheet


def of_refiners() -> dict[str, Matches]:
    """Return whether a record refines so many times: the Sketcher, or one with refiners behind it."""
    sketcher = of_pet()[SKETCHER]
    alone = of_method("sketcher_refiner", MTR_AND_DTI, refiners=0)
    return {
        "0 refiners": lambda record: alone(record) or sketcher(record),
        **{
            f"{n} refiner{'s' if n > 1 else ''}": of_method(
                "sketcher_refiner", MTR_AND_DTI, refiners=n, refiner_error="weighted-l1"
            )
            for n in REFINERS[1:]
        },
    }


def regional_means(records: Records) -> Sheet:
    """Figure 3.6: mean DVR of each region over people, true and by method."""
    methods, rows = _with_means(records, "wei-3.6")
    names = [TRUTH, *map(short, methods.records)]
    height = 0.36 * len(names) + 0.75
    sheet = Sheet(
        height,
        "Mean DVR by region",
        source_of(methods),
        f"""After figure 3.6 of Wei's thesis: mean DVR of each region of each scan, of true PET and of what each method
        makes; dots are scans, boxes quartiles with the median, whiskers the 5th to the 95th percentile. The dashed line
        is the median of true PET. The {len(rows)} held-out scans that all methods were measured on. WM: white matter;
        NAWM: white matter of patients outside lesions. {methods.said}{REFERENCE}""",
    )
    left, gap = 1.05, 0.15
    width = (BODY_IN - left - 2 * gap) / 3
    for place, (region, measure) in enumerate(REGIONS.items()):
        axes = sheet.axes(left + place * (width + gap), 0.25, width, height - 0.75)
        keep = _whom(region)
        one = next(iter(methods.records.values()))
        values = {TRUTH: _values(one, f"mean_{measure}_real", rows, keep)}
        values |= {short(name): _values(each, f"mean_{measure}", rows, keep) for name, each in methods.records.items()}
        axes.set_title(f"{region} (n = {len(values[TRUTH])})", loc="left", pad=3)
        if not len(values[TRUTH]):
            axes.set_axis_off()
            continue
        boxes(axes, values, (TRUE_COLOUR, *PALETTE[:1] * len(methods.records)))
        axes.axvline(float(np.median(values[TRUTH])), color=FAINT, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0)
        axes.set_xlabel("mean DVR")
        axes.locator_params(axis="x", nbins=4)
        if place:
            axes.set_yticklabels([])
    return sheet


def agreement_of_means(records: Records) -> Sheet:
    """Figure 3.7: Bland-Altman of mean DVR in white matter and in lesions, by method."""
    methods, rows = _with_means(records, "wei-3.7")
    across = min(ACROSS, len(methods.records))
    lines = -(-len(methods.records) // across)
    block = 0.3 + lines * (PANEL_IN + 0.5)
    sheet = Sheet(
        2 * block + 0.25,
        "Agreement of mean DVR with true PET",
        source_of(methods),
        f"""After figure 3.7 of Wei's thesis: synthesised less true mean DVR of each scan over the mean of both, of the
        {len(rows)} held-out scans that all methods were measured on. Line: bias; dashed: limits within which 95% of
        differences lie; bands: their 95% intervals; dotted: 0. Panels of a region share their axes. Where points
        fall from left to right, differences between people are lost, and where they rise, exaggerated. {REPEATED}
        {methods.said}{REFERENCE}""",
    )
    scatter_key(sheet.axes(0.4, 0, BODY_IN - 0.4, 0.2), GROUP_COLOURS)
    width = (BODY_IN - 0.45 - (across - 1) * 0.2) / across
    for part, (title, measure, shown) in enumerate(AGREEING):
        above = 0.25 + part * block
        sheet.text(0, above, title, fontsize=8.5, fontweight="bold")
        drawn = []
        for place, (name, record) in enumerate(methods.records.items()):
            line, column = divmod(place, across)
            axes = sheet.axes(
                0.45 + column * (width + 0.2), above + 0.42 + line * (PANEL_IN + 0.5), width, PANEL_IN - 0.1
            )
            pairs = {group: _pairs(record, measure, rows, _class_is(group)) for group in shown}
            made, true = (np.concatenate([each[side] for each in pairs.values()]) for side in (0, 1))
            found = bland_altman(made, true)
            bias, lower, upper = (_as_interval(one) for one in (found.bias, found.lower_limit, found.upper_limit))
            groups = {group: ((one + other) / 2, one - other) for group, (one, other) in pairs.items() if len(one)}
            bland_altman_plot(axes, groups, GROUP_COLOURS, bias, (lower, upper))
            told = "no pair" if found.bias.value is None else f"bias {found.bias.value:+.3f}".replace("-", "−")
            axes.set_title(f"{short(name)}: {told}", loc="left", pad=3)
            if column:
                axes.set_yticklabels([])
            else:
                axes.set_ylabel("difference, DVR")
            if line == lines - 1 or place + across >= len(methods.records):
                axes.set_xlabel("mean of both, DVR", labelpad=1)
            drawn.append(axes)
        for low, high, change in (
            (min(axes.get_xlim()[0] for axes in drawn), max(axes.get_xlim()[1] for axes in drawn), "set_xlim"),
            (min(axes.get_ylim()[0] for axes in drawn), max(axes.get_ylim()[1] for axes in drawn), "set_ylim"),
        ):
            for axes in drawn:
                getattr(axes, change)(low, high)
    return sheet


def _with_means(records: Records, figure: str) -> tuple[Methods, set[int]]:
    """Return the methods of chapter 3 whose records hold means of regions, and the scans that all were measured on."""
    holding = [one for one in records if len(one.values("mean_white")) and len(one.values("mean_white_real"))]
    methods = methods_at_hand(holding, among(of_pet(), CHAPTER_3), PET, figure)
    return methods, methods.rows(figure)


def _class_is(group: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda scan: (scan["class"] == CONTROLS) == (group == "controls")


def _whom(region: str) -> Callable[[Mapping[str, Any]], bool]:
    return _class_is("controls" if region.endswith("controls") else "patients")


def _values(
    record: CrossValidation, measure: str, rows: set[int], keep: Callable[[Mapping[str, Any]], bool] = lambda _: True
) -> FloatArray:
    """Return a measure of the scans that are kept, where it is defined."""
    known = (scan.get(measure) for scan in record.scans() if scan["row"] in rows and keep(scan))
    return np.array([value for value in known if value is not None], np.float64)


def _pairs(
    record: CrossValidation, measure: str, rows: set[int], keep: Callable[[Mapping[str, Any]], bool]
) -> tuple[FloatArray, FloatArray]:
    """Return synthesised and true mean DVR of the scans that have both."""
    both = [
        (scan.get(f"mean_{measure}"), scan.get(f"mean_{measure}_real"))
        for scan in record.scans()
        if scan["row"] in rows and keep(scan)
    ]
    known = np.array([pair for pair in both if None not in pair], np.float64).reshape(-1, 2)
    return known[:, 0], known[:, 1]


def _interval(values: FloatArray) -> tuple[float, float, float]:
    """Return the mean of some values with its 95% interval by Student's t; without width where there is one value."""
    from scipy import stats

    mean = float(values.mean())
    if len(values) < 2:
        return mean, mean, mean
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return mean, mean - half, mean + half


def _as_interval(estimate: Any) -> Interval:
    return estimate.value, estimate.low, estimate.high
