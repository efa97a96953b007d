"""Readers of what belongs to reading studies: protocols, acts of readers, tables of answers, backups; and of links."""

import asyncio
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import Request

from app.data.codes import from_link, to_link, to_steps
from app.server.reading_routes import serve_act
from benchmarks.fuzz.parser import DEEP, LARGE, Parser, in_file, text_of
from brainlab.experiments.workspace_backup import backup_workspace, restore_workspace
from brainlab.reading.desk.backup import restore_study
from brainlab.reading.desk.lifecycle import create_study, issue_links, study_folder
from brainlab.reading.protocol.design import Protocol, Reader, Source, preset
from brainlab.reading.protocol.questions import CUE, VERDICT, Question
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.statistics.ratings import read_ratings

ANSWERS = b"reader,case,answer,truth,confidence\nA,1,real,real,3\nA,2,fake,fake,\nB,1,real,real,5\nB,2,,fake,1\n"
TAB = "0123456789abcdef"
PLACE = Question(key="place", kind="place", text="Where?")


def _protocols() -> Iterable[bytes]:
    yield preset("dwi-2020").to_json().encode()
    yield json.dumps({"title": "x", "sources": [], "readers": [{"code": "A"}]}).encode()
    yield DEEP


@cache
def _locked() -> tuple[Path, str, str]:
    """Return a workspace with one locked study, which is copied for each case, the study's id and a reader's token."""
    workspace = Path(tempfile.mkdtemp(prefix="fuzz-study-"))
    os.environ["BRAINLAB_WORKSPACE"] = str(workspace)
    protocol = Protocol(
        title="x",
        sources=(Source(kind="cohort", name="a", n=2), Source(kind="run", name="b", n=2)),
        readers=(Reader(code="R1"),),
        questions=(VERDICT, PLACE, CUE),
        practice=0,
        repeats_share=0.0,
        rest_break_every=0,
    )
    folder = study_folder(create_study(protocol))
    pixels = np.zeros((8, 8), np.uint8)
    cases = [Case(pixels, (1.0, 1.0), source.truth, source.name) for source in protocol.sources for _ in range(2)]
    seal(folder, cases, {})
    return workspace, folder.name, issue_links(folder)[0].token


def _act(act: str, body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "path_params": {"act": act}}
    return asyncio.run(serve_act(Request(scope, receive)))


def _acts(content: bytes, folder: Path) -> Any:
    """Do an act a line, its name and its JSON; the link and the presentation that is open are filled in."""
    workspace, study, token = _locked()
    shutil.copytree(workspace, folder / "workspace")
    os.environ["BRAINLAB_WORKSPACE"] = str(folder / "workspace")
    link = {"study": study, "token": token, "tab": TAB}
    view: dict[str, Any] = {}
    for kind in ("welcome_done", "consent_given"):
        _act("enter", json.dumps(link).encode())
        view = json.loads(_act("event", json.dumps({**link, "kind": kind}).encode()).body)
    case = view["current"]
    for line in content.split(b"\n"):
        act, _, body = line.partition(b" ")
        whole = b"{%b, %b" % (json.dumps({**link, "presentation": case["id"]}).encode()[1:-1], body.lstrip(b"{"))
        reply = _act(text_of(act), whole)
        if reply.status_code >= 500:
            raise RuntimeError(f"{reply.status_code}: {reply.body!r}")


def _whole_acts() -> Iterable[bytes]:
    place = json.dumps({"voxel": [3, 4], "plane": "axial"})
    others = {"place": place, "cue": "edges"}
    answer = {
        "key": "k",
        "value": "real",
        "confidence": 3,
        "others": others,
        "active_ms": 900,
        "shown_at": "2020-01-01",
    }
    yield b"answer " + json.dumps(answer).encode() + b'\nundo {}\nenter {"takeover": true, "previous": "x"}'
    yield b"event " + json.dumps({"kind": "paused", "detail": {"a": 1}}).encode()
    yield b"answer " + json.dumps({**answer, "others": {"place": "[" * 3500}}).encode()
    yield b'answer {"key": ' + DEEP


def _names(content: bytes, folder: Path) -> Any:
    """Restore an archive whose members have the names and kinds that the lines of an input say."""
    with tarfile.open(folder / "a.tar", mode="w", format=tarfile.PAX_FORMAT) as tar:
        for line in content.split(b"\n")[:20]:
            member = tarfile.TarInfo(line[1:].decode("utf-8", "surrogateescape"))
            member.type, member.size = line[:1] or b"0", 3 if line[:1] == b"0" else 0
            member.linkname = "../x"
            tar.addfile(member, io.BytesIO(b"abc"))
    return restore_workspace(folder / "a.tar", folder / "workspace")


def _workspace() -> Iterable[bytes]:
    workspace, _, _ = _locked()
    with tempfile.TemporaryDirectory() as folder:
        backup_workspace(Path(folder) / "a.tar", folder=workspace)
        yield (Path(folder) / "a.tar").read_bytes()


def _database() -> Iterable[bytes]:
    workspace, study, _ = _locked()
    yield (workspace / "studies" / study / "study.db").read_bytes()


def _of_database(content: bytes, folder: Path) -> Any:
    workspace, study, _ = _locked()
    with tarfile.open(folder / "a.tar", mode="w") as tar:
        for path in sorted((workspace / "studies" / study).iterdir()):
            held = content if path.name == "study.db" else path.read_bytes()
            if path.name in ("study.db", "truth.db", "anchors.jsonl"):
                member = tarfile.TarInfo(path.name)
                member.size = len(held)
                tar.addfile(member, io.BytesIO(held))
    return restore_study(folder / "a.tar", folder / "studies")


PARSERS = {
    "protocol": Parser(_protocols, lambda content, _: Protocol.from_json(text_of(content))),
    "answers-csv": Parser(
        lambda: [ANSWERS, ANSWERS.replace(b",", b";")], lambda content, _: read_ratings(content, "x")
    ),
    "acts": Parser(_whole_acts, _acts),
    "share-link": Parser(
        lambda: [to_link(to_steps(np.linspace(-3, 3, 8))).encode()],
        lambda content, _: from_link(text_of(content), 8),
    ),
    "workspace-backup": Parser(
        _workspace, in_file("a.tar", lambda path: restore_workspace(path, path.parent / "workspace")), LARGE
    ),
    "workspace-names": Parser(lambda: [b"0manifest.json\n0runs/a/config.json", b"0a\n5runs\n2link"], _names),
    "study-backup": Parser(_database, _of_database, LARGE),
}
