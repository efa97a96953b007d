"""Tables of sentences show them as they are, and never more rows than a page can take."""

import pandas as pd
from streamlit.testing.v1 import AppTest

from app.components import layout


def shown(frame: pd.DataFrame) -> AppTest:
    """Show a frame as a text table alone on a page."""

    def script(frame):
        from app.components import layout

        layout.text_table(frame, "reasons", "reasons")

    return AppTest.from_function(script, args=(frame,)).run()


def test_signs_of_markdown_are_shown_as_they_are():
    page = shown(pd.DataFrame([{"path": "sub-*_T1w.nii", "reason": "needs [x, y], got $5"}]))
    assert not page.exception
    assert page.table[0].value.to_numpy().tolist() == [[r"sub-\*\_T1w.nii", r"needs \[x, y\], got \$5"]]


def test_rows_beyond_a_limit_are_counted_and_kept_for_the_file():
    page = shown(pd.DataFrame({"reason": ["a"] * (layout.MOST_ROWS + 1)}))
    assert len(page.table[0].value) == layout.MOST_ROWS
    assert page.caption[0].value == "1 more row is in the CSV file."
    assert [button.label for button in page.get("download_button")] == ["Download CSV"]


def test_numbers_have_as_many_decimals_as_they_deserve_and_what_is_missing_is_blank():
    page = shown(pd.DataFrame({"value": [0.12345, None], "n": [1200, 3]}))
    assert page.table[0].value.to_numpy().tolist() == [["0.123", "1200"], ["", "3"]]
