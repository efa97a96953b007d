"""Measure how much the app's memory grows under a busy hand: 1,000 slider moves and 50 page switches.

    python -m benchmarks.app.memory [--workspace FOLDER] [--run NAME] [--moves N] [--switches N]

Each move is a key on a slider, with its brain decoded and the page's parts that follow it, and ends when the brain of
that move is shown. Memory is the server's resident set (Linux), after a warm-up that opens every page and makes a
tenth of the moves.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.app.latency import FLAGS, IDLE, served

TARGET_MB = 50
NAMES = ("Start", "Cohort", "Train", "Generate", "Latent explorer", "LDA", "Leaderboard", "Study desk")
SETTLED = "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests"


def resident_mb(pid: int) -> float:
    """Return the resident set of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def switch(page: Page, name: str) -> None:
    """Go to a page by the menu and wait until it stands still."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    page.wait_for_timeout(150)
    page.wait_for_selector(IDLE, timeout=120_000)


def move(page: Page, count: int) -> None:
    """Press a key on sliders of dimensions `count` times: each in turn a long way up, then each down again.

    So nearly every move shows a brain that was not shown before, and none comes from a cache.
    """
    switch(page, "Latent explorer")
    page.locator(".bv-slider input[data-dimension]").first.wait_for()
    page.get_by_role("tab", name="Compare").click()
    page.locator(".bv-panels .bv").nth(2).wait_for()
    sliders, explorer = page.locator(".bv-slider input[data-dimension]"), page.locator(".bv-explorer")
    stretch = max(1, count // (2 * sliders.count()))
    for number in range(count):
        turn, place = divmod(number // stretch, sliders.count())
        sliders.nth(place).press("ArrowLeft" if turn % 2 else "ArrowRight")
        page.wait_for_function(SETTLED, arg=explorer.element_handle())
    page.wait_for_selector(IDLE, timeout=120_000)


def main() -> None:
    """Print the memory at each stage, and whether the growth is within the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="the default workspace if absent")
    parser.add_argument("--run", default="ivae-256")
    parser.add_argument("--moves", type=int, default=1000)
    parser.add_argument("--switches", type=int, default=50)
    args = parser.parse_args()
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with served(args.workspace) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{server.url}/explorer?run={args.run}")
        page.wait_for_selector(IDLE, timeout=180_000)
        for name in NAMES:
            switch(page, name)
        move(page, args.moves // 10)
        before = resident_mb(server.pid)
        print(f"{before:7.1f} MB after the warm-up")
        move(page, args.moves)
        print(f"{resident_mb(server.pid):7.1f} MB after {args.moves} slider moves")
        for number in range(args.switches):
            switch(page, NAMES[number % len(NAMES)])
        after = resident_mb(server.pid)
        print(f"{after:7.1f} MB after {args.switches} page switches")
        verdict = "met" if after - before < TARGET_MB else "NOT met"
        print(f"{after - before:+7.1f} MB; at most {TARGET_MB} wanted: {verdict}")
        browser.close()


if __name__ == "__main__":
    main()
