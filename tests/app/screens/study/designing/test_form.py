"""The form of a design: whatever is set in it is in the protocol, and what a protocol holds comes back from it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.data import resources
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.allocation import Allocation
from brainlab.reading.protocol.design import PAIR_INSTRUCTIONS, Protocol, Reader, Source
from brainlab.reading.protocol.harmonisation import Harmonisation
from brainlab.reading.protocol.questions import VERDICT, Question
from tests.app.screens.study.test_study_desk import metrics, open_desk, press


def created(page: AppTest, studies: Path) -> Protocol:
    """Create the study that the form shows and return its protocol."""
    before = {status.study for status in lifecycle.list_studies()}
    press(page, "Create the study")
    (study,) = {status.study for status in lifecycle.list_studies()} - before
    return lifecycle.load_protocol(studies / study)


def test_the_form_writes_questions_of_every_kind(studies):
    page = open_desk()
    for number, kind in enumerate(("scale", "place", "text", "choice")):
        press(page, "Add a question")
        page.selectbox(key=f"New design-question-{number}-kind").set_value(kind).run()
        page.text_input(key=f"New design-question-{number}-text").set_value(f"A {kind}?").run()
    page.number_input(key="New design-question-0-low").set_value(0)
    page.number_input(key="New design-question-0-high").set_value(10)
    page.text_input(key="New design-question-0-low-word").set_value("none")
    page.text_input(key="New design-question-0-high-word").set_value("all")
    page.text_area(key="New design-question-3-options").set_value("one\n two, or more \n\nthree")
    page.toggle(key="New design-question-1-required").set_value(True)
    page.run()
    page.button(key="New design-remove-2").click().run()
    verdict, scale, place, choice = created(page, studies).questions
    assert verdict == VERDICT
    assert (scale.kind, scale.options, scale.low, scale.high, scale.required) == (
        "scale",
        ("none", "all"),
        0,
        10,
        False,
    )
    assert (place.kind, place.text, place.required) == ("place", "A place?", True)
    assert choice.options == ("one", "two, or more", "three")


def test_pairs_come_with_instructions_of_their_own_and_need_as_many_of_both(studies):
    page = open_desk()
    page.segmented_control(key="New design-first").set_value("Which of two is real?").run()
    assert metrics(page)["Pairs"] == "10"
    cohort = next(box for box in page.number_input if "-n-cohort-" in str(box.key))
    cohort.set_value(7).run()
    assert "as many real as fake" in page.warning[0].value
    next(box for box in page.number_input if box.key == cohort.key).set_value(10).run()
    protocol = created(page, studies)
    assert protocol.grouped
    assert protocol.instructions == PAIR_INSTRUCTIONS


@pytest.mark.parametrize("asked", ["Which one is real?", "Which one is fake?"])
def test_choosing_quartets_gives_a_design_that_can_be_made_at_once(studies, asked):
    page = open_desk()
    page.segmented_control(key="New design-first").set_value(asked).run()
    assert not page.warning
    assert metrics(page)["Cases of 4 images"] == "10"
    assert created(page, studies).cases == 10


def test_the_form_leaves_a_whole_protocol_as_it_is(studies, monkeypatch):
    cohort, run = (next(iter(found)) for found in (resources.cohorts(), resources.runs()))
    protocol = Protocol(
        title="All of it",
        sources=(
            Source(kind="cohort", name=cohort, n=3),
            Source(kind="run", name=run, n=2, truncation=0.7),
            Source(kind="folder", name="/data/theirs", n=2, label="fake"),
        ),
        readers=(Reader(code="X", experience_years=7), Reader(code="Y"), Reader(code="Z")),
        reader_title="Look",
        instructions="Look well.",
        consent="Yes.",
        stimulus="volume",
        plane="coronal",
        slice_range=(0.2, 0.9),
        questions=(
            Question(key="seen", kind="choice", text="What?", options=("a, b", "c")),
            Question(key="mark", kind="place", text="Where?", required=False),
            Question(key="much", kind="scale", text="How much?", low=0, high=7),
        ),
        confidence=False,
        cue=True,
        window="adjustable",
        window_low=0.1,
        window_high=0.9,
        background_floor=0.05,
        interpolation="nearest",
        magnification=3,
        repeats_share=0.25,
        practice=2,
        practice_feedback=True,
        time_cap_s=30,
        rest_break_every=9,
        seed=5,
        dark_pause_s=0.5,
        allocation=Allocation(anchors=1, readings=2),
        harmonisation=Harmonisation(size=96, fit="centre", reencode_jpeg=60),
        rounds=2,
        washout_weeks=2,
        equivalence_margin=0.15,
    )
    study = lifecycle.create_study(protocol)
    monkeypatch.setattr("brainlab.experiments.studies.locking.open_sources", lambda protocol: [])
    page = open_desk()
    page.segmented_control(key="desk-preset").set_value("An existing study").run()
    assert not page.exception
    assert not page.warning
    assert page.selectbox(key="desk-copy").value == study
    copied = created(page, studies)
    assert copied.seed != protocol.seed
    assert copied == protocol.again(copied.seed)


def test_a_file_is_a_start_and_a_bad_one_is_one_line(studies):
    page = open_desk()
    page.segmented_control(key="desk-preset").set_value("A file").run()
    assert not page.exception
    assert not [button for button in page.button if button.label == "Create the study"]
    text = Protocol(
        title="From a file", sources=(Source(kind="cohort", name="simulated", n=4),), readers=(Reader(code="R1"),)
    ).to_json()
    page.file_uploader(key="desk-file").upload("protocol.json", text.encode(), "application/json").run()
    assert page.text_input[0].value == "From a file"
    page.file_uploader(key="desk-file").upload("protocol.json", b'{"title": 3}', "application/json").run()
    assert len(page.error) == 1
    assert "\n" not in page.error[0].value
