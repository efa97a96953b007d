"""A real server on a small workspace, and a real Chromium. Without Chromium these tests are skipped."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from app.server.routes import asset_path

PROJECT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
"""The browser found; the first has no windows of its own to draw, which halves what it costs."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
"""Selector of the page once Streamlit has nothing left to do."""

MOUNT = """
async ([path, options, text, width]) => {
  const { createViewer } = await import(path);
  const host = document.createElement("div");
  host.id = "probe";
  host.style.cssText = `position: fixed; left: 0; top: 0; width: ${width}px`;
  document.body.append(host);
  const buffer = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  globalThis.viewer = createViewer(host, { window: { low: 0, high: 255 }, ...options, buffer });
  await viewer.ready;
  viewer.paint();
}
"""


class Server:
    """`streamlit run app/main.py` on a free port of its own and a given workspace."""

    def __init__(self, workspace: Path, log: Path, **environment: str) -> None:
        self.workspace = workspace
        self.log = log
        self.environment = environment
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start, or start again on the same port, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(self.port)]
        environment = os.environ | {"BRAINLAB_WORKSPACE": str(self.workspace), "OMP_NUM_THREADS": "1"}
        environment |= self.environment
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--server.headless", "true"], cwd=PROJECT, env=environment, stdout=log, stderr=log
            )
        for _ in range(1200):
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as reply:
                    if reply.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not start: {self.log.read_text(encoding='utf-8')[-2000:]}")

    def kill(self) -> None:
        """Kill without warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask to stop."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@pytest.fixture(scope="session")
def server(tiny_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running server on the tiny workspace, for tests that leave it running."""
    started = Server(tiny_workspace, tmp_path_factory.mktemp("server") / "log.txt")
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def reading_server(tiny_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a second server on a copy of the tiny workspace without studies, which tests may kill and start again."""
    folder = tmp_path_factory.mktemp("reading")
    shutil.copytree(tiny_workspace, folder / "workspace", ignore=shutil.ignore_patterns("studies"))
    started = Server(folder / "workspace", folder / "log.txt")
    started.start()
    yield started
    started.stop()


@pytest.fixture
def own_server(tiny_workspace: Path, tmp_path: Path) -> Iterator[Server]:
    """Return a server of the test's own, not started yet, whose home is the test's folder."""
    made = Server(tiny_workspace, tmp_path / "log.txt", HOME=str(tmp_path))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium; skips where there is none."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install Debian's package `chromium-headless-shell` or `chromium`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """Return the browser context that pages share, so that the app's scripts are fetched and compiled once."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """Return a page without cookies; an error in its scripts, or what its headers' policy forbids, fails the test."""
    window.clear_cookies()
    opened = window.new_page()
    opened.set_default_timeout(90_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if "policy" in said.text.lower() else None)
    yield opened
    for left in window.pages:
        left.close()
    assert not errors


@pytest.fixture
def idle() -> str:
    """Return the selector of a page that has finished its run."""
    return IDLE


@pytest.fixture
def visit(page: Page, server: Server) -> Callable[[str], Page]:
    """Return a function that opens a path of the app and waits until the page has finished its run."""

    def go(path: str) -> Page:
        page.goto(f"{server.url}/{path}")
        page.wait_for_selector(IDLE)
        return page

    return go


@pytest.fixture
def drawn() -> Callable[..., Locator]:
    """Return a function that waits until the first viewer of a page shows a volume, and returns it."""

    def wait(page: Page, selector: str = ".bv") -> Locator:
        viewer = page.locator(selector).first
        viewer.wait_for()
        page.wait_for_function("e => e.viewer.state.data !== null", arg=viewer.element_handle())
        return viewer

    return wait


@pytest.fixture
def settled() -> Callable[[Page], Locator]:
    """Return a function that waits until the explorer shows the brain of its present code, and returns the explorer."""

    def wait(page: Page) -> Locator:
        explorer = page.locator(".bv-explorer")
        page.wait_for_function(
            "e => !e.explorer.running && e.explorer.drawn === e.explorer.requests", arg=explorer.element_handle()
        )
        return explorer

    return wait


@pytest.fixture
def shown_hash() -> str:
    """Return script that gives the SHA-256 of the volume that a viewer shows."""
    return """
async element => {
  const digest = await crypto.subtle.digest("SHA-256", element.viewer.state.data);
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
"""


@pytest.fixture
def mount_viewer(server: Server) -> Callable[..., Page]:
    """Return a function that shows bytes [X, Y, Z] in a viewer alone on a page, whose scripts know it as `viewer`."""

    def mount(page: Page, volume: np.ndarray, width: int = 720, **options: Any) -> Page:
        blank = f"{server.url}/blank"
        page.route(blank, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto(blank)
        options = {"shape": volume.shape, **options}
        text = base64.b64encode(volume.astype(np.uint8).tobytes()).decode()
        page.evaluate(MOUNT, [asset_path("volume_viewer/viewer/viewer.js"), options, text, width])
        return page

    return mount


@pytest.fixture
def right_third() -> np.ndarray:
    """Return 40 x 48 x 40 bytes of which only the patient's right third is bright."""
    volume = np.zeros((40, 48, 40), np.uint8)
    volume[27:] = 200
    return volume
