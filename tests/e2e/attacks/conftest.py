"""A server with a password and a locked study of two readers, and attackers who speak to it without a browser."""

import http.client
import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.sealing import Case, seal
from tests.e2e.conftest import Server

PASSWORD = "open-sesame-of-the-test"
STRANGER = {"X-Forwarded-For": "203.0.113.9"}
"""As a proxy on this machine passes a stranger's requests on."""
TAB = "0123456789abcdef"


@dataclass(frozen=True)
class Reply:
    """Status, headers (lower-case names) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """The server under attack, and what its attackers know. readers: their links' study, token and tab."""

    server: Server
    study: Path
    readers: list[dict[str, str]]
    own: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.own = {"Host": f"localhost:{self.server.port}", "Origin": self.server.url}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request as http.client does; a name's underscores are hyphens."""
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=120)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def raw(self, *parts: bytes, wait_s: float = 5) -> bytes:
        """Send bytes as they are, and return what comes back until the server closes or says no more."""
        with socket.create_connection(("localhost", self.server.port), timeout=wait_s) as line:
            answer = b""
            try:
                for part in parts:
                    line.sendall(part)
                while piece := line.recv(65536):
                    answer += piece
            except OSError:
                pass
        return answer

    def act(self, act: str, reader: dict[str, str], *, headers: dict[str, str] | None = None, **body: Any) -> Reply:
        """Do one act of the reading room."""
        text = json.dumps({**reader, **body})
        return self.ask("POST", f"/brainlab/reading/{act}", text, **(headers or {}))

    def opens(self, **headers: str) -> bool:
        """Whether a page's socket is let in with such headers."""
        try:
            self.socket({**self.own, **headers}).close()
        except InvalidStatus:
            return False
        return True

    def socket(self, headers: dict[str, str]) -> Any:
        """Open the socket of a page."""
        known = {name.lower(): value for name, value in headers.items()}
        more = {name: value for name, value in headers.items() if name.lower() not in ("host", "origin")}
        more.pop("address", None)
        name, _, port = known.get("host", self.own["Host"]).partition(":")
        line = socket.create_connection((known.get("address", "127.0.0.1"), self.server.port), timeout=120)
        return connect(
            f"ws://{name}:{port or 80}/_stcore/stream",
            sock=line,
            origin=known.get("origin"),
            subprotocols=["streamlit"],
            additional_headers=more,
            max_size=None,
        )

    def session(self, query: str = "", **headers: str) -> tuple[Any, str]:
        """Open a page, and return its socket and the id of its session."""
        line = self.socket({**self.own, **headers})
        line.send(BackMsg(rerun_script=ClientState(query_string=query)).SerializeToString())
        while True:
            told = ForwardMsg.FromString(line.recv(timeout=200))
            if told.WhichOneof("type") == "new_session":
                session = told.new_session.initialize.session_id
            if told.WhichOneof("type") == "script_finished":
                return line, session

    def shows(self, query: str = "", page: str = "", **headers: str) -> bytes:
        """Return everything that the server tells a new session that asks for a page."""
        with self.socket({**self.own, **headers}) as line:
            return ask_page(line, query, page)


def ask_page(line: Any, query: str = "", page: str = "") -> bytes:
    """Ask for a page through an open socket, and return every byte that comes until its script has ended."""
    line.send(BackMsg(rerun_script=ClientState(query_string=query, page_name=page)).SerializeToString())
    told = b""
    while True:
        message = line.recv(timeout=200)
        told += message
        read = ForwardMsg.FromString(message)
        if read.WhichOneof("type") == "script_finished":
            return told


@pytest.fixture(scope="package")
def target(tiny_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a running server whose study is locked: R1 and R2 have links."""
    home = tmp_path_factory.mktemp("attacked")
    shutil.copytree(tiny_workspace, home / "workspace", ignore=shutil.ignore_patterns("studies"))
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(f'password = "{PASSWORD}"\n', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINLAB_WORKSPACE", str(home / "workspace"))
        sources = (Source(kind="cohort", name="GiveAwayPeople", n=4), Source(kind="run", name="GiveAwayModel", n=4))
        readers = (Reader(code="R1", name="Ann Secretname"), Reader(code="R2"))
        protocol = Protocol(title="SecretTitle", sources=sources, readers=readers, practice=0, repeats_share=0.0)
        study = lifecycle.study_folder(lifecycle.create_study(protocol))
        random = np.random.default_rng(0)
        cases = [
            Case(random.integers(0, 250, (8, 8), dtype=np.uint8), (1.0, 1.0), source.truth, source.name)
            for source in sources
            for _ in range(4)
        ]
        seal(study, cases, {})
        links = [{"study": study.name, "token": link.token, "tab": TAB} for link in lifecycle.issue_links(study)]
    server = Server(home / "workspace", home / "log.txt", HOME=str(home))
    server.start()
    yield Target(server, study, links)
    server.stop()
