"""The page of the thesis' rebuilt tables is what the records that ship make of it."""

from benchmarks.results.synthesis_page import PAGE, SHIPPED, page


def test_the_page_is_made_of_the_records_that_ship():
    assert PAGE.read_text(encoding="utf-8") == page([SHIPPED]), (
        "write it again: python -m benchmarks.results.synthesis_page"
    )
