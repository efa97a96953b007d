"""Attempts to see through the blinding from another machine: pages and routes, with a link and without one."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.questions import ONE_REAL, VERDICT
from brainlab.reading.record.store import Store
from tests.e2e.conftest import CHROMIUM, FLAGS, Server
from tests.e2e.reading.blinding_tools import Wire, begin, case

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

OUTSIDE = "brainlab.example"

either = pytest.mark.parametrize("question", [VERDICT, ONE_REAL], ids=["single", "quartets"])


@pytest.fixture(scope="module")
def far_server(
    reading_server: Server, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Browser]]:
    """A server behind a proxy that adds no header: the browser knows it by another name; and that browser."""
    log = tmp_path_factory.mktemp("far") / "log.txt"
    server = Server(reading_server.workspace, log, STREAMLIT_BROWSER_SERVER_ADDRESS=OUTSIDE)
    server.start()
    rules = f"--host-resolver-rules=MAP {OUTSIDE} 127.0.0.1"
    away = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, rules])
    yield server, away
    away.close()
    server.stop()


@pytest.fixture
def outside(far_server: tuple[Server, Browser]) -> Iterator[tuple[str, BrowserContext]]:
    """Address of the server and a browser without cookies."""
    server, away = far_server
    context = away.new_context()
    yield f"http://{OUTSIDE}:{server.port}", context
    context.close()


@pytest.mark.parametrize(
    "question", [VERDICT, pytest.param(ONE_REAL, marks=pytest.mark.slow)], ids=["single", "quartets"]
)
def test_no_page_but_the_reading_room_opens_with_a_link(outside, sealed, question) -> None:
    """Leak 14: every page's address, with the link and without it, and the reader's part of the address changed."""
    url, context = outside
    study = sealed(url, questions=(question,))
    query = urlsplit(study.links[0]).query
    pages = (
        "",
        "start",
        "cohort",
        "train",
        "generate",
        "explorer",
        "lda",
        "study_desk",
        "reading_room",
        "reading-room",
    )
    # One tab for all addresses with the link and one for those without: a new tab for each would take twice as long.
    linked, bare = context.new_page(), context.new_page()
    wires = {page: Wire.of(page, bodies=False) for page in (linked, bare)}
    for name in pages:
        for page, address in ((linked, f"{url}/{name}?{query}"), (bare, f"{url}/{name}")):
            page.bring_to_front()
            page.goto("about:blank")
            wires[page].frames.clear()
            page.goto(address)
            if page is linked:
                page.locator(".rr-card").wait_for(timeout=30_000)
                assert page.locator("[data-testid=stSidebar], [data-testid=stSidebarNav]").count() == 0
            else:
                page.get_by_text("available only on the machine that runs brainlab").wait_for(timeout=30_000)
            assert wires[page].frames
            for word in (b"Study desk", b"Latent explorer", b"SecretTitle", b"GiveAway"):
                assert word not in b"\n".join(wires[page].frames), (name, word)
            page.evaluate("sessionStorage.clear()")  # the next visit finds what a new tab would


@either
def test_no_route_gives_a_reader_a_file_a_figure_or_another_case(outside, sealed, reading_server, question) -> None:
    """Leaks 1, 14 and 15: files, figures, later cases, another's case, other methods, tricks with the address."""
    url, context = outside
    study, other = sealed(url, questions=(question,)), sealed(url, questions=(question,))
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


@pytest.mark.skipif(sys.platform != "linux", reason="looks into another process's memory")
def test_a_server_that_only_readers_use_loads_no_torch(far_server, outside, sealed) -> None:
    """It starts in half the time and needs a fraction of the memory."""
    url, context = outside
    page = context.new_page()
    begin(page, sealed(url).links[0])
    case(page)
    maps = Path(f"/proc/{far_server[0].process.pid}/maps").read_text(encoding="utf-8")
    assert "scipy" in maps
    assert "torch" not in maps
