"""Of many sources the form asks for those alone that were chosen."""

from streamlit.testing.v1 import AppTest

from app.data import resources
from app.screens.study.designing.source_choice import USUAL
from brainlab.reading.desk import lifecycle
from tests.app.screens.study.test_study_desk import open_desk, press


def fields(page: AppTest) -> dict[str, int]:
    return {box.label: box.value for box in page.number_input if "-n-" in str(box.key)}


def test_only_chosen_sources_have_a_field(studies):
    page = open_desk()
    protocol = lifecycle.load_protocol(studies / press(page, "Create the study").selectbox(key="desk-study").value)
    page.selectbox(key="desk-study").set_value("new").run()
    assert fields(page) == {source.name: source.n for source in protocol.sources}
    assert len(page.multiselect(key="New design-sources").options) > len(fields(page))


def test_a_source_can_be_found_by_what_it_holds_and_added_and_left_out(studies):
    page = open_desk()
    choice = page.multiselect(key="New design-sources")
    assert "simulated · real · 40 × 48 × 40 volumes" in choice.options
    before = fields(page)
    (other, *_) = [name for name in resources.runs_that("sample") if name not in before]
    choice.set_value([*choice.value, f"run-{other}"]).run()
    assert fields(page) == before | {other: USUAL}
    choice = page.multiselect(key="New design-sources")
    choice.set_value([place for place in choice.value if place != f"run-{other}"]).run()
    assert fields(page) == before
    page.multiselect(key="New design-sources").set_value([]).run()
    assert page.warning, "a study without a source is none"
