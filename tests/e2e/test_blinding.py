"""Attempts to see through the blinding with a real browser: everything that reaches it is kept and searched."""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, WebSocket, expect
from playwright.sync_api import Error as PlaywrightError

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record import integrity
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.record.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
expect.set_options(timeout=60_000)

OUTSIDE = "brainlab.example"
SIDE = 24
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
            found += [row["id"], row["pixel_sha256"], hashlib.md5(row["pixels"]).hexdigest()]
            found.append(hashlib.sha1(row["pixels"]).hexdigest())
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


@pytest.fixture
def sealed(reading_server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sealed]:
    """Return a function that locks a study in which real images are bright, and makes links for two readers."""

    def make(base_url: str = "", n: int = 6, **changes: Any) -> Sealed:
        monkeypatch.setenv("BRAINLAB_WORKSPACE", str(reading_server.workspace))
        random = np.random.default_rng(int(time.time_ns()))
        people = Source(kind="cohort", name="GiveAwayPeople", n=n)
        machine = Source(kind="run", name="GiveAwayModel", n=n)
        protocol = Protocol(
            title="SecretTitle",
            sources=(people, machine),
            readers=(Reader(code="R1", name="Ann Example"), Reader(code="R2", name="Bob Example")),
            **{"practice": 2, "repeats_share": 0.25, "rest_break_every": 0, "practice_feedback": True, **changes},
        )
        cases = []
        for source in protocol.sources:
            for place in range(n + protocol.practice // 2):
                low = 150 if source.truth == "real" else 30
                pixels = random.integers(low, low + 80, (SIDE, SIDE), dtype=np.uint8)
                kind = "LesionKind" if source.truth == "real" else None
                case = Case(pixels, (1.0, 1.0), source.truth, source.name, practice=place >= n, disease_class=kind)
                cases.append(case)
        folder = lifecycle.study_folder(lifecycle.create_study(protocol))
        seal(folder, cases, {})
        return Sealed(folder, [link.url for link in lifecycle.issue_links(folder, base_url or reading_server.url)])

    return make


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


def read_all(page: Page) -> list[str]:
    """Answer every case and return the ids in the order shown."""
    seen = []
    while not page.locator("h1:text-is('Thank you')").count():
        if page.get_by_role("button", name="Next image").count():
            page.keyboard.press("Enter")
            page.wait_for_selector(".rr[data-case], h1:text-is('Thank you')", state="attached")
            continue
        shown = case(page)
        seen.append(shown)
        page.keyboard.press("jf"[len(seen) % 2])
        page.keyboard.press("3")
        page.wait_for_selector(f".rr:not([data-case='{shown}'])", state="attached")
        page.wait_for_selector(
            ".rr[data-case] .rr-panel:not(.rr-locked), h1:text-is('Thank you'), button:has-text('Next image')"
        )
    return seen


def test_a_whole_reading_leaves_no_trace_of_the_truth(reading_server, browser: Browser, sealed) -> None:
    """Leaks 1 to 7 and 12: frames, bodies, headers, page, storage, console, cookies, and the server's log."""
    study = sealed()
    context = browser.new_context()
    page = context.new_page()
    wire = Wire.of(page)
    begin(page, study.links[0])
    seen = read_all(page)
    assert len(seen) == len(set(seen)) == 2 + 12 + 3
    left = page.evaluate(EVERYTHING_IN_THE_BROWSER)
    everything = wire.text() + left.encode() + json.dumps(context.cookies()).encode()
    for secret in study.secrets():
        assert secret.encode() not in everything, secret
    assert b"Bob Example" not in everything
    assert not [line for line in left.splitlines() if line.startswith(("worker ", "cache ", "database "))]

    # The page's own words, without the libraries: no word of what is hidden.
    own = b"\n".join(
        [*wire.frames, *(body for url, found in wire.bodies.items() for body in found if "/reading/" in url)]
    )
    for word in (b"truth", b'label"', b'"source', b"stimulus", b"score", b"participant", b"kappa", b'"R2"'):
        assert word not in own, word

    pixels = {url.rsplit("/", 1)[1]: found for url, found in wire.bodies.items() if "/reading/pixels/" in url}
    assert set(seen) == set(pixels)
    assert {len(body) for found in pixels.values() for body in found} == {SIDE * SIDE}
    assert sum(len(found) for found in pixels.values()) == len(seen), "each image is fetched once, a repeat anew"
    with Store(study.folder).read() as db:
        stored = {
            row["id"]: row["pixels"]
            for row in db.execute(
                "SELECT presentation.id, pixels FROM presentation JOIN stimulus ON stimulus = stimulus.id"
            )
        }
    assert all(body == stored[id_] for id_, found in pixels.items() for body in found), "as stored, byte for byte"

    told = {tuple(sorted(name for name in head if name != "date")) for url, head in wire.headers if "/pixels/" in url}
    assert len(told) == 1
    assert not {"etag", "last-modified", "set-cookie"} & set(told.pop())
    for url, head in wire.headers:
        assert head.get("referrer-policy") == "no-referrer" or not url.startswith("http"), url
        assert "/brainlab/reading/" not in url or head["cache-control"] == "no-store"
    assert not [url for url, head in wire.asked if head.get("referer")], "no request says where it came from"
    log = reading_server.log.read_text()
    for secret in (study.token(), "GiveAway", "SecretTitle", *seen):
        assert secret not in log
    context.close()


def test_the_order_and_the_times_say_nothing(browser: Browser, sealed) -> None:
    """Labels and positions are uncorrelated, and the page's own clock loads both kinds alike."""
    study = sealed(n=20, practice=0, repeats_share=0.0)
    page = browser.new_page()
    wire = Wire.of(page)
    begin(page, study.links[0])
    seen = read_all(page)
    bright = {
        url.rsplit("/", 1)[1]: np.frombuffer(found[0], np.uint8).mean() > 125
        for url, found in wire.bodies.items()
        if "/pixels/" in url
    }
    labels = np.array([bright[id_] for id_ in seen])
    assert abs(np.corrcoef(labels, np.arange(40))[0, 1]) < 0.35
    ids = np.array([int(id_, 16) for id_ in seen], dtype=float)
    assert abs(np.corrcoef(labels, ids)[0, 1]) < 0.5
    entries = page.evaluate(
        "() => performance.getEntriesByType('resource').filter((e) => e.name.includes('/pixels/'))"
        ".map((e) => [e.name.split('/').pop(), e.transferSize, e.encodedBodySize])"
    )
    assert len(entries) == 40
    assert len({tuple(sizes) for _, *sizes in entries}) == 1, "on the wire, headers included, all are of one size"
    page.close()


@pytest.fixture
def outside(reading_server, browser: Browser, tmp_path: Path, monkeypatch) -> Iterator[tuple[str, BrowserContext]]:
    """A server behind a proxy that adds no header: the browser knows it by another name. Address and a browser."""
    monkeypatch.setenv("STREAMLIT_BROWSER_SERVER_ADDRESS", OUTSIDE)
    server = type(reading_server)(reading_server.workspace, tmp_path / "log.txt")
    server.start()
    rules = f"--host-resolver-rules=MAP {OUTSIDE} 127.0.0.1"
    away = browser.browser_type.launch(
        executable_path=_path(), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", rules]
    )
    yield f"http://{OUTSIDE}:{server.port}", away.new_context()
    away.close()
    server.stop()


def _path() -> str:
    """Return where Chromium is, which the fixture `browser` has found."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))


def test_no_page_but_the_reading_room_opens_with_a_link(outside, sealed) -> None:
    """Leak 14: every page's address, with the link and without it, and the reader's part of the address changed."""
    url, context = outside
    study = sealed(url)
    query = urlsplit(study.links[0]).query
    pages = ("", "start", "cohort", "generate", "explorer", "lda", "study_desk", "reading_room", "reading-room")
    for name in pages:
        page = context.new_page()
        wire = Wire.of(page, bodies=False)
        page.goto(f"{url}/{name}?{query}")
        page.locator(".rr-card").wait_for(timeout=30_000)
        assert page.locator("[data-testid=stSidebar], [data-testid=stSidebarNav]").count() == 0
        for word in (b"Study desk", b"Latent explorer", b"SecretTitle", b"GiveAway"):
            assert word not in b"\n".join(wire.frames), (name, word)
        page.close()
        page = context.new_page()
        wire = Wire.of(page, bodies=False)
        page.goto(f"{url}/{name}")
        page.get_by_text("open only on the machine that runs brainlab").wait_for(timeout=30_000)
        for word in (b"Study desk", b"Latent explorer", b"SecretTitle", b"GiveAway"):
            assert word not in b"\n".join(wire.frames), (name, word)
        page.close()


def test_no_route_gives_a_reader_a_file_a_figure_or_another_case(outside, sealed, reading_server) -> None:
    """Leaks 1, 14 and 15: files, figures, later cases, another's case, other methods, tricks with the address."""
    url, context = outside
    study, other = sealed(url), sealed(url)
    page = context.new_page()
    begin(page, study.links[0])
    with Store(study.folder).read() as db:
        later = [row[0] for row in db.execute("SELECT id FROM presentation WHERE reading = 1 AND position > 4")]
        others = [row[0] for row in db.execute("SELECT id FROM presentation WHERE reading = 2")]
    protocol = lifecycle.load_protocol(study.folder).to_json()
    names = [hashlib.new(kind, protocol.encode()).hexdigest() for kind in ("sha1", "sha224", "sha256", "md5")]
    roots = ("", "/static", "/app/static", "/media", "/component", "/_stcore/bidi-components", "/brainlab/assets/x")
    files = [
        *(f"/data/default/studies/{study.study}/{name}" for name in ("study.db", "truth.db", "anchor.log")),
        *(f"{start}/{up}studies/{study.study}/truth.db" for start in roots for up in ("", "..%2f", "..%2f" * 6)),
        *(f"/media/{name}.json" for name in names),
        "/_stcore/metrics", "/_stcore/metrics/", "/_stcore/script-health-check", "/_stcore/agent", "/_stcore/sessions",
        "/_stcore/upload_file/a/b", "/brainlab/volume/x", "/brainlab/picture/x", "/brainlab/reading/enter",
        "/brainlab/reading/truth", "/brainlab/report", "/brainlab/export", "/export.csv", "/.streamlit/secrets.toml",
        f"/brainlab/reading/pixels/{later[0]}?study={study.study}&token={study.token()}&tab={'x' * 20}",
    ]  # fmt: skip
    ask = """
    async ([path, method, headers, body]) => {
      const reply = await fetch(path, { method, headers, body, cache: "no-store" }).catch(() => null);
      if (!reply) return [0, ""];
      return [reply.status, await reply.text()];
    }
    """
    shell = page.evaluate(ask, ["/no-such-page", "GET", {}, None])[1]
    secrets = [secret for secret in study.secrets() if secret]
    for path in files:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
            status, text = page.evaluate(ask, [path, method, {}, None])
            assert "SQLite format" not in text, path
            assert not [secret for secret in secrets if secret in text], path
            # What is not refused is Streamlit's empty page, which is the same for every address.
            assert status >= 400 or not text or text == shell or (path.startswith("/_stcore") and text == "ok"), (
                path,
                text,
            )
    assert page.evaluate(ask, ["/_stcore/metrics", "GET", {}, None])[0] == 404

    mine = {"X-Study": study.study, "X-Token": study.token(), "X-Tab": "an attacker's own tab"}
    known = case(page)
    assert page.evaluate(ask, [f"/brainlab/reading/pixels/{known}", "GET", mine | {"X-Tab": "t" * 20}, None])[0] == 409
    for id_ in (*later, *others):
        assert page.evaluate(ask, [f"/brainlab/reading/pixels/{id_}", "GET", mine, None])[0] == 409
    foreign = mine | {"X-Study": other.study}
    assert page.evaluate(ask, [f"/brainlab/reading/pixels/{known}", "GET", foreign, None])[0] == 403
    foreign = mine | {"X-Token": other.token()}
    assert page.evaluate(ask, [f"/brainlab/reading/pixels/{known}", "GET", foreign, None])[0] == 403
    spoofed = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    assert page.evaluate(ask, ["/_stcore/metrics", "GET", spoofed, None])[0] == 404


def test_a_link_that_ends_takes_the_case_off_the_screen(browser: Browser, sealed) -> None:
    study = sealed(practice=0)
    page = browser.new_page()
    begin(page, study.links[0])
    shown = case(page)
    page.keyboard.press("j")
    page.keyboard.press("3")
    page.wait_for_selector(f".rr[data-case]:not([data-case='{shown}']) .rr-panel:not(.rr-locked)")
    lifecycle.revoke_link(study.folder, "R1")
    page.keyboard.press("j")
    page.keyboard.press("3")
    expect(
        page.get_by_text("This link is not valid, or not valid any more").or_(
            page.get_by_text("this link is not valid")
        )
    ).to_be_visible()
    assert page.locator(".rr canvas").count() == 0
    page.reload()
    page.get_by_text("This link is not valid").wait_for()
    assert page.locator(".rr").count() == 0
    assert integrity.verify(study.folder).answers == 1, "what was answered before stays"

    (fresh,) = lifecycle.issue_links(study.folder, study.links[0].split("/reading-room")[0], readers=["R1"])
    page.goto(fresh.url)
    page.get_by_role("button", name="I see all steps").click()
    case(page)
    expect(page.locator(".rr-foot")).to_contain_text("Image 2 of 15")
    page.close()


def test_two_readers_in_one_browser_do_not_meet(browser: Browser, sealed) -> None:
    """Leak 15: tabs of one browser share cookies and storage, and nothing of the readings."""
    study = sealed(practice=0)
    context = browser.new_context()
    first, second = context.new_page(), context.new_page()
    wire = Wire.of(second)
    begin(first, study.links[0])
    seen = read_all(first)
    begin(second, study.links[1])
    expect(second.locator(".rr-foot")).to_contain_text("Image 1 of 15")
    left = second.evaluate(EVERYTHING_IN_THE_BROWSER)
    for secret in (study.token(0), *seen):
        assert secret.encode() not in wire.text()
        assert secret not in left
    context.close()


def test_nobody_else_learns_the_address_from_the_browser(browser: Browser, sealed) -> None:
    study = sealed(practice=0)
    page = browser.new_page()
    begin(page, study.links[0])
    page.route("http://elsewhere.example/**", lambda route: route.fulfill(body="<p>here</p>", content_type="text/html"))
    with page.expect_request("http://elsewhere.example/**") as asked:
        page.evaluate("location.href = 'http://elsewhere.example/page'")
    page.get_by_text("here").wait_for()
    assert "referer" not in asked.value.headers
    assert page.evaluate("document.referrer") == ""
    page.close()


def test_the_desk_shows_no_answer_before_unblinding(reading_server, browser: Browser, sealed, idle: str) -> None:
    """A researcher follows two readers, one of whom says real throughout; nothing on the wire tells which."""
    study = sealed(practice=0)
    reader = browser.new_page()
    begin(reader, study.links[0])
    read_all(reader)
    page = browser.new_page()
    wire = Wire.of(page)
    page.goto(f"{reading_server.url}/study_desk")
    page.wait_for_selector(idle)
    expect(page.get_by_text("finished")).to_be_visible()
    page.wait_for_timeout(6000)  # the live view comes again
    frames = b"\n".join(wire.frames)
    assert b"(median)" in frames
    with Store(study.folder).read() as db:
        answers = [row[0] for row in db.execute("SELECT hash FROM answer_event")]
        stimuli = [row[0] for row in db.execute("SELECT id FROM stimulus")]
    for secret in (*answers, *stimuli, "sensitivity", "accuracy", "LesionKind", '"real"', '"fake"'):
        assert secret.encode() not in frames, secret
    page.close()
    reader.close()
