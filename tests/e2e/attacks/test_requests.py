"""Odd, huge and many requests against the real server: paths, lengths, sockets, guesses."""

import base64
import json
import secrets
import time

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.e2e.attacks.conftest import PASSWORD, Target, ask_page

FOLDERS = (
    "", "static/", "app/static/", "media/", "component/", "_stcore/bidi-components/", "brainlab/assets/",
    "brainlab/volume/", "brainlab/picture/", "brainlab/reading/pixels/", "_stcore/", "_stcore/upload_file/",
)  # fmt: skip
CLIMBS = (
    "../{0}", "../../{0}", "..%2f..%2f{0}", "%2e%2e/%2e%2e/{0}", "..%5c..%5c{0}", "..\\..\\{0}", "....//....//{0}",
    "%252e%252e%252f{0}", "/{0}", "%2f{0}", "{0}%00.js", "..;/{0}", "%c0%ae%c0%ae/{0}", "C:%5c{0}", "./{0}",
)  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_path_leads_to_a_file_of_the_machine(target: Target, folder: str):
    """Neither of the system, nor the password's file, nor a study's databases, nor the code."""
    home = target.study.parents[2]
    files = (
        "etc/passwd", f"{home}/.streamlit/secrets.toml"[1:], f"{target.study}/truth.db"[1:],
        f"{target.study}/study.db"[1:],
        ".streamlit/secrets.toml", "main.py", "app/main.py", "pseudonyms.key",
    )  # fmt: skip
    for climb in CLIMBS:
        for file in files:
            path = f"/{folder}{climb.format(file)}"
            answer = target.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            for content in (b"root:", PASSWORD.encode(), b"SQLite format", b"import streamlit"):
                assert content not in answer, path
            assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 4", b"HTTP/1.1 30", b"HTTP/1.0 4")), (
                path,
                answer[:60],
            )
            if answer.startswith(b"HTTP/1.1 200"):
                assert b"<title>Streamlit</title>" in answer, path


def test_an_address_of_another_server_in_the_request_fetches_nothing(target: Target):
    """The absolute form, in which one asks a proxy; this is none, and it reads the host that is named as its own."""
    for form in ("http://evil.example/study_desk", "http://169.254.169.254/latest/meta-data", "//evil.example/x"):
        answer = target.raw(f"GET {form} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert b"<title>Streamlit</title>" in answer or answer.startswith((b"HTTP/1.1 40", b"HTTP/1.0 40"))
        assert b"evil.example" not in answer


HEAD = b"POST /brainlab/reading/enter HTTP/1.1\r\nHost: localhost\r\n"
NEXT = b"GET /_stcore/agent/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
        HEAD + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + NEXT,
        HEAD + b"Content-Length: -5\r\n\r\n" + NEXT,
        HEAD + b"Content-Length: +5\r\n\r\n" + NEXT,
        HEAD + b"Content-Length: 0x10\r\n\r\n" + NEXT,
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n" + NEXT,
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + NEXT,
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + NEXT,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + NEXT,
        HEAD + b"X: a\nContent-Length: 60\r\n\r\n" + NEXT,
    ],
    ids=range(10),
)
def test_no_second_request_is_smuggled_in_a_first(target: Target, request_: bytes):
    """A body whose length is told twice, or oddly, is refused, and what follows it is not taken for a request."""
    answer = target.raw(request_, wait_s=2)
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert not answer.startswith(b"HTTP/1.1 200")


def test_a_body_is_read_no_further_than_its_bound(target: Target):
    """Of a body without a length, and of one whose length is told."""
    piece = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    for path in ("/brainlab/reading/enter", "/brainlab/decode/x", "/", "/auth/login"):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
        answer = target.raw(head + b"Transfer-Encoding: chunked\r\n\r\n", *[piece] * 400, wait_s=3)
        assert answer.startswith(b"HTTP/1.1 4"), (path, answer[:80])
        answer = target.raw(head + b"Content-Length: 90000000\r\n\r\n", wait_s=3)
        assert answer.startswith(b"HTTP/1.1 413"), (path, answer[:80])


