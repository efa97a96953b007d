"""What attempts on the blinding share: a study with secrets, a record of all that reaches a browser, a reader."""

import contextlib
import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Response, WebSocket

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.composition import practice_counts, wanted_and_others
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import VERDICT
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.record.store import Store

SIDE = 24
HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256)
EVERYTHING_IN_THE_BROWSER = """
async () => {
  const text = [document.title, location.href, document.referrer];
  const walk = (node) => {
    for (const child of node.childNodes ?? []) {
      if (child.nodeType === Node.TEXT_NODE) text.push(child.data);
      for (const { name, value } of child.attributes ?? []) text.push(`${name}=${value}`);
      if (child.shadowRoot) walk(child.shadowRoot);
      walk(child);
    }
  };
  walk(document);
  for (const store of [localStorage, sessionStorage]) text.push(JSON.stringify({ ...store }));
  text.push(document.cookie);
  for (const entry of performance.getEntries()) text.push(JSON.stringify(entry));
  for (const worker of await navigator.serviceWorker?.getRegistrations() ?? []) text.push("worker " + worker.scope);
  for (const name of await globalThis.caches?.keys() ?? []) text.push("cache " + name);
  for (const { name } of await indexedDB.databases()) text.push("database " + name);
  return text.join("\\n");
}
"""


@dataclass
class Sealed:
    """A locked study, and everything about it that no reader may come to know."""

    folder: Path
    links: list[str]

    @property
    def study(self) -> str:
        return self.folder.name

    def token(self, reader: int = 0) -> str:
        return parse_qs(urlsplit(self.links[reader]).query)["token"][0]

    def secrets(self) -> list[str]:
        """Names, ids and hashes, as text."""
        with Store(self.folder).read() as db:
            rows = db.execute("SELECT id, pixel_sha256, pixels FROM stimulus").fetchall()
        found = ["GiveAwayPeople", "GiveAwayModel", "SecretTitle", "Ann Example", "LesionKind", "truth.db"]
        found += [str(self.folder), str(self.folder.parent)]
        for row in rows:
            found += [row["id"], row["pixel_sha256"]]
            images = [row["pixels"][start : start + SIDE**2] for start in range(0, len(row["pixels"]), SIDE**2)]
            found += [made(image).hexdigest() for image in (row["pixels"], *images) for made in HASHES]
        return found


@dataclass
class Wire:
    """Everything that a page sent and got."""

    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    frames: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    headers: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page, bodies: bool = True) -> "Wire":
        wire = cls()
        if bodies:
            page.on("response", wire._response)
        page.on("request", lambda request: wire.asked.append((request.url, request.headers)))
        page.on("console", lambda message: wire.console.append(message.text))
        page.on("websocket", wire._socket)
        return wire

    def _response(self, response: Response) -> None:
        self.headers.append((response.url, response.headers))
        if response.ok and response.status != 204:
            with contextlib.suppress(PlaywrightError):  # the page went away before the body was there
                self.bodies.setdefault(response.url, []).append(response.body())

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self.frames.append(data if isinstance(data, bytes) else data.encode()))
        socket.on("framesent", lambda data: self.sent.append(data if isinstance(data, bytes) else data.encode()))

    def text(self) -> bytes:
        """All of it, names of requests and headers too."""
        bodies = [body for found in self.bodies.values() for body in found]
        names = json.dumps([self.headers, self.asked, self.console]).encode()
        return b"\n".join([*bodies, *self.frames, *self.sent, names])


def lock_bright_and_dark(base_url: str, n: int = 6, **changes: Any) -> Sealed:
    """Lock a study in which real images are bright and generated ones dark, and make links for its two readers.

    To be called with the workspace set. n: real images, and as many generated ones as the first question takes with
    them. changes: to the protocol.
    """
    first = changes.get("questions", (VERDICT,))[0]
    fakes = n * wanted_and_others(first)["fake"] if first.places else n
    random = np.random.default_rng(int(time.time_ns()))
    people = Source(kind="cohort", name="GiveAwayPeople", n=n)
    machine = Source(kind="run", name="GiveAwayModel", n=fakes)
    protocol = Protocol(
        title="SecretTitle",
        sources=(people, machine),
        readers=(Reader(code="R1", name="Ann Example"), Reader(code="R2", name="Bob Example")),
        **{"practice": 2, "repeats_share": 0.25, "rest_break_every": 0, "practice_feedback": True, **changes},
    )
    cases = []
    practice = practice_counts(first, ["real", "fake"], protocol.practice)
    for source, drills in zip(protocol.sources, practice, strict=True):
        for place in range(source.n + drills):
            low = 150 if source.truth == "real" else 30
            pixels = random.integers(low, low + 80, (SIDE, SIDE), dtype=np.uint8)
            kind = "LesionKind" if source.truth == "real" else None
            case = Case(pixels, (1.0, 1.0), source.truth, source.name, practice=place >= source.n, disease_class=kind)
            cases.append(case)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol))
    seal(folder, group_cases(cases, first, random) if first.places else cases, {})
    return Sealed(folder, [link.url for link in lifecycle.issue_links(folder, base_url)])


def begin(page: Page, link: str) -> None:
    """Go through instructions and consent to the first case."""
    page.set_default_timeout(60_000)
    page.goto(link)
    page.get_by_role("button", name="I see all steps").click()
    page.get_by_role("button", name="I agree").click()
    case(page)


def case(page: Page) -> str:
    """Wait for a case that takes answers and return its id."""
    page.wait_for_selector(".rr[data-case] .rr-panel:not(.rr-locked)")
    return str(page.locator(".rr").get_attribute("data-case"))


def read_all(page: Page, keys: str = "jf") -> list[str]:
    """Answer every case, by one key and another in turn, and return the ids in the order shown."""
    seen: list[str] = []
    while not page.locator("h1:text-is('Thank you')").count():
        if page.get_by_role("button", name=re.compile("^Next")).count():
            page.keyboard.press("Enter")
            page.wait_for_selector(".rr[data-case], h1:text-is('Thank you')", state="attached")
            continue
        shown = case(page)
        seen.append(shown)
        page.keyboard.press(keys[len(seen) % 2])
        page.keyboard.press("3")
        page.wait_for_selector(f".rr:not([data-case='{shown}'])", state="attached")
        page.wait_for_selector(
            ".rr[data-case] .rr-panel:not(.rr-locked), h1:text-is('Thank you'), button:text-matches('^Next')"
        )
    return seen
