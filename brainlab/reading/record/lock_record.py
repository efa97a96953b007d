"""What was found when a study was locked, in sentences: for the desk, the command line and the report.

`checks` is what `desk.lock_checks` returns: `probe` (`blinding.Probe`), `override`, one entry a source in
`sources`, `training` (closeness of fakes to training scans) and `spectrum`, and one a study that shows some of the same
images in `recurring`; a study of an earlier version has fewer.
"""

from collections.abc import Mapping
from typing import Any

WANTED_IMAGES = 200


def lock_warnings(checks: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the report has to know before believing it."""
    probe = checks.get("probe") or {}
    lines = []
    if probe and not probe["passed"]:
        names = ", ".join(name.replace("_", " ") for name in probe["suspects"]) or "a mixture of features"
        lines.append(
            f"Rendering alone told real from fake (AUC {probe['auc']:.2f}, at most {probe['limit']:.2f} is allowed) by "
            f"{names}; the study was locked in spite of this because: {checks.get('override') or 'no reason given'}."
        )
    elif probe and not probe["judged"]:
        lines.append(f"Whether rendering tells real from fake was not judged: {_images(probe)} are too few.")
    elif probe and min(probe["real"], probe["fake"]) < WANTED_IMAGES:
        lines.append(
            f"Whether rendering tells real from fake was judged on {_images(probe)} instead of {WANTED_IMAGES} each; "
            f"up to an AUC of {probe['limit']:.2f} nothing could be told from chance."
        )
    lines += [f"{entry['name']}: {gap}." for entry in checks.get("sources", ()) for gap in entry.get("gaps", ())]
    lines += [
        f"{entry['share_copies']:.0%} of the {entry['n']} fakes of {entry['name']} look like copies of training scans: "
        "nearer to one than 99% of held-out scans are, and far from everybody else's."
        for entry in checks.get("training", ())
        if entry["warned"]
    ]
    lines += [
        f"The fakes of {entry['name']} differ from real images in their spectrum by {entry['distance_db']:.1f} dB "
        f"(chance reaches {entry['chance_db']:.1f} dB); readers may see it as blur or as a pattern."
        for entry in checks.get("spectrum", ())
        if entry["warned"]
    ]
    lines += [
        f"{entry['images']} of its images are in study {entry['study']} too: whoever compares the pixels of both knows "
        "that no run made them, for no run draws an image twice."
        for entry in checks.get("recurring", ())
    ]
    return lines


def lock_findings(checks: Mapping[str, Any]) -> list[str]:
    """Return what was looked at and found in order, or could not be looked at."""
    probe = checks.get("probe") or {}
    lines = []
    if probe and probe["judged"] and probe["passed"]:
        lines.append(
            f"A classifier that sees background, border, grey levels, repeated pixels and file length alone tells real "
            f"from fake with an AUC of {probe['auc']:.2f} ({_images(probe)}; more than {probe['limit']:.2f} would have "
            "refused the lock)."
        )
    for entry in checks.get("training", ()):
        if not entry["checked"]:
            lines.append(
                f"Whether fakes of {entry['name']} are copies of training scans was not checked: {entry['reason']}."
            )
        else:
            lines.append(
                f"Of the {entry['n']} fakes of {entry['name']}, {entry['share_closer']:.0%} are nearer to one of "
                f"{entry['training_scans']} training scans (the run saw {entry['training_scans_total']}) than 99% of "
                f"held-out scans are, which blur alone can do, and {entry['share_copies']:.0%} look like copies."
            )
    lines += [
        f"The fakes of {entry['name']} differ in their spectrum from real images no more than chance does "
        f"({entry['distance_db']:.1f} dB)."
        for entry in checks.get("spectrum", ())
        if not entry["warned"]
    ]
    return lines


def _images(probe: Mapping[str, Any]) -> str:
    return f"{probe['real']} real and {probe['fake']} fake images"