def test_long_addresses_and_headers_do_no_harm(target: Target):
    for part in (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n"):
        answer = target.raw(part + b"Host: localhost\r\nConnection: close\r\n\r\n")
        assert answer[:10] in (b"", b"HTTP/1.1 2", b"HTTP/1.1 4"), answer[:80]
    assert target.ask("GET", "/_stcore/health").status == 200


def upload(target: Target, session: str, **headers: str) -> int:
    cookie = target.ask("GET", "/_stcore/health").headers["set-cookie"].partition(";")[0]
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + b"x" * 1000 + b"\r\n--b--\r\n"
    token = cookie.partition("=")[2]
    given = {"Cookie": cookie, "X-Xsrftoken": token, "Content-Type": "multipart/form-data; boundary=b", **headers}
    return target.ask("PUT", f"/_stcore/upload_file/{session}/1", body, **given).status


def test_files_are_taken_of_researchers_alone(target: Target):
    """Files are held in memory, 300 MB each; whoever opens a page, also a reader, has a session to send them to."""
    line, session = target.session()
    with line:
        assert upload(target, session) == 204
        assert upload(target, session, X_Xsrftoken="2|x|y|1") == 403
    reader = target.readers[0]
    for query, headers in (
        ("", {"X-Forwarded-For": "203.0.113.20"}),
        (f"study={reader['study']}&token={reader['token']}", {}),
    ):
        line, session = target.session(query, **headers)
        with line:
            assert upload(target, session) == 403
    assert upload(target, "00000000-0000-4000-8000-000000000000") == 403
    assert upload(target, "..%2f..%2fx") == 403


def test_a_session_that_ceases_to_be_a_researcher_s_uploads_no_more(target: Target):
    line, session = target.session()
    with line:
        assert upload(target, session) == 204
        ask_page(line, "token=x")
        assert upload(target, session) == 403


def test_guesses_of_links_fail_and_shut_out_no_reader_of_the_same_address(target: Target):
    guesser = {"X-Forwarded-For": "203.0.113.30"}
    told = [
        target.act("enter", {**target.readers[1], "token": secrets.token_urlsafe(32)}, headers=guesser).status
        for _ in range(130)
    ]
    assert told == [403] * 130
    assert len(base64.urlsafe_b64decode(target.readers[1]["token"] + "=")) * 8 == 256
    assert target.act("enter", target.readers[1], headers=guesser).status == 200


def test_one_address_opens_so_many_pages_and_no_more(target: Target):
    crowd = {"X-Forwarded-For": "203.0.113.40"}
    lines = [target.socket({**target.own, **crowd}) for _ in range(100)]
    try:
        with pytest.raises(InvalidStatus):
            target.socket({**target.own, **crowd})
        assert target.opens(**{"X-Forwarded-For": "203.0.113.41"})
        assert target.opens()
    finally:
        for line in lines:
            line.close()
    until = time.monotonic() + 60
    while not target.opens(**crowd):
        assert time.monotonic() < until, "a place is free again when a page is closed"


@pytest.mark.parametrize(
    "sent", ["text", b"\xff" * 1000, b"a" * (30 << 20), b""], ids=["text", "noise", "long", "empty"]
)
def test_noise_through_a_socket_ends_it_and_nothing_else(target: Target, sent: str | bytes):
    with target.socket(target.own) as line:
        try:
            line.send(sent)
            line.send(BackMsg(rerun_script=ClientState(page_name="lda")).SerializeToString())
            while b"Traceback" not in (told := line.recv(timeout=20)):
                if sent == b"" and told:
                    break
        except (ConnectionClosed, TimeoutError):
            told = b""
    assert b"Traceback" not in told
    assert target.ask("GET", "/_stcore/health").status == 200


def test_another_reader_s_case_study_or_page_opens_for_nobody(target: Target):
    """By one's own link: the other's presentation, a page for researchers, the other's answers."""
    first, second = target.readers
    views = []
    for reader in (first, second):
        for act, body in (
            ("enter", {"takeover": True}),
            ("event", {"kind": "welcome_done"}),
            ("event", {"kind": "consent_given"}),
        ):
            view = json.loads(target.act(act, reader, **body).body)
        views.append(view)
    other = views[1]["current"]
    headers = {f"x-{name}": value for name, value in first.items()}
    assert target.ask("GET", f"/brainlab/reading/pixels/{views[0]['current']['id']}", **headers).status == 200
    assert target.ask("GET", f"/brainlab/reading/pixels/{other['id']}", **headers).status == 409
    answer = {"presentation": other["id"], "key": other["answer_key"], "value": "real", "confidence": 3}
    assert target.act("answer", first, **answer).status == 409
    assert target.act("enter", {**first, "study": "../" + first["study"]}).status == 403
    assert target.act("enter", {**first, "study": "' OR 1=1 --"}).status == 403
    query = f"study={first['study']}&token={first['token']}"
    for page in ("study_desk", "cohort", "start", "train"):
        told = target.shows(query, page)
        assert b"Study desk" not in told
        assert b"SecretTitle" not in told
        assert b"GiveAway" not in told
