"""Seconds until a page is at rest, in headless Chromium, on a server that has just started and on a warm one.

    python -m benchmarks.app.page_loads [--workspace FOLDER] [--page lda] [--query run=NAME] [--repeats 3]

For each repeat a server is started and asked for the page at once (cold), then the page is loaded again (warm), as when
somebody comes back to it. At rest: Streamlit's script has ended, the chart is drawn, and the first brain is on screen,
where the page has them.
"""

import argparse
import shutil
import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.app.latency import FLAGS, IDLE, served

TARGETS_S = {"cold": 6.0, "warm": 2.0}
DRAWN = "() => globalThis.brainlabTimings?.some((t) => t.kind === 'first-image')"
IMAGELESS = ("leaderboard", "train")
"""Pages without a brain."""
CHART = ".js-plotly-plot .scatterlayer"
RELOADS = 3


def loads(browser: Browser, address: str, *, image: bool, chart: bool) -> list[float]:
    """Load a page in a new window, then again: seconds of each time."""
    page = browser.new_context(viewport={"width": 1400, "height": 1100}).new_page()
    page.add_init_script("globalThis.brainlabTimings = []")
    found = []
    for number in range(1 + RELOADS):
        start = time.perf_counter()
        page.goto(address) if number == 0 else page.reload()
        if image:
            page.wait_for_function(DRAWN, timeout=120_000)
        if chart:
            page.locator(CHART).first.wait_for(timeout=120_000)
        page.wait_for_selector(IDLE, timeout=120_000)
        found.append(time.perf_counter() - start)
        page.wait_for_timeout(1500)
    page.context.close()
    return found


def main() -> None:
    """Measure and print the median and all times beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="the default workspace if absent")
    parser.add_argument("--page", default="lda")
    parser.add_argument("--query", default="", help="of the page's address, such as run=dwi-stylegan-small")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    taken: dict[str, list[float]] = {name: [] for name in TARGETS_S}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for _ in range(args.repeats):
            with served(args.workspace) as server:
                address = f"{server.url}/{args.page}?{args.query}"
                cold, *warm = loads(browser, address, image=args.page not in IMAGELESS, chart=args.page == "lda")
            taken["cold"].append(cold)
            taken["warm"] += warm
        browser.close()
    for name, seconds in taken.items():
        listed = " ".join(f"{value:.1f}" for value in seconds)
        print(f"{name}: median {statistics.median(seconds):.1f} s of {listed} (target {TARGETS_S[name]:.0f} s)")


if __name__ == "__main__":
    main()
