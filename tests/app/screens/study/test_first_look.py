"""A visitor's first look at the study desk: one click to a finished study, one to ten cases."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from brainlab.experiments.studies import demonstration, locking
from brainlab.reading.desk import lifecycle
from brainlab.reading.room.session import ReaderSession

PAGE = Path(__file__).resolve().parents[4] / "pages" / "study_desk.py"


@pytest.fixture
def desk(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Return the desk of a workspace without studies; the probe looks at few images."""
    monkeypatch.setattr("brainlab.reading.desk.lifecycle.studies_folder", lambda: tmp_path)
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)
    monkeypatch.setattr(demonstration, "CASES", 12)
    return AppTest.from_file(str(PAGE), default_timeout=240).run()


def test_one_click_shows_a_finished_study_and_who_read_it(desk: AppTest):
    desk.button(key="desk-demonstration").click().run()
    assert not desk.exception
    (status,) = lifecycle.list_studies()
    assert desk.selectbox(key="desk-study").value == status.study
    assert status.state == "unblinded"
    assert any("scripts, not by people" in option for option in desk.selectbox(key="desk-study").options)
    assert any("classified" in line.value for line in desk.markdown)


def test_ten_cases_are_read_and_their_result_is_one_click_away(desk: AppTest):
    desk.button(key="desk-trial").click().run()
    assert not desk.exception
    (status,) = lifecycle.list_studies()
    assert status.state == "locked"
    assert not [button for button in desk.button if button.label == "Show me how I did"], "nothing is read yet"
    link = desk.session_state["desk-trial-link"]
    session = ReaderSession.open(
        lifecycle.study_folder(status.study), link.rsplit("token=", 1)[1], "a tab of a visitor"
    )
    session.acquire_lease()
    for event in ("welcome_done", "consent_given"):
        session.record_event(event)
    while case := session.current():
        session.answer(case.id, "real", confidence=2, idempotency_key=case.answer_key)
    desk.run()
    next(button for button in desk.button if button.label == "Show me how I did").click().run()
    assert not desk.exception
    assert lifecycle.study_status(lifecycle.study_folder(status.study)).state == "unblinded"
    assert any("You classified 50%" in line.value for line in desk.markdown)
