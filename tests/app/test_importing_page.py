"""The cohort page after an import: the new cohort is chosen."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from app import importing
from brainlab.cohort.batch import Report
from brainlab.cohort.prepared import PreparedDataset, write_prepared

PAGE = Path(__file__).resolve().parents[2] / "pages" / "cohort.py"


def copy_cohort(workspace: Path, target: Path) -> None:
    """Write four scans of the tiny cohort as another one."""
    data = PreparedDataset.open(workspace / "cohorts" / "simulated")
    rows = data.indices()[:4]
    write_prepared(target, data.batch(rows)[:, 0], data.scans.iloc[rows], data.recipe)


def test_show_it_chooses_the_new_cohort(tiny_workspace, empty_workspace, monkeypatch):
    copy_cohort(tiny_workspace, empty_workspace / "cohorts" / "before")

    def bring_in(path, files, name, tell):
        copy_cohort(tiny_workspace, empty_workspace / "cohorts" / name)
        return Report(4, [1, 1, 1], [], [], 1.0)

    monkeypatch.setattr(importing, "bring_in", bring_in)
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state["cohort-tabs"] = "Bring in scans"
    page.run()
    assert page.selectbox(key="cohort-name").value == "before"
    next(button for button in page.button if button.label == "Prepare").click().run()
    page.button(key="import-show").click().run()
    assert not page.exception
    assert page.selectbox(key="cohort-name").value == "mine"
    assert page.dataframe
