"""Finished readings on the study desk: a file in, the whole report out, or one line that says what is wrong."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGE = Path(__file__).resolve().parents[4] / "pages" / "study_desk.py"
GOOD = "reader,case,answer,truth,source,confidence\n" + "".join(
    f"{reader},{case},{'real' if (case + shift) % 3 else 'fake'},{'real' if case % 2 else 'fake'},"
    f"{'scans' if case % 2 else 'model'},{1 + case % 5}\n"
    for shift, reader in enumerate(("R1", "R2"))
    for case in range(30)
)


@pytest.fixture
def page(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The desk with the choice for finished readings."""
    monkeypatch.setattr("brainlab.reading.desk.lifecycle.studies_folder", lambda: tmp_path)
    page = AppTest.from_file(str(PAGE), default_timeout=240).run()
    page.selectbox(key="desk-study").set_value("finished").run()
    assert not page.exception
    return page


def upload(page: AppTest, content: bytes) -> AppTest:
    page.get("file_uploader")[0].set_value(("mine.csv", content, "text/csv")).run()
    assert not page.exception
    return page


def test_before_a_file_the_page_says_which_columns_it_takes(page):
    assert page.dataframe[0].value["column"].tolist()[:3] == ["reader", "case", "answer"]
    assert "reader,case,answer" in page.code[0].value


def test_a_file_gives_the_whole_report(page):
    upload(page, GOOD.encode())
    labels = [metric.label for metric in page.metric]
    assert labels[:3] == ["Kappa, R1 and R2", "Accuracy, R1", "Accuracy, R2"]
    assert "called real" in page.dataframe[0].value.columns
    assert {tab.label for tab in page.tabs} >= {"Sources", "Readers", "Agreement", "Methods"}
    assert "Report (PDF)" in {button.label for button in page.get("download_button")}


def test_what_was_mended_is_said(page):
    upload(page, GOOD.replace("R2,7,", "r2,7,").encode())
    assert "reader: taken as one: 'R2' (29) and 'r2' (1)" in page.info[0].value


def test_a_fault_is_one_line_and_the_columns_are_shown_again(page):
    upload(page, GOOD.replace("R2,7,", "R2,6,").encode())
    (error,) = page.error
    assert "two answers to case 6" in error.value
    assert "\n" not in error.value
    assert not page.metric
    assert page.code


SCORES = "case,score\n" + "".join(f"{case},{case % 2 + case / 100}\n" for case in range(30))


def add_scores(page: AppTest, content: str) -> AppTest:
    page.get("file_uploader")[1].set_value([("my net.csv", content.encode(), "text/csv")]).run()
    assert not page.exception
    return page


def test_a_machine_is_read_beside_the_readers(page):
    upload(page, GOOD.encode())
    assert "Machine readers" not in {tab.label for tab in page.tabs}
    add_scores(page, SCORES)
    assert "Machine readers" in {tab.label for tab in page.tabs}
    page.get("tabs")
    told = " ".join(markdown.value for markdown in page.markdown)
    assert "The ROC area of my net was 1" in told


def test_a_bad_file_of_scores_is_one_line_and_leaves_the_report(page):
    upload(page, GOOD.encode())
    add_scores(page, SCORES.replace("7,", "seven,"))
    (error,) = page.error
    assert "no such case in the study: seven" in error.value
    assert page.metric
