"""How a study went, from its own record, and the methods text made of it."""

import json

from brainlab.reading.desk import lifecycle
from brainlab.reading.report.conduct import study_conduct
from brainlab.reading.report.methods import methods
from brainlab.reading.report.study_report import study_report

NOTHING_FOUND = {
    "learning": {},
    "pace": {},
    "between_rounds": [],
    "paired": {"sources": [], "conditions": [], "machines": []},
    "conditions": [],
    "machine_readers": [],
}
"""What `methods` looks at of figures without a trend, a second reading or a comparison."""


def read_with_incidents(study) -> None:
    """A reads with a pause, an answer taken back and a second tab; B stops after seven cases; C withdraws."""
    session = study.enter("A")
    detail = {"sees_all_greys": True, "width": 1280, "height": 900, "pixel_ratio": 2, "browser": "Secret/1.0"}
    session.record_event("display_checked", {"width": "<b>", "pixel_ratio": "two", "sees_all_greys": None})
    session.record_event("display_checked", detail)
    for number in range(5):
        case = session.current()
        session.answer(case.id, "real", confidence=2, idempotency_key=case.answer_key, active_ms=500)
        if number == 3:
            session.undo()
    session.record_event("paused")
    session.record_event("resumed")
    other = study.enter("A", tab="a second tab, another day", takeover=True)
    while case := other.current():
        other.answer(case.id, study.truth_of(other, case.id), confidence=4, idempotency_key=case.answer_key)
    session = study.enter("B")
    for _ in range(7):
        case = session.current()
        session.answer(case.id, "fake", confidence=1, idempotency_key=case.answer_key)


def test_the_record_counts_what_happened(make_study, make_protocol):
    readers = (*make_protocol().readers, type(make_protocol().readers[0])(code="C"))
    study = make_study(readers=readers)
    read_with_incidents(study)
    lifecycle.withdraw_reader(study.folder, "C")
    conduct = study_conduct(study.folder)
    json.dumps(conduct, allow_nan=False)
    first, second = conduct["readings"]
    assert (first["reader"], first["pauses"], first["takeovers"], first["undone"], first["sessions"]) == (
        "A",
        1,
        1,
        1,
        2,
    )
    assert (first["total"], first["missing"]) == (20, 0)
    assert 13 <= second["missing"] <= 15
    assert first["finished_at"]
    assert second["finished_at"] is None
    nothing, seen = first["display"]
    assert set(nothing.values()) == {None}
    assert [seen] == [
        {"sees_all_greys": True, "width": 1280, "height": 900, "pixel_ratio": 2}
        | dict.fromkeys(("screen_width", "screen_height"))
    ]
    assert conduct["withdrawn"] == 1
    assert "Secret" not in json.dumps(conduct)


def test_methods_tell_it_in_the_order_of_the_guideline(make_study, make_protocol):
    study = make_study()
    read_with_incidents(study)
    lifecycle.close(study.folder, "enough answers")
    lifecycle.unblind(study.folder, "Dr Example")
    report = study_report(study.folder)
    sections = {section["heading"]: " ".join(section["lines"]) for section in report["method_sections"]}
    assert list(sections) == [
        "Readers",
        "Cases and how they were sampled",
        "Rating process",
        "Blinding and independence",
        "Order, repeats and second reading",
        "Displays",
        "Deviations and missing answers",
        "Record",
        "Statistical analysis",
    ]
    assert "Experience: A, 7 years; B, not reported." in sections["Readers"]
    assert "10 real (people), 10 fake (machine)" in sections["Cases and how they were sampled"]
    assert "2 hidden repeats" in sections["Order, repeats and second reading"]
    assert "all grey steps visible in 1 of 1 check; browser window 1280 x 900 at pixel ratio 2" in sections["Displays"]
    deviations = sections["Deviations and missing answers"]
    assert "0 of 20 answers missing; 2 browser tabs, 1 pause, 1 change of tab, 1 answer undone" in deviations
    missing = report["conduct"]["readings"][1]["missing"]
    assert (
        f"B, reading 1 ({report['conduct']['readings'][1]['started_at'][:10]}, not finished): {missing} of 20"
        in deviations
    )
    assert "(enough answers)" in sections["Record"]
    assert "by Dr Example" in sections["Record"]
    assert study_conduct(study.folder)["protocol_sha256"] in sections["Record"]
    assert report["methods"] == [line for section in report["method_sections"] for line in section["lines"]]


def test_an_overridden_probe_is_owned_up_to(make_protocol):
    probe = {"auc": 0.71, "limit": 0.6, "real": 200, "fake": 200, "passed": False, "judged": True}
    probe["suspects"] = ["border"]
    conduct = {
        "checks": {"probe": probe, "override": "a border of one pixel"},
        "readings": [],
        "history": [],
        "withdrawn": 2,
        "protocol_sha256": None,
    }
    figures = NOTHING_FOUND | {"readers": ["A", "B"], "cases": 20, "answers": 40}
    sections = dict(methods(figures, make_protocol(), conduct))
    blinding = " ".join(sections["Blinding and independence"])
    assert "AUC 0.71, limit 0.60) by border" in blinding
    assert "locked regardless, reason: a border of one pixel." in blinding
    assert "2 further readers withdrew" in " ".join(sections["Readers"])


def test_people_of_the_real_cases_are_told_and_that_cases_of_one_person_are_not_independent(make_protocol):
    figures = NOTHING_FOUND | {"readers": ["A"], "cases": 20, "answers": 20}
    conduct = {"readings": [], "history": [], "withdrawn": 0, "protocol_sha256": None}

    def told(people):
        sources = [{"name": "people", "truth": "real", "n": 10, "noun": "slice", "people": people, "images": None}]
        checks = {"sources": sources}
        if people:
            checks["people"] = {"cases": 10, "known": 10, "people": people}
        return " ".join(
            line for _, lines in methods(figures, make_protocol(), conduct | {"checks": checks}) for line in lines
        )

    clustered = "treat cases as independent and may be too narrow."
    assert "Real cases were 10 slices of 4 people (people)." in told(4)
    assert clustered in told(4)
    assert "Real cases were 10 slices of 10 people (people)." in told(10)
    assert clustered not in told(10)
    assert clustered not in told(None)
    assert "Real cases were" not in str(methods(figures, make_protocol()))


def test_the_washout_is_told_as_it_was_kept(make_study):
    study = make_study(rounds=2, washout_weeks=0)
    for _ in range(2):
        session = study.enter("A", takeover=True)
        while session.state in ("practice", "main", "break"):
            if session.state == "break":
                session.record_event("break_done")
            case = session.current()
            session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
    first, second, *_ = study_conduct(study.folder)["readings"]
    assert first["days_since_last"] is None
    assert 0 <= second["days_since_last"] < 1
    protocol = lifecycle.load_protocol(study.folder)
    figures = NOTHING_FOUND | {"readers": ["A", "B"], "cases": 20, "answers": 40}
    said = " ".join(dict(methods(figures, protocol, study_conduct(study.folder)))["Order, repeats and second reading"])
    assert f"Reading 2 of A began 0 days after the previous one ({second['started_at'][:10]}" in said
    assert "Reading 2 of B was not started." in said
