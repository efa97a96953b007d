"""Six public BIDS trees, whose images are empty files: what is found is what `find` and `awk` count in them.

find TREE -name '*.nii*' | sed -E 's#.*_([A-Za-z0-9]+)[.]nii.*#\\1#' | sort | uniq -c
awk -F'\\t' 'NR > 1 {sum += $3} END {print sum}' ds102/participants.tsv
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from brainlab.cohort.sources.listing import Listing, list_scans

pytestmark = pytest.mark.realdata

COUNTS = {
    "ds004332": {"FLAIR": 6, "T1w": 32, "T2starw": 8, "T2w": 12},
    "ds009": {"T1w": 24, "inplaneT2": 24},
    "ds102": {"T1w": 26},
    "ds114": {"T1w": 20, "dwi": 20},
    "eeg_rest_fmri": {"T1w": 6, "dwi": 6},
    "genetics_ukbb": {"FLAIR": 14, "T1w": 14, "dwi": 14},
}
PEOPLE = {"ds004332": 2, "ds009": 24, "ds102": 26, "ds114": 10, "eeg_rest_fmri": 3, "genetics_ukbb": 14}


def listing(tree: str) -> Listing:
    folder = Path(os.environ.get("BRAINLAB_REALDATA") or "none") / "bids-examples" / tree
    if not folder.is_dir():
        pytest.skip(f"BRAINLAB_REALDATA does not name a folder with bids-examples/{tree}")
    return list_scans(folder)


def oddities(found: Listing) -> dict[str, str]:
    return {note["path"]: note["reason"] for note in found.warnings}


@pytest.mark.parametrize("tree", COUNTS)
def test_every_image_is_found_and_said_to_be_empty(tree: str) -> None:
    found = listing(tree)
    assert Counter(scan["modality"] for scan in found.scans) == COUNTS[tree]
    assert len({scan["participant"] for scan in found.scans}) == PEOPLE[tree]
    assert {item["reason"] for item in found.failed} == {"an empty file (0 bytes); copy or download it again"}
    assert [item["path"] for item in found.failed] == [scan["path"] for scan in found.scans]
    for scan in found.scans:
        assert scan["participant"] == scan["path"].partition("/")[0]


def test_ages_and_sexes() -> None:
    """`awk` sums of the tables: a person in ds009 has two images, in genetics_ukbb three, `89+` counted as 89."""
    ages = {tree: [scan["age_years"] for scan in listing(tree).scans] for tree in ("ds009", "ds102", "genetics_ukbb")}
    sums = {tree: round(sum(values), 2) for tree, values in ages.items()}
    assert sums == {"ds009": 2 * 506, "ds102": 736.78, "genetics_ukbb": 3 * 992}
    sexes = {tree: Counter(scan["sex"] for scan in listing(tree).scans) for tree in ages}
    assert sexes["ds009"] == {"F": 2 * 10, "M": 2 * 14}
    assert sexes["ds102"] == {"F": 1, "M": 16, "O": 9}
    assert sexes["genetics_ukbb"] == {"F": 3 * 6, "M": 3 * 8}
    for tree in ("ds004332", "ds114", "eeg_rest_fmri"):
        assert {(scan["age_years"], scan["sex"]) for scan in listing(tree).scans} == {(None, None)}


def test_sessions_acquisitions_and_what_else_names_tell() -> None:
    sessions = Counter((scan["session"], scan["modality"]) for scan in listing("ds114").scans)
    assert sessions == {(f"ses-{name}", kind): 10 for name in ("test", "retest") for kind in ("T1w", "dwi")}
    eeg = Counter(scan["entities"]["acq"] for scan in listing("eeg_rest_fmri").scans)
    assert eeg == dict.fromkeys(("y224", "y232", "NODDI10DIR", "NODDI33DIR"), 3)
    tasks = Counter(scan["entities"]["task"] for scan in listing("ds004332").scans)
    assert tasks == {"still": 18, "nodding": 32, "shaking": 8}
    classes = Counter(scan["class"] for scan in listing("genetics_ukbb").scans)
    assert classes == {"patient": 3 * 7, "control": 3 * 7}


def test_sidecars_above_the_images_hold() -> None:
    scans = listing("genetics_ukbb").scans
    echoes = {(scan["modality"], scan["echo_time_s"], scan["repetition_time_s"]) for scan in scans}
    assert echoes == {("FLAIR", 0.395, 5), ("T1w", 0.00201, 2), ("dwi", 0.092, 3.6)}
    eeg = {(scan["entities"]["acq"], scan["echo_time_s"]) for scan in listing("eeg_rest_fmri").scans}
    assert eeg == {("y224", 0.494), ("y232", 0.0494), ("NODDI10DIR", 0.098), ("NODDI33DIR", 0.098)}


def test_oddities() -> None:
    assert oddities(listing("ds102")) == oddities(listing("ds114")) == oddities(listing("genetics_ukbb")) == {}
    assert list(oddities(listing("ds004332"))) == ["participants.tsv"]
    (scans,) = oddities(listing("ds009")).values()
    assert scans.startswith("the column 'numtrs' stands twice: not used (so in 23 more files); no row for sub-01_T1w")
    (times,) = oddities(listing("eeg_rest_fmri")).values()
    assert times.startswith("EchoTime is longer than RepetitionTime")
    assert times.endswith("and 3 more)")
