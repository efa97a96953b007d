"""`brainlab myelin`: demyelinated voxels of lesions, their change between visits, and how it relates to EDSS."""

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from brainlab.cli.common.progress import progress
from brainlab.counted import counted

SHORT = {
    "demyelinated_t0": "bare t0",
    "demyelinated_t1": "bare t1",
    "global_change": "change",
    "dynamic_demyelination": "demyel.",
    "dynamic_remyelination": "remyel.",
    "lesion_dvr_t0": "lesion",
    "white_dvr_t0": "white",
}
"""Heads of the columns of figures, which the lines above them explain."""

PET = {"true": "true PET", "synthesised": "synthesised PET", "calibrated": "synthesised PET, calibrated on true PET"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prepared",
        type=Path,
        help="a prepared dataset of recipe pet-synthesis with segmentations",
    )
    parser.add_argument(
        "--synthesised",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="synthesised DVR on the same grid, a NIfTI a visit named PARTICIPANT_SESSION.nii.gz as in scans.tsv, such "
        "as sub-01_ses-02.nii.gz or sub-01_ses-02_DVR.nii.gz; its figures stand beside the true ones, and EDSS is also "
        "regressed on its indices calibrated on the true ones",
    )
    parser.add_argument(
        "--clinical",
        type=Path,
        metavar="TABLE",
        help="EDSS of the visits: a TSV or CSV with columns participant, session and edss, or a BIDS dataset with "
        "sub-*/sub-*_sessions.tsv (default: the column edss of scans.tsv)",
    )
    parser.add_argument(
        "--controls",
        metavar="CLASS",
        default="healthy",
        help="class that normal myelin is learnt from (default: healthy)",
    )
    parser.add_argument(
        "--log-load",
        action="store_true",
        help="take the logarithm of the lesion load as a covariate, on which simulated EDSS depends; the thesis takes "
        "the load as it is",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="also keep the report there, as myelin.json, for tables and figures; it names patients as scans.tsv does",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.myelin.report import REPORT, myelin_report
    from brainlab.files.whole import write_whole

    result = myelin_report(
        args.prepared,
        synthesised=args.synthesised,
        clinical=args.clinical,
        controls=args.controls,
        log_load=args.log_load,
        track=progress,
    )
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        write_whole(args.out / REPORT, json.dumps(result, indent=1, allow_nan=False) + "\n")
    written = {"file": str(args.out / REPORT)} if args.out else {}
    return {**result, **written, "lines": [*_lines(result), *written.values()]}


def _lines(result: Mapping[str, Any]) -> list[str]:
    """Return what a person wants to read: who was measured, each patient, each class, and the regressions."""
    from brainlab.myelin.indices import INDICES

    controls, patients = result["controls"], result["patients"]
    mark = "SIMULATED " if result["simulated"] else ""
    lines = [
        f"{counted(len(patients), f'{mark}patient')}; normal myelin from {counted(controls['people'], 'control')} "
        f"({controls['class']})",
        *(f"{SHORT[name]:>9}  {meaning}" for name, meaning in INDICES.items()),
        "   lesion  mean DVR of lesions at baseline; white: of normal-appearing white matter",
        "",
        _row("patient", "", SHORT.values()),
    ]
    sources = [name for name in ("true", "synthesised") if name in patients[0]]
    for patient in patients:
        for source in sources:
            values = (_figure(patient[source][name]["value"]) for name in SHORT)
            lines.append(_row(patient["participant"], source, values))
    lines += ["", _row("class, mean (sd)", "", SHORT.values())]
    for name, group in result["groups"].items():
        for source in sources:
            n = max(one["n"] for one in group[source].values())
            lines.append(_row(f"{name} (n={n})", source, (_figure(group[source][key]["mean"]) for key in SHORT)))
            lines.append(_row("", "", (f"({_figure(group[source][key]['sd'])})" for key in SHORT)))
    for source, regressions in result["regression"].items():
        for name, regression in regressions.items():
            lines += ["", f"EDSS on {name} of {PET[source]}", *_regression(regression)]
    if "dice" in result:
        lines += ["", "Dice of true and synthesised maps, mean (sd)"]
        lines += [
            f"{name:>24}  {_figure(one['mean'])} ({_figure(one['sd'])}), n={one['n']}"
            for name, one in result["dice"].items()
        ]
        lines += ["", "synthesised less true: bias, and limits of agreement (each with its 95% interval)"]
        for name, one in result["bland_altman"].items():
            lines.append(
                f"{name:>24}  " + "  ".join(_estimate(one[key]) for key in ("bias", "lower_limit", "upper_limit"))
            )
    lines += [f"left out  {one['participant']}: {one['reason']}" for one in result["left_out"]]
    return lines + [f"warning: {text}" for text in result["warnings"]]


def _row(name: str, source: str, cells: Iterable[str]) -> str:
    return f"{name:24} {source:12}" + "".join(f"{cell:>9}" for cell in cells)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _estimate(estimate: Mapping[str, Any]) -> str:
    if estimate["low"] is None:
        return f"{_figure(estimate['value'])} (no interval)"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def _regression(regression: Mapping[str, Any]) -> list[str]:
    """Return the table of one regression, or why there is none."""
    if "reason" in regression:
        return [f"  none: {regression['reason']}"]
    lines = [f"  {'term':24}{'coefficient':>12}{'se':>9}{'t':>8}{'p':>8}{'beta':>8}  95% interval"]
    for term in regression["terms"]:
        beta = "" if term["standardised_beta"] is None else f"{term['standardised_beta']:.3f}"
        lines.append(
            f"  {term['name']:24}{term['coefficient']:>12.4g}{term['standard_error']:>9.3g}{term['t']:>8.2f}"
            f"{term['p']:>8.3f}{beta:>8}  {term['low']:.4g} to {term['high']:.4g}"
        )
    missing = ", ".join(f"{name} of {number}" for name, number in regression["missing"].items())
    gone = f"; {regression['left_out']} left out (missing: {missing})" if missing else ""
    lines.append(f"  n = {regression['n']}, R squared {regression['r_squared']:.3f}{gone}")
    if "slope" in regression:
        lines.append(
            f"  the true index rises by {regression['slope']:.3f} for 1 of the synthesised, which explains "
            f"{regression['partial_r_squared']:.0%} of it beyond the covariates; all others calibrate each person"
        )
    return lines
