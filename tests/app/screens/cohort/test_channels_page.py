"""The cohort page with datasets of several sequences, and of slices."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.data.volumes import Mean, Scan
from app.screens.cohort import page as cohort_page
from brainlab.cohort.prepared import PreparedDataset, write_prepared

PAGE = Path(__file__).resolve().parents[4] / "pages" / "cohort.py"


@pytest.fixture
def two_sequences(tiny_workspace, empty_workspace):
    """A cohort of z-scores whose second sequence is the first one's negative."""
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    images = data.batch(data.indices()[:4])[:, 0] - 0.5
    recipe = {**data.recipe, "channels": ["FLAIR", "T1w"], "intensity": "z-score"}
    folder = empty_workspace / "cohorts" / "both"
    return write_prepared(folder, np.stack([images, -images], axis=1), data.scans.iloc[:4], recipe, "float16")


def test_every_sequence_can_be_looked_at(two_sequences, monkeypatch):
    seen = []

    def viewer(panels, **_):
        seen.extend(panels if isinstance(panels, list) else [panels])

    monkeypatch.setattr(cohort_page, "volume_viewer", viewer)
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    page.segmented_control(key="cohort-channel-2").set_value("T1w").run()
    assert not page.exception
    assert [panel.source.channel for panel in seen] == [0, 1]
    first, second = (panel.source.array().astype(int) for panel in seen)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < -0.9
    page.session_state["cohort-tabs"] = "Mean image"
    page.run()
    page.segmented_control(key="cohort-mean-channel-2").set_value("T1w").run()
    assert not page.exception
    assert seen[-1].source == Mean("both", None, 1)


def test_a_mean_of_z_scores_is_shown_in_the_window_of_its_scans(two_sequences, monkeypatch):
    one = Scan("both", 0).array().astype(float)
    mean = Mean("both").array().astype(float)
    everyone = np.mean([two_sequences.shown(row).astype(float) for row in range(4)], axis=0)
    np.testing.assert_allclose(mean, everyone, atol=2)
    assert one.min() < 85 < one.max(), "a z-score of 0 is a third up the window"
