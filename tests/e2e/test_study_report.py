"""The report on the study desk in a real browser."""

import pytest

from tests.app.screens.study.test_report import ROWS

pytestmark = pytest.mark.browser

TABLES = ".dvn-scroller, [class*=st-key-text-table], [class*=st-key-text-table] *:has(> table)"
SCROLLS = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => [e.className, e.innerText])"


def test_no_table_of_a_report_scrolls_sideways_in_a_narrow_window(visit, idle) -> None:
    page = visit("study_desk")
    page.set_viewport_size({"width": 1000, "height": 900})
    page.get_by_role("combobox", name="Study").click()
    page.get_by_role("option", name="Finished readings").click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    )
    page.get_by_role("tab", name="Comparisons").wait_for()
    seen = 0
    for name in page.get_by_role("tab").all_inner_texts():
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(300)
        page.wait_for_selector(idle)
        tables = page.locator(TABLES)
        tables.first.wait_for()
        assert tables.evaluate_all(SCROLLS) == []
        seen += tables.count()
    assert seen > 5
