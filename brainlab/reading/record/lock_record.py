"""What was found when a study was locked, in sentences: for the desk, the command line and the report.

`checks` is what `desk.lock_checks` returns: `probe` (`blinding.Probe`), `override`, one entry a source in `sources`
(`describe_sources`), `people` (`people_in_all`), `training` (closeness of fakes to training scans) and `spectrum`, one
a study that shows some of the same images in `recurring`, `jpeg` (`jpeg_record`) and `harmonised`
(`harmonised_record`); a study of an earlier version has fewer.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from brainlab.counted import counted, noun

WANTED_IMAGES = 200


def lock_warnings(checks: Mapping[str, Any]) -> list[str]:
    """Return the warnings that the report shows beside its results."""
    probe = checks.get("probe") or {}
    lines = []
    if probe and not probe["passed"]:
        names = ", ".join(name.replace("_", " ") for name in probe["suspects"]) or "a mixture of features"
        lines.append(
            f"Rendering alone distinguished real from fake (AUC {probe['auc']:.2f}, limit {probe['limit']:.2f}) by "
            f"{names}; the study was locked regardless, reason: {checks.get('override') or 'none given'}."
        )
    elif probe and not probe["judged"]:
        lines.append(f"The blinding check of the rendering was not possible: {_images(probe)} are too few.")
    elif probe and min(probe["real"], probe["fake"]) < WANTED_IMAGES:
        lines.append(
            f"The blinding check of the rendering used {_images(probe)} instead of {WANTED_IMAGES} each, so an AUC up "
            f"to {probe['limit']:.2f} could not be distinguished from chance."
        )
    lines += mixed_sources(checks.get("sources", ()))
    lines += [f"{entry['name']}: {gap}." for entry in checks.get("sources", ()) for gap in entry.get("gaps", ())]
    lines += [
        f"{entry['share_copies']:.0%} of the {counted(entry['n'], 'fake')} of {entry['name']} look like copies of "
        "training scans: "
        "nearer to one than 99% of held-out scans, and far from scans of all other participants."
        for entry in checks.get("training", ())
        if entry["warned"]
    ]
    lines += [
        f"The fakes of {entry['name']} differ from real images in their spectrum by {entry['distance_db']:.1f} dB "
        f"(up to {entry['chance_db']:.1f} dB are expected by chance); readers may notice blur or a pattern."
        for entry in checks.get("spectrum", ())
        if entry["warned"]
    ]
    lines += [
        f"{entry['images']} of its images also {noun(entry['images'], 'occurs', 'occur')} in study {entry['study']}: "
        "comparing pixels reveals that no run "
        "generated them, because samples never recur."
        for entry in checks.get("recurring", ())
    ]
    return lines


def lock_findings(checks: Mapping[str, Any]) -> list[str]:
    """Return the checks that were passed or could not be made."""
    probe = checks.get("probe") or {}
    lines = []
    if probe and probe["judged"] and probe["passed"]:
        judged = ["background", "border", "grey levels", "repeated pixels", "file length"]
        judged += ["traces of JPEG"] if checks.get("jpeg") else []  # earlier versions did not look for them
        lines.append(
            f"A classifier of {', '.join(judged[:-1])} and {judged[-1]} alone distinguishes "
            f"real from fake with an AUC of {probe['auc']:.2f} ({_images(probe)}; the limit for locking is "
            f"{probe['limit']:.2f})."
        )
    for entry in checks.get("training", ()):
        if not entry["checked"]:
            lines.append(f"Fakes of {entry['name']} were not checked for copies of training scans: {entry['reason']}.")
        else:
            lines.append(
                f"Of the {counted(entry['n'], 'fake')} of {entry['name']}, {entry['share_closer']:.0%} are nearer "
                f"to one of {counted(entry['training_scans'], 'training scan')} (of {entry['training_scans_total']} "
                "in all) than 99% of "
                f"held-out scans are, which blur alone can cause, and {entry['share_copies']:.0%} look like copies."
            )
    lines += [
        f"The spectrum of the fakes of {entry['name']} differs from that of real images by no more than chance "
        f"({entry['distance_db']:.1f} dB)."
        for entry in checks.get("spectrum", ())
        if not entry["warned"]
    ]
    lines += [f"{line}." for line in jpeg_in_words(checks.get("jpeg", ()))]
    return [*lines, *made_alike(checks)]


def jpeg_in_words(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line a source of which some images seem to have been saved as JPEG at some time."""
    return [
        f"{entry['jpeg']} of {counted(entry['images'], 'image')} of {entry['name']} "
        f"{noun(entry['jpeg'], 'shows', 'show')} traces of JPEG, as of quality {entry['quality']}"
        for entry in entries
        if entry["jpeg"]
    ]


def made_alike(checks: Mapping[str, Any]) -> list[str]:
    """Return how images were made alike, and what those of each source came as; empty where they were not."""
    found = checks.get("harmonised")
    return [*found["done"], *map(_came_as, found["sources"])] if found else []


def _came_as(entry: Mapping[str, Any]) -> str:
    sizes = sorted(entry["sizes"], key=lambda size: math.prod(map(int, size.split(" x "))))
    size = sizes[0] if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    formats = ", ".join(f"{count} {name}" for name, count in sorted(entry["formats"].items()))
    values = " with values from {:g} to {:g}".format(*entry["values"]) if entry["values"] else ""
    low, high = (f"{value:.2f}" for value in entry["reduced"])
    scale = low if low == high else f"{low} to {high}"
    pixels = "pixels" if sizes[0].count("x") == 1 else "voxels"
    return (
        f"The {counted(entry['n'], 'image')} of {entry['name']} came in {size} {pixels}"
        + (f" ({formats})" if formats else "")
        + f"{values}; {scale} of their {pixels} to one along each side."
    )


def mixed_sources(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line where sources hold images of several sequences or recipes: readers can know a source by those."""
    kinds: dict[str, list[str]] = {}
    for entry in sources:
        if images := entry.get("images"):
            kinds.setdefault(images, []).append(entry["name"])
    named = "; ".join(f"{images} ({', '.join(names)})" for images, names in kinds.items())
    return (
        [f"The sources hold different kinds of images, which can unblind readers: {named}."] if len(kinds) > 1 else []
    )


def people_of_sources(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return of how many people the cases of each real source are, such as '50 slices of 32 people (simulated-dwi)'.

    Empty for a study that was locked by an earlier version.
    """
    return [
        f"{counted(entry['n'], entry['noun'])} of "
        + ("unknown people" if entry["people"] is None else counted(entry["people"], "person", "people"))
        + f" ({entry['name']})"
        for entry in sources
        if entry.get("truth") == "real"
    ]


def dependence(checks: Mapping[str, Any]) -> str:
    """Say that some cases are of one person, or may be, so that they are not independent; empty where none are.

    People are counted over all sources together, for one may be in several.
    """
    if not (found := checks.get("people")):
        return ""  # locked by an earlier version
    if found["people"] < found["known"]:
        return (
            "Several cases are of one person and therefore not independent; all intervals treat cases as independent "
            "and may be too narrow."
        )
    if found["known"] < found["cases"]:
        return (
            f"Of {counted(found['cases'] - found['known'], 'real case')} it is not known whether several are of one "
            "person; all intervals treat cases as independent, and would be too narrow if so."
        )
    return ""


def _images(probe: Mapping[str, Any]) -> str:
    return f"{probe['real']} real and {probe['fake']} fake images"
