"""Choosing a scan by its name, also in a cohort of thousands."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.components import scan_choice, tables
from app.data import resources
from brainlab.cohort.prepared import write_prepared

SIDE = 2
SCANS = 5404


@pytest.fixture
def many(empty_workspace: Path) -> str:
    """Write a cohort of as many scans as the FLAIR paper's, three visits a person; returns its name."""
    people = np.arange(SCANS) // 3
    table = pd.DataFrame(
        {
            "participant": [f"sub-{number:04d}" for number in people],
            "session": [f"ses-{number % 3}" for number in range(SCANS)],
            "class": np.where(people % 2, "ms", "healthy"),
            "age_years": 40.0 + people % 30,
            "split": np.where(people % 10 == 0, "test", "train"),
        }
    )
    recipe = {"name": "tiny", "shape": [SIDE] * 3, "affine": np.eye(4).tolist(), "simulated": True}
    volumes = np.zeros((SCANS, SIDE, SIDE, SIDE), np.float32)
    write_prepared(empty_workspace / "cohorts" / "many", volumes, table, recipe)
    return "many"


def box() -> None:
    import streamlit as st

    from app.components.scan_choice import pick_scan

    st.session_state["picked"] = pick_scan("many", "scan")


def test_a_select_box_offers_few_scans_and_finds_the_others(many):
    page = AppTest.from_function(box, default_timeout=60).run()
    names = [scan_choice.describe(many, row) for row in range(SCANS)]
    assert len(page.selectbox(key="scan").options) == scan_choice.MOST_OPTIONS
    assert page.session_state["picked"] == 0
    assert page.text_input(key="scan-find").placeholder == "find among 5,404 scans"
    page.text_input(key="scan-find").set_value("SUB-1234 ses-2").run()
    assert page.session_state["picked"] == 0, "what was chosen stays so until another scan is"
    page.selectbox(key="scan").select(names.index(names[3 * 1234 + 2])).run()
    assert page.session_state["picked"] == 3 * 1234 + 2
    page.text_input(key="scan-find").set_value("nobody").run()
    assert page.session_state["picked"] == 3 * 1234 + 2
    assert any("No scan matches 'nobody'" in caption.value for caption in page.caption)


def test_a_rerun_with_thousands_of_scans_does_not_name_them_all_again(many):
    page = AppTest.from_function(box, default_timeout=60).run()
    start = time.process_time()
    page.run()
    assert time.process_time() - start < 0.3  # 0.02 s; naming them all one by one took 0.9 s


def test_no_two_scans_share_a_name(many):
    names = [scan_choice.describe(many, row) for row in range(SCANS)]
    assert len(set(names)) == SCANS
    assert names[0] == "sub-0000 · ses-0 · healthy, 40 y · test"


def test_visits_that_nothing_tells_apart_are_told_by_their_row(workspace, monkeypatch):
    data = resources.cohort("simulated")
    monkeypatch.setattr(scan_choice.resources, "cohort", lambda name: data)
    scans = data.scans.iloc[:3].assign(participant="sub-1", session=None, age_years=40.0, split="train")
    monkeypatch.setitem(data.__dict__, "scans", scans.assign(**{"class": "ms"}))
    assert scan_choice._described.__wrapped__("simulated", "")[1] == "sub-1 · ms, 40 y · train · row 2"


def test_slices_are_counted_as_slices(slice_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    monkeypatch.setattr(scan_choice, "MOST_OPTIONS", 5)
    page = AppTest.from_string(
        "from app.components.scan_choice import pick_scan\npick_scan('axial', 'scan')", default_timeout=60
    ).run()
    assert page.text_input(key="scan-find").placeholder == "find among 45 slices"
    assert (page.text_input(key="scan-find").label, page.selectbox(key="scan").label) == ("Slice", "Slice")
    page.text_input(key="scan-find").set_value("nobody").run()
    assert any("No slice matches 'nobody'" in caption.value for caption in page.caption)
    assert {"slices", "paper: scans"} <= {*tables.demographics(resources.cohort("axial"))}
