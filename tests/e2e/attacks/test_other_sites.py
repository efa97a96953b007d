"""Pages of other sites, and visitors who pretend to sit at this machine, against the real server."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.attacks.conftest import STRANGER, Target

EVIL = "http://evil.example"


@pytest.mark.parametrize(
    "headers",
    [
        STRANGER,
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"},
        {"X-Forwarded-For": "not an address"},
        {"X-Forwarded-For": ""},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"X-Client-IP": "::1"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
@pytest.mark.parametrize("page", ["", "study_desk", "cohort"])
def test_who_came_through_a_proxy_gets_the_sign_in_page_alone(target: Target, headers: dict[str, str], page: str):
    told = target.shows(page=page, **headers)
    assert b"Researchers' password" in told
    assert b"Study desk" not in told
    assert b"SecretTitle" not in told


def test_another_address_gets_the_sign_in_page_whatever_host_it_names(tiny_workspace, tmp_path):
    """A server that listens on the network, reached by this machine's own address in it."""
    from tests.e2e.conftest import Server

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            route.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("needs a network interface beside the loopback one")
        address = route.getsockname()[0]
    server = Server(tiny_workspace, tmp_path / "log.txt", HOME=str(tmp_path), STREAMLIT_SERVER_ADDRESS="0.0.0.0")
    server.start()
    try:
        found = Target(server, tmp_path, [])
        assert b"Study desk" in found.shows()
        for host in (f"localhost:{server.port}", f"{address}:{server.port}"):
            told = found.shows(Host=host, Origin=f"http://{host}", address=address)
            assert b"personal link" in told
            assert b"Study desk" not in told
    finally:
        server.stop()


def test_a_name_that_is_bound_to_this_machine_later_opens_no_research_page(target: Target):
    """DNS rebinding: the browser holds evil.example for the page's own site, at the address 127.0.0.1."""
    host = f"evil.example:{target.server.port}"
    told = target.shows(page="study_desk", Host=host, Origin=f"http://{host}")
    assert b"Researchers' password" in told
    assert b"Study desk" not in told


@pytest.mark.parametrize(
    "origin",
    [
        EVIL, "https://evil.example", "null", "file://", "http://localhost", "http://localhost:1", "http://127.0.0.1:{port}",
        "http://localhost:{port}.evil.example", "http://localhost:{port}@evil.example", "http://evil.example/localhost:{port}",
        "ftp://localhost:{port}", "http://[::1", "", "http://",
    ],
)  # fmt: skip
def test_the_socket_of_a_page_is_for_pages_of_this_server(target: Target, origin: str):
    """Also not for pages of another port of this machine, which Streamlit itself would let in."""
    origin = origin.format(port=target.server.port)
    assert target.opens()
    assert not target.opens(Origin=origin)


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:1"])
def test_nothing_is_done_for_a_page_of_another_site(target: Target, origin: str):
    reader = target.readers[1]
    assert target.act("enter", reader, headers={"Origin": origin}).status == 403
    assert target.ask("POST", "/brainlab/decode/x.1.y", b"\0" * 16, Origin=origin).status == 403
    line, session = target.session()
    with line:
        for method in ("PUT", "DELETE"):
            path = f"/_stcore/upload_file/{session}/1"
            assert target.ask(method, path, b"x", Origin=origin).body == b"not from another site"


@pytest.mark.parametrize(
    "path", ["/", "/reading-room", "/_stcore/health", "/_stcore/host-config", "/brainlab/volume/x"]
)
def test_no_other_site_may_read_a_reply_or_frame_a_page(target: Target, path: str):
    for method in ("GET", "OPTIONS"):
        headers = target.ask(method, path, Origin=EVIL, Access_Control_Request_Method="POST").headers
        assert headers.get("access-control-allow-origin") is None
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"


def test_every_kind_of_reply_carries_the_headers(target: Target):
    """Pages, scripts, errors of Streamlit's routes and ours, what is closed, and the upgrade to a socket."""
    script = next(part for part in target.ask("GET", "/").body.decode().split('"') if part.startswith("./static/js/"))
    for method, path in (
        ("GET", "/"), ("GET", script[1:]), ("GET", "/media/none.png"), ("POST", "/brainlab/reading/none"),
        ("GET", "/_stcore/agent/openapi.json"), ("GET", "/%2e%2e/x"), ("POST", "/"), ("DELETE", "/brainlab/volume/x"),
        ("GET", "/cohort/"), ("PUT", "/_stcore/upload_file/none/1"),
    ):  # fmt: skip
        headers = target.ask(method, path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "camera=()" in headers["permissions-policy"]
        assert "cache-control" in headers, path
        assert "strict-transport-security" not in headers, "this is no TLS"
    with target.socket(target.own) as line:
        assert line.response.headers["x-content-type-options"] == "nosniff"


def test_behind_tls_the_browser_is_told_to_stay_there_and_cookies_do(target: Target):
    headers = target.ask(
        "GET", "/_stcore/health", X_Forwarded_Proto="https", **{"X-Forwarded-For": "203.0.113.1"}
    ).headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["set-cookie"].endswith("; Secure")


def test_the_interface_for_programs_and_figures_of_sessions_are_closed(target: Target):
    for path in ("interact", "mcp", "openapi.json", ""):
        for method in ("GET", "POST"):
            assert target.ask(method, f"/_stcore/agent/{path}", b"{}" if method == "POST" else None).status == 404
    assert target.ask("GET", "/_stcore/metrics", **STRANGER).status == 404


PAGE = """<!doctype html><title>evil</title><iframe id=f src="{url}/study_desk"></iframe>
<script>
window.told = {{}};
const note = (name) => [() => (told[name] = "open"), () => (told[name] = "refused")];
fetch("{url}/_stcore/health").then(...note("read"));
fetch("{url}/_stcore/health", {{ mode: "no-cors" }}).then(...note("embed"));
fetch("{url}/brainlab/reading/enter", {{ method: "POST", body: "{{}}" }}).then(...note("post"));
const line = new WebSocket("{socket}/_stcore/stream", "streamlit");
[line.onopen, line.onerror] = note("socket");
document.getElementById("f").onload = () => (told.frame = "loaded");
</script>"""


@pytest.fixture
def evil_site(target: Target) -> Iterator[str]:
    """Another web server of this machine, as a researcher may have some, with a page against the app."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            url = target.server.url
            self.wfile.write(PAGE.format(url=url, socket=url.replace("http", "ws")).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("localhost", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()


@pytest.mark.browser
def test_a_page_of_another_port_of_this_machine_gets_nowhere_in_a_real_browser(target: Target, browser, evil_site: str):
    """The researcher's browser is at this machine, so that the page has the researcher's rights if it has any."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(evil_site)
    page.wait_for_function("Object.keys(told).length === 5")
    told = page.evaluate("told")
    assert told == {"read": "refused", "embed": "refused", "post": "refused", "socket": "refused", "frame": "loaded"}
    frame = next(frame for frame in page.frames if frame != page.main_frame)
    assert frame.url.startswith("chrome-error://"), "and not the app, under whose Unblind another page could lie"
    context.close()


def test_headers_keep_no_reader_s_reply(target: Target):
    reply = target.act("enter", target.readers[1])
    assert reply.headers["cache-control"] == "no-store"
    assert json.loads(reply.body)["room"]["reader"] == "R2"
