"""Read a study by keys alone in headless Chromium: time to the next case, and pictures of each screen.

    python -m benchmarks.reading.keyboard_reading [--cohort FOLDER] [--run FOLDER] [--cases N] [--screens]

A time runs from the last key of an answer to the first task after the frame that shows the next case; in between the
answer was sent, written to disk and acknowledged. Target: median 50 ms, 95th percentile 150 ms.
"""

import argparse
import os
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.app.latency import FLAGS, served
from benchmarks.app.screenshots import SCREENS
from brainlab.experiments.studies.locking import lock_study
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.workspace import cohort_folders, run_folders

TARGET_MS = (50, 150)


def study(cohort: Path, run: Path, cases: int) -> Path:
    """Lock a study of slices, half of them real, with two practice cases and a break in the middle."""
    protocol = Protocol(
        title="Benchmark",
        sources=(
            Source(kind="cohort", name=str(cohort), n=cases // 2),
            Source(kind="run", name=str(run), n=cases // 2),
        ),
        readers=(Reader(code="R1"),),
        practice=2,
        repeats_share=0,
        rest_break_every=max(cases // 2, 1),
    )
    folder = lifecycle.study_folder(lifecycle.create_study(protocol))
    lock_study(folder, override="a benchmark, no reader")
    return folder


def read(page: Page, link: str, cases: int, screens: Path | None) -> list[float]:
    """Read the whole study as fast as it allows; returns the times in ms to the next case."""
    chance = random.Random(0)
    page.add_init_script("globalThis.brainlabTimings = []")
    page.goto(link)
    page.get_by_role("button", name="I see all steps").wait_for()
    shoot(page, screens, "reading-room-welcome")
    page.keyboard.press("Enter")
    page.locator("h1:text-is('Consent')").wait_for()
    page.keyboard.press("Enter")
    for number in range(cases + 2):
        page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked), h1:text-is('Time for a short break')")
        if page.locator("h1:text-is('Time for a short break')").count():
            shoot(page, screens, "reading-room-break")
            page.keyboard.press("Enter")
            page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked)")
        case = page.locator(".rr").get_attribute("data-case")
        page.keyboard.press(chance.choice("fj"))
        if number == cases // 4:
            shoot(page, screens, "reading_room")
        page.wait_for_timeout(chance.randint(150, 400))  # the next image is fetched meanwhile, as with a person
        page.keyboard.press(chance.choice("12345"))
        page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached")
    page.locator("h1:text-is('Thank you')").wait_for()
    shoot(page, screens, "reading-room-thanks")
    return [time["ms"] for time in page.evaluate("brainlabTimings") if time["kind"] == "next-case"][1:]


def shoot(page: Page, screens: Path | None, name: str) -> None:
    """Save a picture of the screen, where wanted."""
    if screens:
        page.screenshot(path=screens / f"{name}.png")


def main() -> None:
    """Measure, and print the times beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, help="prepared dataset; the first of the workspace if absent")
    parser.add_argument("--run", type=Path, help="run folder; the last of those at hand if absent")
    parser.add_argument("--cases", type=int, default=100, help="an even number; 100 if absent")
    parser.add_argument("--screens", action="store_true", help="save pictures in docs/figures/screens/")
    args = parser.parse_args()
    cohort, run = args.cohort or cohort_folders()[0], args.run or run_folders()[-1]
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["BRAINLAB_WORKSPACE"] = scratch
        folder = study(cohort.resolve(), run.resolve(), args.cases)
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        with served(Path(scratch)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            times = read(
                page, lifecycle.issue_links(folder, server.url)[0].url, args.cases, SCREENS if args.screens else None
            )
            browser.close()
        verdict = integrity.verify(folder)
    median, late = np.percentile(times, [50, 95])
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"next case, {len(times)} answers: median {median:.0f} ms, 95th percentile {late:.0f} ms (target {TARGET_MS})"
    )
    print(f"answers on record: {verdict.answers}, database whole: {verdict.ok}")


if __name__ == "__main__":
    main()
