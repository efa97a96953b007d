"""Read a study by keys alone in headless Chromium: time to the next case, and pictures of each screen.

    python -m benchmarks.reading.keyboard_reading [--cohort FOLDER] [--run FOLDER] [--cases N] [--screens]
    python -m benchmarks.reading.keyboard_reading --images 4 --pace 2 [--cases N]

With --images, cases are so many images side by side with one real one among them, answered by a digit; --pace is the
time from one case to the next. Every key that was pressed is compared with the answer on record.

A time runs from the last key of an answer to the first task after the frame that shows the next case; in between the
answer was sent, written to disk and acknowledged. Target: median 50 ms, 95th percentile 150 ms.
"""

import argparse
import os
import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.app.latency import FLAGS, served
from benchmarks.app.screenshots import SCREENS
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.studies.locking import lock_study
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL, VERDICT
from brainlab.reading.record import integrity
from brainlab.reading.report.export import answers_frame
from brainlab.runs.run import load_run
from brainlab.workspace import cohort_folders, run_folders

TARGET_MS = (50, 150)


PRACTICE = 2


def study(cohort: Path, run: Path, cases: int, images: int) -> Path:
    """Lock a study of slices with two practice cases and a break in the middle.

    Half of the cases are real; of cases of several images each has one.
    """
    one = images == 1
    real, fake = (cases // 2, cases // 2) if one else (cases, cases * (images - 1))
    protocol = Protocol(
        title="Benchmark",
        sources=(
            Source(kind="cohort", name=str(cohort), n=real),
            Source(kind="run", name=str(run), n=fake),
        ),
        readers=(Reader(code="R1"),),
        questions=(VERDICT if one else replace(ONE_REAL, images=images),),
        confidence=one,
        practice=PRACTICE,
        repeats_share=0,
        rest_break_every=max(cases // 2, 1),
    )
    folder = lifecycle.study_folder(lifecycle.create_study(protocol))
    lock_study(folder, override="a benchmark, no reader")
    return folder


def read(
    page: Page, link: str, cases: int, images: int, pace_s: float, screens: Path | None
) -> tuple[list[float], list[str]]:
    """Read the whole study, a case each `pace_s` seconds or as fast as it allows.

    Returns the times in ms to the next case, and the first key of each answer.
    """
    pressed = []
    chance = random.Random(0)
    page.add_init_script("globalThis.brainlabTimings = []")
    page.goto(link)
    page.get_by_role("button", name="I see all steps").wait_for()
    shoot(page, screens, "reading-room-welcome")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I agree").click()  # two keys at once are taken for a double press
    for number in range(cases + PRACTICE):
        page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked), h1:text-is('Time for a short break')")
        if page.locator("h1:text-is('Time for a short break')").count():
            shoot(page, screens, "reading-room-break")
            page.keyboard.press("Enter")
            page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked)")
        case = page.locator(".rr").get_attribute("data-case")
        pressed.append(chance.choice("fj") if images == 1 else str(chance.randint(1, images)))
        if number == cases // 4:
            shoot(page, screens, "reading_room" if images == 1 else "reading-room-quartet")
        page.wait_for_timeout(pace_s * 1000 if pace_s else chance.randint(350, 600))  # the next is fetched meanwhile
        page.keyboard.press(pressed[-1])
        if images == 1:
            page.wait_for_timeout(chance.randint(150, 400))
            page.keyboard.press(chance.choice("12345"))
        page.wait_for_selector(f".rr:not([data-case='{case}'])", state="attached")
    page.locator("h1:text-is('Thank you')").wait_for()
    shoot(page, screens, "reading-room-thanks")
    return [time["ms"] for time in page.evaluate("brainlabTimings") if time["kind"] == "next-case"][1:], pressed


def slips(folder: Path, pressed: list[str]) -> int:
    """Close and unblind the study, and count the answers on record that are not those of the keys pressed."""
    lifecycle.close(folder)
    lifecycle.unblind(folder, "benchmark")
    frame = answers_frame(folder, ("practice", "main"))
    given = frame["answer_shown" if "answer_shown" in frame else "answer"]
    meant = [{"f": "fake", "j": "real"}.get(key, key) for key in pressed]
    return sum(a != b for a, b in zip(given, meant, strict=True))


def shoot(page: Page, screens: Path | None, name: str) -> None:
    """Save a picture of the screen, where wanted."""
    if screens:
        page.screenshot(path=screens / f"{name}.png")


def main() -> None:
    """Measure, and print the times beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, help="prepared dataset; the first of the workspace if absent")
    parser.add_argument("--run", type=Path, help="run folder; the last at hand of the cohort's size if absent")
    parser.add_argument("--cases", type=int, default=100, help="an even number; 100 if absent")
    parser.add_argument("--images", type=int, default=1, help="images side by side; 1 if absent, else 2, 4, 6 or 8")
    parser.add_argument("--pace", type=float, default=0, help="seconds a case; as fast as it goes if absent")
    parser.add_argument("--screens", action="store_true", help="save pictures in docs/figures/screens/")
    args = parser.parse_args()
    cohort = args.cohort or cohort_folders()[0]
    run = args.run or next(
        run for run in reversed(run_folders()) if load_run(run).shape == PreparedDataset.open(cohort).shape
    )
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["BRAINLAB_WORKSPACE"] = scratch
        folder = study(cohort.resolve(), run.resolve(), args.cases, args.images)
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        with served(Path(scratch)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            link = lifecycle.issue_links(folder, server.url)[0].url
            screens = SCREENS if args.screens else None
            times, pressed = read(page, link, args.cases, args.images, args.pace, screens)
            browser.close()
        verdict = integrity.verify(folder)
        wrong = slips(folder, pressed)
    median, late = np.percentile(times, [50, 95])
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"next case, {len(times)} answers: median {median:.0f} ms, 95th percentile {late:.0f} ms (target {TARGET_MS})"
    )
    print(f"answers on record: {verdict.answers}, not as pressed: {wrong}, database whole: {verdict.ok}")


if __name__ == "__main__":
    main()
