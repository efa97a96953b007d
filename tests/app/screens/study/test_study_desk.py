"""The study desk's page, from an empty workspace to the report."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from streamlit.testing.v1 import AppTest

from app.data import resources
from brainlab.experiments.studies import case_classifier
from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.backup import restore_study
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.report.export import answers_frame
from brainlab.reading.room.session import ReaderSession

PAGE = Path(__file__).resolve().parents[4] / "pages" / "study_desk.py"


def open_desk() -> AppTest:
    """Open the page with a new study chosen."""
    page = AppTest.from_file(str(PAGE), default_timeout=240).run()
    assert not page.exception
    if page.selectbox:
        page.selectbox(key="desk-study").set_value("new").run()
    return page


def press(page: AppTest, words: str) -> AppTest:
    """Press the button whose label begins with some words."""
    next(button for button in page.button if button.label.startswith(words)).click().run()
    assert not page.exception, page.exception
    return page


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_an_empty_workspace_says_what_to_do(empty_workspace):
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    assert not page.exception
    assert "No images to read" in page.info[0].value
    assert not page.button


def test_the_first_design_has_twenty_cases_half_of_them_real(studies):
    page = open_desk()
    assert metrics(page)["Cases"] == "20"
    assert "Real cases: 10 slices of 10 people (simulated)." in [caption.value for caption in page.caption]
    listed = [line.value for line in page.markdown]
    assert ":green-badge[real] simulated  \n:small[:gray[40 × 48 × 40 volumes · held-out participants only]]" in listed
    assert ":orange-badge[generated] tiny-vae  \n:small[:gray[40 × 48 × 40 volumes]]" in listed
    assert metrics(page)["Kappa, 95% interval"].startswith("± 0.")
    assert any(caption.value.startswith("Both readers together, ") for caption in page.caption)
    press(page, "Create the study")
    (status,) = lifecycle.list_studies()
    protocol = lifecycle.load_protocol(studies / status.study)
    labels = [source.truth for source in protocol.sources for _ in range(source.n)]
    assert (labels.count("real"), labels.count("fake")) == (10, 10)
    shapes = {len(resources.run(source.name).shape) for source in protocol.sources if source.kind == "run"}
    assert shapes == {3}, "runs on slices ship too, and are no cases beside volumes"
    assert page.selectbox(key="desk-study").value == status.study


def test_a_faulty_design_is_refused_with_its_reason(studies):
    page = open_desk()
    page.text_input(key="New design-title").set_value(" ").run()
    assert "Title" in page.warning[0].value
    assert not [button for button in page.button if button.label == "Create the study"]


def test_readers_codes_that_tables_cannot_hold_are_refused_with_their_reason(studies):
    page = open_desk()
    for codes in ("R1, r1", "=cmd()", "R 1"):
        page.text_input(key="New design-readers").set_value(codes).run()
        assert "Readers: " in page.warning[0].value
        assert not [button for button in page.button if button.label == "Create the study"]


def test_every_design_has_a_seed_of_its_own(studies):
    page = open_desk()
    seed = page.number_input(key="New design-seed").value
    page.run()
    assert page.number_input(key="New design-seed").value == seed
    press(page, "Create the study")
    page.selectbox(key="desk-study").set_value("new").run()
    assert page.number_input(key="New design-seed").value != seed


def test_instructions_that_deny_the_time_limit_are_pointed_out(studies):
    page = open_desk()
    assert not page.warning
    page.number_input(key="New design-cap").set_value(30).run()
    assert not page.warning, "the default instructions say nothing of it; the reading room does"
    page.text_area(key="New design-instructions").set_value("Look well. There is no time limit.").run()
    assert "shown for 30 s only" in page.warning[0].value
    page.text_area(key="New design-instructions").set_value("Thirty seconds for each image.").run()
    assert not page.warning


def test_the_dwi_preset_names_what_is_missing(studies):
    page = open_desk()
    page.segmented_control(key="desk-preset").set_value("dwi-2020").run()
    assert metrics(page)["Cases"] == "250"
    assert "no such" in page.warning[0].value
    assert not [button for button in page.button if button.label == "Create the study"]


def test_a_preview_of_volumes_has_the_patients_right_on_screen_left(studies, monkeypatch):
    volume = np.zeros((5, 6, 7), dtype=np.uint8)
    volume[4, 5, 3] = 255  # the patient's right, in front
    shown = []
    monkeypatch.setattr(
        "brainlab.experiments.studies.locking.preview", lambda protocol, per_source: {"tiny-vae": [volume]}
    )
    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.image", lambda self, image, **_: shown.append(image))
    page = press(press(open_desk(), "Create the study"), "See sample images")
    assert ":orange-badge[generated] **tiny-vae**" in [line.value for line in page.markdown]
    assert np.argwhere(shown[0]).tolist() == [[0, 0]]


def test_a_study_from_draft_to_report(studies, monkeypatch):
    page = press(open_desk(), "Create the study")
    press(page, "Lock the study")
    assert "Lock refused" in page.error[0].value
    (status,) = lifecycle.list_studies()
    folder = studies / status.study
    page.text_input(key=f"override-{status.study}").set_value("untrained runs of a test").run()
    press(page, "Lock the study")
    assert lifecycle.study_status(folder).state == "locked"

    press(page, "Make links for R1, R2")
    links = [code.value for code in page.code]
    assert len(links) == 2
    press(page, "I have copied them")
    assert not page.code
    for number, link in enumerate(links):
        read(folder, link.rsplit("token=")[1], every=3 + number)

    press(page, "Close it now")
    assert [heading.value for heading in page.subheader][:2] == ["Unblind", "Progress"]
    page.text_input[0].set_value("Real or generated")
    press(page, "Unblind")
    assert "does not match" in page.error[0].value
    page.text_input[0].set_value("Real or generated?")
    page.text_input[1].set_value("Researcher")
    press(page, "Unblind")
    assert lifecycle.study_status(folder).state == "unblinded"
    shown = metrics(page)
    assert float(shown["Kappa, R1 and R2"]) == pytest.approx(expected_kappa(folder), abs=5e-4)
    assert shown["Accuracy, R1"].endswith("%")
    assert "called real" in page.dataframe[0].value.columns
    assert page.get("download_button")[0].label == "Report (PDF)"
    assert {button.label for button in page.get("download_button")} >= {
        "Report (PDF)",
        "Report (HTML)",
        "Report (JSON)",
        "Answers (CSV)",
        "iMRMC (CSV)",
    }
    monkeypatch.setattr(case_classifier, "MOST", 20)
    monkeypatch.setattr(case_classifier, "LEAST", 10)
    press(page, "Score the cases with a network")
    assert any("learnt from 20 other real images" in caption.value for caption in page.caption)
    assert "Machine readers" in {tab.label for tab in page.tabs}
    assert "Its scores (CSV)" in {button.label for button in page.get("download_button")}


def test_a_draft_can_be_deleted(studies):
    page = press(open_desk(), "Create the study")
    assert len(lifecycle.list_studies()) == 1
    press(page, "Delete it now")
    assert lifecycle.list_studies() == []
    assert page.selectbox(key="desk-study").value == "new"


def test_no_answer_shows_before_unblinding(studies):
    page = press(open_desk(), "Create the study")
    (status,) = lifecycle.list_studies()
    folder = studies / status.study
    sources = lifecycle.load_protocol(folder).sources
    pixels = np.zeros((8, 6), dtype=np.uint8)
    seal(folder, [Case(pixels, (1.0, 1.0), source.truth, source.name) for source in sources], {})
    press(page.run(), "Make links for R1, R2")
    read(folder, page.code[0].value.rsplit("token=")[1], every=2)
    press(page, "Close it now")
    text = " ".join(str(getattr(element, "proto", "")) for element in page.main)
    assert "finished" in text, "progress shows"
    assert "0.8 s per case (median)" in text, "and the pace"
    for word in ("Kappa, R1", "Accuracy, R1", "called real"):
        assert word not in text


def test_the_desk_offers_a_backup_that_can_be_restored(studies, monkeypatch, tmp_path):
    offered = {}
    monkeypatch.setattr(
        "app.components.layout.download", lambda label, content, name, key, **_: offered.update({name: content})
    )
    press(open_desk(), "Create the study")
    (status,) = lifecycle.list_studies()
    (tmp_path / "file.tar").write_bytes(offered[f"{status.study}-backup.tar"]())
    assert restore_study(tmp_path / "file.tar", tmp_path / "elsewhere").study == status.study


def test_links_have_a_term_that_is_shown_and_can_be_ended(studies):
    page = press(open_desk(), "Create the study")
    (status,) = lifecycle.list_studies()
    folder = studies / status.study
    sources = lifecycle.load_protocol(folder).sources
    seal(folder, [Case(np.zeros((8, 6), np.uint8), (1.0, 1.0), source.truth, source.name) for source in sources], {})
    page.run()
    page.selectbox(key=f"term-{status.study}").set_value("2 weeks").run()
    press(page, "Make links for R1, R2")
    until = datetime.now(UTC) + timedelta(days=14)
    shown = " ".join(element.value for element in page.markdown)
    assert f"works until {until.day} {until:%B %Y}" in shown
    assert {reader.link_until[:10] for reader in lifecycle.study_status(folder).readers} == {until.date().isoformat()}
    press(press(page, "I have copied them"), "End the link of R1")
    assert [reader.has_link for reader in lifecycle.study_status(folder).readers] == [False, True]
    assert "**R1** · no link" in " ".join(element.value for element in page.markdown)
    press(page, "Make links for R1")
    assert len(page.code) == 1


def test_what_the_lock_found_shows_on_the_desk(studies):
    page = press(open_desk(), "Create the study")
    (status,) = lifecycle.list_studies()
    folder = studies / status.study
    sources = lifecycle.load_protocol(folder).sources
    probe = {
        "auc": 0.9,
        "limit": 0.6,
        "suspects": ["border"],
        "real": 200,
        "fake": 200,
        "passed": False,
        "judged": True,
    }
    cases = [Case(np.zeros((8, 6), np.uint8), (1.0, 1.0), source.truth, source.name) for source in sources]
    people = {"name": "simulated", "truth": "real", "n": 10, "noun": "slice", "people": 4}
    seal(folder, cases, {"probe": probe, "override": "a pilot", "sources": [people]})
    page.run()
    assert not page.exception
    assert "- Real cases: 10 slices of 4 people (simulated)." in [line.value for line in page.markdown]
    assert "locked regardless, reason: a pilot" in page.warning[0].value


def test_a_reader_can_be_withdrawn(studies):
    page = press(open_desk(), "Create the study")
    (status,) = lifecycle.list_studies()
    folder = studies / status.study
    pixels = np.zeros((8, 6), dtype=np.uint8)
    sources = lifecycle.load_protocol(folder).sources
    seal(folder, [Case(pixels, (1.0, 1.0), source.truth, source.name) for source in sources], {})
    press(page.run(), "Withdraw R1 now")
    assert [reader.withdrawn for reader in lifecycle.study_status(folder).readers] == [True, False]
    press(page, "Withdraw R2 now")
    assert not [button for button in page.button if button.label.startswith("Withdraw")]


def read(folder: Path, token: str, every: int) -> None:
    """Read a whole study: 'fake' for every n-th case, else 'real'."""
    session = ReaderSession.open(folder, token, "a tab of a test for reading")
    session.acquire_lease(takeover=True)
    for event in ("welcome_done", "consent_given"):
        session.record_event(event)
    count = 0
    while case := session.current():
        count += 1
        value = "fake" if count % every == 0 else "real"
        session.answer(case.id, value, idempotency_key=case.answer_key, confidence=1 + count % 5, active_ms=800)


def expected_kappa(folder: Path) -> float:
    """Cohen's kappa of the two readers by statsmodels, from the exported answers."""
    frame = answers_frame(folder, ("main",))
    wide = frame.pivot(index="case", columns="reader", values="answer")
    labels = ["fake", "real"]
    table = pd.crosstab(wide["R1"], wide["R2"]).reindex(index=labels, columns=labels, fill_value=0)
    return float(cohens_kappa(table.to_numpy(), return_results=False))
