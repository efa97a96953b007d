"""What is said of the sources of a study: people, and images of different kinds."""

from brainlab.reading.record.lock_record import (
    dependence,
    lock_findings,
    lock_warnings,
    mixed_sources,
    people_of_sources,
)

DWI, T1W = "dwi images of the recipe dwi-slices-128", "T1w images of the recipe ixi-slices-128"


def source(name, images=DWI, truth="fake", people=None, n=50):
    return {"name": name, "truth": truth, "n": n, "noun": "slice", "people": people, "images": images}


REAL = source("simulated-dwi", truth="real", people=32)


def test_real_cases_come_with_their_people():
    assert people_of_sources([REAL, source("dwi-vae")]) == ["50 slices of 32 people (simulated-dwi)"]
    one = source("pilot", truth="real", people=1, n=1)
    folder = source("/data/scans", None, "real", n=2)
    assert people_of_sources([one, folder]) == [
        "1 slice of 1 person (pilot)",
        "2 slices of unknown people (/data/scans)",
    ]


def test_a_study_of_an_earlier_version_says_nothing_of_people():
    earlier = [{"name": "people", "kind": "cohort", "n": 50, "gaps": []}]
    assert people_of_sources(earlier) == mixed_sources(earlier) == []
    assert dependence({"sources": earlier}) == ""


def test_cases_are_independent_where_each_is_of_a_person_of_its_own():
    def said(cases, known, people):
        return dependence({"people": {"cases": cases, "known": known, "people": people}})

    assert said(50, 50, 50) == ""
    assert said(50, 50, 49).startswith("Several cases are of one person")
    assert said(50, 40, 39).startswith("Several cases are of one person")
    assert said(51, 50, 50).startswith("Of 1 real case it is not known whether")


def test_images_of_another_sequence_or_recipe_are_warned_of_in_one_line():
    (line,) = mixed_sources([REAL, source("dwi-vae"), source("flow", T1W), source("/data/theirs", None)])
    assert line == (
        "The sources hold different kinds of images, which can unblind readers: "
        f"{DWI} (simulated-dwi, dwi-vae); {T1W} (flow)."
    )
    assert lock_warnings({"sources": [REAL, source("flow", T1W)]}) == mixed_sources([REAL, source("flow", T1W)])


def test_images_of_one_kind_and_files_that_do_not_say_are_not_warned_of():
    assert mixed_sources([REAL, source("dwi-vae"), source("/data/theirs", None)]) == []


PROBE = {"passed": True, "judged": True, "auc": 0.5, "limit": 0.6, "real": 200, "fake": 200, "suspects": []}
ALIKE = {
    "size": 80,
    "done": ["All images were resampled."],
    "sources": [
        {
            "name": "theirs",
            "n": 3,
            "sizes": {"128 x 128": 1, "96 x 200": 1, "64 x 64": 1},
            "formats": {"PNG of 8 bits": 2, "DICOM": 1},
            "values": [-100.0, 2900.0],
            "reduced": [1.25, 2.5],
        },
        {"name": "ours", "n": 1, "sizes": {"9 x 9 x 9": 1}, "formats": {}, "values": None, "reduced": [1.5, 1.5]},
    ],
}


def test_what_was_done_to_images_and_what_they_came_as_is_told_by_source():
    assert lock_findings({"harmonised": ALIKE}) == [
        "All images were resampled.",
        "The 3 images of theirs came in 64 x 64 to 96 x 200 pixels (1 DICOM, 2 PNG of 8 bits) with values from -100 to "
        "2900; 1.25 to 2.50 of their pixels to one along each side.",
        "The 1 image of ours came in 9 x 9 x 9 voxels; 1.50 of their voxels to one along each side.",
    ]
    assert lock_findings({"harmonised": None}) == []


def test_jpeg_is_told_of_the_sources_that_it_was_found_in():
    entries = [
        {"name": "theirs", "images": 200, "jpeg": 19, "quality": 90},
        {"name": "ours", "images": 200, "jpeg": 0, "quality": None},
    ]
    assert lock_findings({"jpeg": entries}) == ["19 of 200 images of theirs show traces of JPEG, as of quality 90."]


def test_a_study_of_an_earlier_version_does_not_claim_to_have_looked_for_jpeg():
    (earlier,) = lock_findings({"probe": PROBE})
    assert "repeated pixels and file length alone" in earlier
    assert "JPEG" not in earlier
    (now,) = lock_findings({"probe": PROBE, "jpeg": [{"name": "a", "images": 9, "jpeg": 0, "quality": None}]})
    assert "file length and traces of JPEG alone" in now
