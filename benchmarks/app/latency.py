"""Measure how soon the app answers a hand, in headless Chromium, against the targets of the app's design.

    python -m benchmarks.app.latency [--workspace FOLDER] [--run NAME] [--json OUT]

Each time runs from the input event's own timestamp to the first task after the frame that shows its effect. While a
slider is dragged, the first pixel of the drawn plane carries the number of the request whose volume it shows, and is
read back: a time counts only when the right volume was drawn.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from playwright.async_api import Browser, Page, async_playwright

from app.server.routes import asset_path
from brainlab.workspace import PROJECT

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
TARGETS_MS = {
    "slice, crosshair, window; 40x48x40": (16, 33),
    "slice, crosshair, window; 182x218x182": (16, 33),
    "latent slider drag": (30, 60),
    "slider release to Streamlit in step": (50, 100),
    "warm page to first image": (1500, 2500),
    "four people dragging at once": (150, 200),
}
"""Interaction to its targets for the median and the 95th percentile."""

MOUNT = """
async ([path, shape]) => {
  const { createViewer } = await import(path);
  const host = document.createElement("div");
  host.id = "probe";
  host.style.cssText = "position:fixed;left:0;top:0;width:1100px;z-index:2147483647";
  document.body.append(host);
  const buffer = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => (i * 2654435761) >>> 24);
  await createViewer(host, { shape, spacing: [1, 1, 1], buffer }).ready;
}
"""
BARE = """
() => {
  const canvas = document.createElement("canvas");
  canvas.id = "probe";
  canvas.tabIndex = 0;
  canvas.style.cssText = "position:fixed;left:0;top:0;width:400px;height:400px;z-index:2147483647";
  document.body.append(canvas);
  const context = canvas.getContext("2d");
  for (const name of ["wheel", "pointermove", "keydown"]) canvas.addEventListener(name, (event) => {
    event.preventDefault();
    context.fillRect(0, 0, 1, 1);
    const done = () => brainlabTimings.push({ kind: "view", ms: performance.now() - event.timeStamp });
    requestAnimationFrame(() => setTimeout(done));
  }, { passive: false });
  canvas.focus();
}
"""
WATCH_RELEASE = """
() => {
  const app = document.querySelector("[data-testid=stApp]");
  let released = null, ran = false;
  document.addEventListener("pointerup", (event) => { released = event.timeStamp; ran = false; }, true);
  new MutationObserver(() => {
    const state = app.getAttribute("data-test-script-state");
    if (state === "running") ran = true;
    else if (ran && released !== null) {
      brainlabTimings.push({ kind: "release", ms: performance.now() - released });
      released = null;
    }
  }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}
"""


async def measure(url: str, run: str) -> dict[str, list[float]]:
    """Return the times in ms of each interaction."""
    async with async_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        found: dict[str, list[float]] = {}
        page = await opened(browser, f"{url}/explorer?run={run}")
        for shape in ([40, 48, 40], [182, 218, 182]):
            name = "x".join(map(str, shape))
            found[f"slice, crosshair, window; {name}"] = await view(page, shape)
        found["the same events, nothing drawn"] = await bare(page)
        await page.reload()
        await ready(page)
        await page.evaluate(WATCH_RELEASE)
        found["latent slider drag"] = await drag(page)
        found["slider release to Streamlit in step"] = await releases(page)
        found["warm page to first image"] = await first_images(page)
        await page.context.close()
        people = [await opened(browser, f"{url}/explorer?run={run}") for _ in range(4)]
        together = await asyncio.gather(*(drag(person) for person in people))
        found["four people dragging at once"] = [ms for times in together for ms in times]
        await browser.close()
        return found


async def opened(browser: Browser, address: str) -> Page:
    """Open a page that keeps its own times, and wait for its first brain."""
    context = await browser.new_context(viewport={"width": 1400, "height": 950})
    page = await context.new_page()
    page.set_default_timeout(120_000)
    await page.add_init_script("globalThis.brainlabTimings = []")
    await page.goto(address)
    await ready(page)
    return page


async def ready(page: Page) -> None:
    """Wait for the first brain and for Streamlit to have finished."""
    await page.wait_for_function("() => brainlabTimings.some((t) => t.kind === 'first-image')", timeout=120_000)
    await page.wait_for_selector(IDLE, timeout=120_000)


async def times(page: Page, kind: str) -> list[dict[str, Any]]:
    """Return and forget the times of one kind."""
    taken = await page.evaluate("() => brainlabTimings.splice(0)")
    return [entry for entry in taken if entry["kind"] == kind]


async def view(page: Page, shape: list[int]) -> list[float]:
    """Scroll slices by wheel and keys, drag the crosshair and the window in a viewer of this shape."""
    await page.evaluate(MOUNT, [asset_path("volume_viewer/viewer/viewer.js"), shape])
    await stir(page, "#probe canvas[data-plane=axial]")
    taken = [entry["ms"] for entry in await times(page, "view")]
    await page.evaluate("document.querySelector('#probe').remove()")
    return taken


async def bare(page: Page) -> list[float]:
    """Return the times of the same events on an empty canvas whose handlers do nothing: what the browser takes."""
    await page.evaluate(BARE)
    await stir(page, "#probe")
    taken = [entry["ms"] for entry in await times(page, "view")]
    await page.evaluate("document.querySelector('#probe').remove()")
    return taken


async def stir(page: Page, canvas: str, count: int = 40) -> None:
    """Turn the wheel, press arrow keys, drag with the left and with the right button, each `count` times."""
    box = await page.locator(canvas).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.click(x, y)
    await asyncio.sleep(0.2)
    await times(page, "view")
    # A hand keeps no step with the screen. Fixed pauses would: each starts when the last frame was out.
    pause = np.random.default_rng(0)
    for number in range(count):
        await page.mouse.wheel(0, 100 if number % 20 < 10 else -100)
        await asyncio.sleep(pause.uniform(0.02, 0.053))
    for number in range(count):
        await page.keyboard.press("ArrowUp" if number % 20 < 10 else "ArrowDown")
        await asyncio.sleep(pause.uniform(0.02, 0.053))
    for button in ("left", "right"):
        await page.mouse.move(x, y)
        await page.mouse.down(button=button)  # type: ignore[arg-type]
        for number in range(count):
            await page.mouse.move(x + number, y + number / 2)
            await asyncio.sleep(pause.uniform(0.02, 0.053))
        await page.mouse.up(button=button)  # type: ignore[arg-type]
    await asyncio.sleep(0.3)


async def drag(page: Page, moves: int = 120) -> list[float]:
    """Drag the first slider to and fro without stopping; returns the times to the frames that show what was asked."""
    box = await page.locator(".bv-slider input").first.bounding_box()
    assert box is not None
    y = box["y"] + 22
    await page.mouse.move(box["x"] + box["width"] / 2, y)
    await page.mouse.down()
    await times(page, "latent")
    for number in range(moves):
        share = 0.5 + 0.4 * np.sin(number / 9)
        await page.mouse.move(box["x"] + box["width"] * float(share), y)
        await asyncio.sleep(0.025)
    await asyncio.sleep(0.5)
    taken = await times(page, "latent")
    await page.mouse.up()
    # A newer volume may have come before the frame was drawn; an older one must never be shown.
    if stale := [entry for entry in taken if entry["shown"] < entry["id"]]:
        raise SystemExit(f"error: {len(stale)} of {len(taken)} frames showed an older volume than the one asked for")
    return [entry["ms"] for entry in taken]


async def releases(page: Page, count: int = 12) -> list[float]:
    """Click the first slider's track at several places and wait for Streamlit each time."""
    await page.wait_for_selector(IDLE)
    box = await page.locator(".bv-slider input").first.bounding_box()
    assert box is not None
    await times(page, "release")
    for number in range(count):
        await page.mouse.click(box["x"] + box["width"] * (0.3 + 0.03 * number), box["y"] + 22)
        await asyncio.sleep(0.8)
        await page.wait_for_selector(IDLE)
    return [entry["ms"] for entry in await times(page, "release")]


async def first_images(page: Page, count: int = 5) -> list[float]:
    """Load the page again and again; returns the times from navigation to the first brain."""
    taken = []
    for _ in range(count):
        await page.reload()
        await ready(page)
        taken += [entry["ms"] for entry in (await times(page, "first-image"))[:1]]
    return taken


class Served(NamedTuple):
    """A running app: its address and its process."""

    url: str
    pid: int


@contextmanager
def served(workspace: Path | None) -> Iterator[Served]:
    """Serve the app on a free port until the block ends."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = dict(os.environ) | ({"BRAINLAB_WORKSPACE": str(workspace)} if workspace else {})
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port)]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(480):
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.25)
        yield Served(f"http://localhost:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """Measure, print a table and, with --json, write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="the default workspace if absent")
    parser.add_argument("--run", default="ivae-256")
    parser.add_argument("--json", type=Path, help="where to write all times")
    args = parser.parse_args()
    with served(args.workspace) as server:
        found = asyncio.run(measure(server.url, args.run))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'interaction':42s} {'n':>4s} {'p50':>7s} {'p95':>7s}   target (p50, p95)")
    for name, taken in found.items():
        p50, p95 = np.percentile(taken, [50, 95]) if taken else (np.nan, np.nan)
        said = ""
        if goal := TARGETS_MS.get(name):
            met = "met" if p50 <= goal[0] and p95 <= goal[1] else "not met"
            said = f"{goal[0]}, {goal[1]} ms: {met}"
        print(f"{name:42s} {len(taken):4d} {p50:7.1f} {p95:7.1f}   {said}")
    if args.json:
        args.json.write_text(
            json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "ms": found}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
