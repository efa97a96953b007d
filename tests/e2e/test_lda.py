"""Choosing scans on the LDA page in a real browser, on the tiny workspace."""

import pytest

pytestmark = pytest.mark.browser

POINTS = ".scatterlayer .trace path.point"
LARGE = "chart => [...chart.querySelectorAll('path.point')].filter((p) => p.getBoundingClientRect().width > 12).length"
PLACE = "chart => JSON.stringify(chart.data.map((trace) => trace.selectedpoints))"
MARKED_ANEW = f"""was => {{
  const charts = [...document.querySelectorAll(".js-plotly-plot")].filter((chart) => chart.querySelector(".xtitle"));
  return charts.length === 2 && charts[1].data && ({PLACE})(charts[1]) !== was;
}}"""


def click(page, point):
    """Click the middle of a point of a scatter."""
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_click_on_a_point_shows_its_scan_and_its_neighbours(visit, idle):
    page = visit("lda")
    viewers = page.locator(".bv")
    viewers.nth(5).wait_for()
    assert viewers.count() == 6  # the scan, its reconstruction, four neighbours
    for i in range(6):
        page.wait_for_function("e => e.viewer.state.data !== null", arg=viewers.nth(i).element_handle())
    head = page.locator("[data-testid=stMarkdownContainer] p strong").first
    before, shown = head.inner_text(), viewers.nth(2).evaluate("e => Array.from(e.viewer.state.data.slice(0, 40000))")
    chart = page.locator(".js-plotly-plot").first
    assert chart.evaluate(LARGE) == 1
    click(page, page.locator(POINTS).last)
    page.wait_for_function("text => !document.body.innerText.includes(text)", arg=before)
    page.wait_for_selector(idle)
    page.wait_for_function(
        "([e, was]) => e.viewer.state.data.slice(0, 40000).some((value, i) => value !== was[i])",
        arg=[viewers.nth(2).element_handle(), shown],
    )
    assert "leuko" in head.inner_text()
    assert chart.evaluate(LARGE) == 1  # the one that was chosen before is small again

    plane = viewers.first.locator("canvas[data-plane=axial]")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    crosshairs = [viewers.nth(i).evaluate("e => e.viewer.state.crosshair") for i in range(6)]
    assert all(place == crosshairs[0] for place in crosshairs)
    assert crosshairs[0] != [20, 24, 20]


def test_a_scan_chosen_in_one_run_is_marked_in_the_other(visit, idle):
    page = visit("lda")
    page.get_by_role("tab", name="Two runs").click()
    page.get_by_text("Where they disagree").wait_for()
    page.wait_for_selector(idle)
    charts = page.locator(".js-plotly-plot").filter(has=page.locator(".xtitle"))
    before = charts.nth(1).evaluate(PLACE)
    click(page, charts.nth(0).locator("path.point").last)
    page.wait_for_function(MARKED_ANEW, arg=before)
    assert charts.nth(0).evaluate(PLACE) == charts.nth(1).evaluate(PLACE) != before


def test_a_figure_downloads_as_svg(visit):
    page = visit("lda")
    chart = page.locator(".js-plotly-plot", has_text="discriminant axis 1")
    chart.hover()
    with page.expect_download() as download:
        chart.locator("[data-title^=Download]").click()
    assert download.value.suggested_filename == "brainlab-lda-scatter-1-and-2.svg"
