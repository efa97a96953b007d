"""Texts that others bring (labels, people, titles, names of cohorts and runs) stay texts on every page."""

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response

from brainlab.cohort.prepared import PreparedDataset
from brainlab.generators.vae import VAEConfig
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from tests.conftest import write_cohort, write_run
from tests.e2e.conftest import IDLE, Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SCRIPT = "<img src=x onerror=pwn()><script>pwn()</script>"
PICTURE = "![a](http://evil.example/a.png)"
LINK = "[a](javascript:pwn())"
STYLE = "</style><style>@import url(http://evil.example/b.css)</style>"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server on a workspace in which every text is an attack."""
    home = tmp_path_factory.mktemp("hostile")
    workspace = home / "workspace"
    cohort, run = "a<img src=x onerror=pwn()>", "b![a](http:evil.example)"
    write_cohort(workspace / "cohorts" / cohort)
    table = workspace / "cohorts" / cohort / "scans.tsv"
    text = table.read_text(encoding="utf-8").replace("\tms\t", f"\t{SCRIPT}{PICTURE}\t").replace("sub-0001", LINK)
    table.write_text(text.replace("sub-0002", SCRIPT).replace("sub-0003", STYLE), encoding="utf-8")
    data = PreparedDataset.open(workspace / "cohorts" / cohort)
    small = VAEConfig(latent_dim=8, widths=(8, 8), dense_width=16, residual_blocks=0)
    write_run(workspace / "runs" / run, "vae-8", small, data)
    (workspace / "runs" / run / "card.md").write_text(f"# {SCRIPT}\n\n{PICTURE} {LINK}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINLAB_WORKSPACE", str(workspace))
        sources = (Source(kind="cohort", name=cohort, n=4), Source(kind="run", name=run, n=4))
        readers = (Reader(code="R1", name=f"{SCRIPT}{PICTURE}"),)
        lifecycle.create_study(Protocol(title=f"{SCRIPT}{PICTURE}{LINK}", sources=sources, readers=readers))
    server = Server(workspace, home / "log.txt", HOME=str(home))
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.mark.parametrize("path", ["", "cohort", "generate", "explorer", "lda", "leaderboard", "train", "study_desk"])
def test_no_text_runs_or_fetches_anything(browser, hostile: Server, path: str) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.set_default_timeout(200_000)
    replies: list[Response] = []
    page.route(lambda url: "evil" in urlsplit(url).netloc, lambda route: route.fulfill(body="here"))
    page.on("response", lambda reply: replies.append(reply))
    page.add_init_script("window.pwned = 0; window.pwn = () => window.pwned++;")
    page.goto(f"{hostile.url}/{path}")
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(500)
    assert page.locator("[data-testid=stAppViewContainer]").inner_text().strip()
    assert page.evaluate("pwned") == 0
    assert page.locator("img[onerror], script:text('pwn'), a[href^='javascript:']").count() == 0
    fetched = [reply.url for reply in replies if not reply.url.startswith((hostile.url, "blob:", "data:"))]
    assert not fetched, "what a text names is not fetched from elsewhere, which would tell that somebody reads it"
    context.close()
