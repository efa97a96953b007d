"""Scans edited on request in the explorer: what is preset, what is shown, undone, linked and handed out."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.data import edits, resources
from app.data.edits import Edited
from app.data.volumes import Scan, load
from app.screens.explorer import edited_scan
from app.screens.explorer.scan_conditions import stops
from app.server.access import SIGNED_IN
from brainlab.experiments.analysis.counterfactual import counterfactual
from brainlab.images.pictures import to_bytes
from brainlab.methods.conditions import Condition

SCRIPT = Path(__file__).resolve().parents[4] / "pages" / "explorer.py"
RUN = "slice-flow"


@pytest.fixture(autouse=True)
def place(edit_workspace, monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(edit_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "none")


def opened(run=RUN, **query) -> AppTest:
    page = AppTest.from_file(str(SCRIPT), default_timeout=120)
    page.session_state[SIGNED_IN] = True
    for name, value in {"run": run, **query}.items():
        page.query_params[name] = value
    return ran(page)


def ran(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, page.exception
    assert not page.error, page.error[0].value
    return page


def widget(page, kind, part):
    (found,) = [each for each in getattr(page, kind) if part in (each.key or "")]
    return found


def said(page):
    return " ".join(text.value for text in page.caption)


@pytest.fixture
def shown(monkeypatch):
    """Return a list of the edits that the page asks for, the newest last."""
    seen = []

    def made(*given):
        seen.append(Edited(*given))
        return seen[-1]

    monkeypatch.setattr(edited_scan, "Edited", made)
    return seen


@pytest.mark.parametrize("run", ["slice-flow", "volume-flow"])
def test_an_edit_is_the_run_s_own_up_to_a_grey_level(run):
    cohort = resources.fitting(resources.run(run))
    name, data = next(iter(cohort.items()))
    own, wanted = (("class", "healthy"), ("age_years", 40.0)), (("class", "ms"), ("age_years", 40.0))
    expected = counterfactual(resources.run(run), data.batch(np.array([3])), dict(own), {"class": "ms"}, 2.0)
    for source, image in (
        (Edited(run, Scan(name, 3), own, own), expected.reconstruction[0]),
        (Edited(run, Scan(name, 3), own, wanted, 2.0), expected.edited[0]),
    ):
        levels = load(source).astype(int) - to_bytes(image)
        assert np.abs(levels).mean() < 1
    assert np.abs(expected.difference).max() > 4 / 255


def test_a_scan_is_preset_by_its_row_and_what_is_asked_for_is_shown(shown):
    page = opened()
    row = page.session_state["edit-scan"]
    scans = resources.cohort("axial").scans.iloc[row]
    own = (("class", scans["class"]), ("age_years", scans["age_years"]), ("sex", scans["sex"]))
    assert {(each.own, each.guidance) for each in shown} == {(own, 1.0)}
    assert shown[0].wanted == shown[1].wanted == own
    assert "Nothing is changed yet" in said(page)
    assert "Reconstruction: mean squared error" in said(page)
    assert page.button(key="edit-undo").disabled
    assert page.button(key="edit-reset").disabled
    shown.clear()
    other = "leuko1" if scans["class"] == "ms" else "ms"
    widget(page, "selectbox", "wanted-class").set_value(other)
    ran(page)
    assert shown[1].wanted == (("class", other), *own[1:])
    assert f"class {scans['class']} to {other}: " in said(page)
    assert not page.button(key="edit-undo").disabled
    widget(page, "slider", "-guidance").set_value(2.0)
    shown.clear()
    ran(page)
    assert (shown[0].wanted, shown[0].guidance, shown[1].guidance) == (own, 1.0, 2.0), "the reconstruction is unguided"


def test_changes_are_undone_one_by_one_and_reset_at_once(shown):
    page = opened()
    own = shown[0].own
    age, sex = (f"wanted-{name}" for name in ("age_years", "sex"))
    ages = widget(page, "select_slider", age)
    ages.set_value(50.0)
    ran(page)
    widget(page, "selectbox", sex).set_value("M" if dict(own)["sex"] == "F" else "F")
    ran(page)
    assert len({*shown[-1].wanted, *own}) > len(own)
    page.button(key="edit-undo").click()
    ran(page)
    assert widget(page, "selectbox", sex).value == dict(own)["sex"]
    assert widget(page, "select_slider", age).value == 50.0
    page.button(key="edit-reset").click()
    ran(page)
    assert widget(page, "select_slider", age).value == dict(own)["age_years"]
    assert "Nothing is changed yet" in said(page)
    page.button(key="edit-undo").click()
    ran(page)
    assert widget(page, "select_slider", age).value == 50.0, "a reset is undone, too"


def test_what_is_not_known_of_a_scan_is_not_told(shown):
    page = opened()
    widget(page, "number_input", "-own-age_years").set_value(None)
    shown.clear()
    ran(page)
    assert "age_years" not in dict(shown[1].own)
    assert "age_years" not in dict(shown[1].wanted)
    age = widget(page, "select_slider", "wanted-age_years")
    assert age.value is None
    widget(page, "number_input", "-own-age_years").set_value(140.0)
    shown.clear()
    ran(page)
    assert "age_years: 140 lies outside" in said(page)
    assert dict(shown[1].wanted)["age_years"] == 140.0, "what is not changed follows what the scan shows"


def test_a_change_encodes_the_scan_once(monkeypatch):
    calls = []
    edits._noise.cache_clear()
    usual = edits.as_network_reads
    monkeypatch.setattr(edits, "as_network_reads", lambda scan: calls.append(scan) or usual(scan))
    page = opened()
    for age in (45.0, 50.0):
        widget(page, "select_slider", "wanted-age_years").set_value(age)
        ran(page)
    assert len(calls) == 1


def test_a_strip_goes_over_the_training_ages_or_all_classes(shown, monkeypatch):
    strips = []
    monkeypatch.setattr(edited_scan, "show_images", lambda key, run, images, origin: strips.append((images, origin)))
    page = opened()
    (ages,) = (one for one in resources.run(RUN).conditions if one.name == "age_years")
    (images, origin), own = strips[-1], shown[0].own
    values = [dict(image.wanted)["age_years"] for _, image in images]
    assert len(values) == 5
    assert ages.low <= values[0] < ages.low + 1
    assert ages.high - 1 < values[-1] <= ages.high
    assert {image.own for _, image in images} == {own}
    assert origin == Edited(RUN, images[0][1].scan, own, own)
    page.selectbox(key=f"edit-along-{RUN}").set_value("class")
    ran(page)
    assert [title for title, _ in strips[-1][0]] == ["healthy", "leuko1", "leuko2", "leuko3", "ms"]


def link(page):
    page.session_state["edit-tabs"] = "Share and export"
    ran(page)
    (address,) = [code.value for code in page.code]
    return address


def test_a_link_opens_the_same_edit_and_says_what_has_changed_since(shown):
    page = opened()
    page.selectbox(key="edit-scan").set_value(4)
    ran(page)
    widget(page, "number_input", "-own-age_years").set_value(41.5)
    ran(page)
    widget(page, "select_slider", "wanted-age_years").set_value(33.0)
    ran(page)
    shown.clear()
    widget(page, "slider", "-guidance").set_value(1.5)
    ran(page)
    edited = shown[1]
    assert edited.guidance == 1.5
    query = parse_qs(urlsplit(link(page)).query)
    assert query["own"] == ["age_years=41.5"]
    assert query["set"] == ["age_years=33.0"]
    shown.clear()
    again = opened(**{name: values for name, values in query.items() if name != "run"})
    assert shown[1] == edited
    assert "than in the link" not in said(again)
    for name, words in (("sha", f"{RUN} has other weights"), ("cohort_sha", "axial has other scans")):
        assert words in said(opened(**{**query, "run": RUN, name: "0123"}))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"cohort": "gone", "scan": "1"}, "The scan in this link does not exist here"),
        ({"cohort": "axial", "scan": "9999"}, "The scan in this link does not exist here"),
        ({"cohort": "axial", "scan": "1", "set": "class=stroke"}, "The link is damaged (class: needs one of healthy"),
        ({"cohort": "axial", "scan": "1", "guidance": "900"}, "The link is damaged (--guidance: needs 1 to 4"),
    ],
)
def test_a_link_that_leads_nowhere_is_said(query, words):
    assert words in said(opened(**query))


def test_volumes_are_edited_and_handed_out(monkeypatch):
    offered = {}
    monkeypatch.setattr("app.components.layout.downloads", lambda key, *files: offered.update({key: files}))
    page = opened("volume-flow")
    widget(page, "selectbox", "wanted-sex").set_value("M")
    ran(page)
    link(page)
    (files,) = offered["edit"]
    assert list(files) == [
        f"volume-flow-{kind}" for kind in ("edited.png", "edited.nii.gz", "reconstruction.nii.gz", "difference.nii.gz")
    ]
    assert all(make() for make in files.values())


def test_a_slider_stops_at_whole_numbers_and_where_a_scan_lies():
    assert stops(Condition(name="age_years", low=10.3, high=86.7), 42.5, None)[:2] == [11.0, 12.0]
    assert 42.5 in stops(Condition(name="age_years", low=10.3, high=86.7), 42.5, None)
    narrow = stops(Condition(name="slice", low=1.0, high=3.0))
    assert (len(narrow), narrow[0], narrow[-1]) == (21, 1.0, 3.0)
