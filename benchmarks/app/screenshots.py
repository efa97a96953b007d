"""Take the screenshots of the pages in docs/figures/screens/, in headless Chromium on the default workspace.

python -m benchmarks.app.screenshots [--workspace FOLDER] [PAGE...]
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.app.latency import FLAGS, IDLE, served
from brainlab.workspace import PROJECT

SCREENS = PROJECT / "docs" / "figures" / "screens"
PAGES = {
    "start": ("", 1180),
    "cohort": ("cohort", 1000),
    "generate": ("generate", 1120),
    "explorer": ("explorer", 1240),
    "lda": ("lda", 1120),
    "synthesis": ("synthesis", 1000),
    "leaderboard": ("leaderboard", 1190),
    "study-desk": ("study_desk", 1000),
}
"""Picture to the page's path and the height of the window."""
WITHOUT_BRAINS = ("study-desk", "leaderboard")


def shoot(page: Page, url: str, name: str, scheme: str) -> Path:
    """Open a page, let it come to rest, and save it."""
    path, height = PAGES[name]
    page.set_viewport_size({"width": 1440, "height": height})
    page.goto(f"{url}/{path}")
    page.wait_for_selector(IDLE, timeout=180_000)
    if name not in WITHOUT_BRAINS:
        page.locator(".bv").first.wait_for(timeout=180_000)
        page.locator(".bv-slider, .bv-panels").first.wait_for(timeout=180_000)
    page.wait_for_selector(IDLE, timeout=180_000)
    page.wait_for_timeout(2500)
    out = SCREENS / (f"{name}.png" if scheme == "dark" else f"{name}-{scheme}.png")
    page.screenshot(path=out)
    return out


def main() -> None:
    """Save one picture a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", help=f"which of {', '.join(PAGES)}; all if absent")
    parser.add_argument("--workspace", type=Path, help="the default workspace if absent")
    parser.add_argument("--scheme", choices=["dark", "light"], default="dark")
    args = parser.parse_args()
    SCREENS.mkdir(parents=True, exist_ok=True)
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with served(args.workspace) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(color_scheme=args.scheme)
        for name in args.pages or PAGES:
            print(shoot(context.new_page(), server.url, name, args.scheme))
        browser.close()


if __name__ == "__main__":
    main()
