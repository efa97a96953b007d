"""What the benchmarks of the reading study share: a made-up study, readers who need no browser, and a tally.

A reader talks to the study through a door: `HttpDoor` is the running app's own route, with the token in the body as the
reading room's script sends it; `SessionDoor` is the layer below it, without a server.
"""

import http.client
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol import design
from brainlab.reading.record import integrity
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.record.store import Store
from brainlab.reading.room.session import ReaderSession
from brainlab.workspace import PROJECT


def lock_made_up_study(workspace: Path, readers: int, cases: int) -> tuple[Path, list[str]]:
    """Lock a study of noise, half of it called real; returns its folder and each reader's token."""
    protocol = design.Protocol(
        title="Benchmark",
        sources=(
            design.Source(kind="cohort", name="people", n=cases - cases // 2),
            design.Source(kind="run", name="machine", n=cases // 2),
        ),
        readers=tuple(design.Reader(code=f"R{number + 1}") for number in range(readers)),
        practice=0,
        repeats_share=0,
        rest_break_every=40,
    )
    noise = np.random.default_rng(0)
    drawn = [
        Case(noise.integers(0, 256, (64, 64), np.uint8), (4.0, 4.0), source.truth, source.name)
        for source in protocol.sources
        for _ in range(source.n)
    ]
    root = workspace / "studies"
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, root), root)
    seal(folder, drawn, {}, note="a benchmark, no reader")
    return folder, [link.token for link in lifecycle.issue_links(folder)]


class Door(Protocol):
    """How a reader reaches the study: an act and its reply, as the reading room's script has them."""

    def act(self, name: str, **body: Any) -> dict[str, Any]: ...
    def pixels(self, presentation: str) -> bytes: ...


class HttpDoor:
    """The routes of the running app, by one connection that stays open, as a browser's does."""

    def __init__(self, port: int, study: str, token: str) -> None:
        self.port, self.link = port, {"study": study, "token": token, "tab": secrets.token_hex(16)}
        self.connection = http.client.HTTPConnection("localhost", port, timeout=120)

    def act(self, name: str, **body: Any) -> dict[str, Any]:
        self.connection.request("POST", f"/brainlab/reading/{name}", json.dumps({**self.link, **body}))
        reply = self.connection.getresponse()
        content = reply.read()
        if reply.status >= 500:
            raise ConnectionError(f"{name}: {reply.status}")
        if reply.status != 200:
            raise RuntimeError(f"{name}: {reply.status} {content[:200].decode(errors='replace')}")
        return json.loads(content)

    def pixels(self, presentation: str) -> bytes:
        headers = {f"X-{name.capitalize()}": value for name, value in self.link.items()}
        self.connection.request("GET", f"/brainlab/reading/pixels/{presentation}", headers=headers)
        return self.connection.getresponse().read()

    def cut(self, name: str, **body: Any) -> None:
        """Send a request and hang up without waiting for the reply."""
        other = http.client.HTTPConnection("localhost", self.port, timeout=120)
        other.request("POST", f"/brainlab/reading/{name}", json.dumps({**self.link, **body}))
        if other.sock:
            other.sock.shutdown(socket.SHUT_RDWR)
        other.close()


class SessionDoor:
    """The session layer alone, in this process."""

    def __init__(self, folder: Path, token: str) -> None:
        self.session = ReaderSession.open(folder, token, secrets.token_hex(16))

    def act(self, name: str, **body: Any) -> dict[str, Any]:
        if name == "enter":
            return asdict(self.session.acquire_lease(takeover=body.get("takeover", False)))
        if name == "event":
            return asdict(self.session.record_event(body["kind"]))
        case, key = body.pop("presentation"), body.pop("key")
        return asdict(self.session.answer(case, body.pop("value"), idempotency_key=key, **body).view)

    def pixels(self, presentation: str) -> bytes:
        return self.session.pixels(presentation)[0]


@dataclass
class Faults:
    """How often a reader's answer is sent twice, or its connection is cut after sending. Shares of 1."""

    twice: float = 0.0
    cut: float = 0.0


@dataclass
class Readings:
    """What readers know: each answer that was acknowledged, and how long they waited for it.

    given: (value, confidence) by presentation. round_trips_s: from sending an answer to the reply.
    """

    given: dict[str, tuple[str, int]] = field(default_factory=dict)
    round_trips_s: list[float] = field(default_factory=list)
    sent_twice: int = 0
    cut: int = 0


def read(door: Door, seed: int, pace_s: float, faults: Faults, done: Readings) -> Readings:
    """Read a whole study as one reader; between two cases passes `pace_s` on average, from half to one and a half.

    done: what the reader knows, also while reading.
    """
    chance = random.Random(seed)
    time.sleep(chance.random() * pace_s)
    view = door.act("enter", takeover=True)
    while view["state"] != "done":
        if view["state"] in ("welcome", "consent", "break"):
            kind = {"welcome": "welcome_done", "consent": "consent_given", "break": "break_done"}[view["state"]]
            view = door.act("event", kind=kind)
            continue
        case = view["current"]
        if len(door.pixels(case["id"])) != 64 * 64:
            raise RuntimeError("a case without its pixels")
        time.sleep(pace_s * chance.uniform(0.5, 1.5))
        given = (chance.choice(["real", "fake"]), chance.randint(1, 5))
        answer = {
            "presentation": case["id"],
            "key": case["answer_key"],
            "value": given[0],
            "confidence": given[1],
            "active_ms": 900,
        }
        if isinstance(door, HttpDoor) and chance.random() < faults.cut:
            door.cut("answer", **answer)
            done.cut += 1
        sent = time.perf_counter()
        view = door.act("answer", **answer)
        done.round_trips_s.append(time.perf_counter() - sent)
        done.given[case["id"]] = given
        if chance.random() < faults.twice:
            done.sent_twice += 1
            view = door.act("answer", **answer)
    return done


@dataclass(frozen=True)
class Tally:
    """Acknowledged answers against the database. lost: not there, or with another value. doubled: there twice."""

    acknowledged: int
    found: int
    lost: int
    doubled: int
    whole: bool
    problems: tuple[str, ...]


def tally(folder: Path, given: dict[str, tuple[str, int]]) -> Tally:
    """Compare what readers were told is saved with what is; `verify` judges the rest."""
    with Store(folder).read() as db:
        rows = db.execute("SELECT presentation, value, confidence FROM answer").fetchall()
        events = Counter(row[0] for row in db.execute("SELECT presentation FROM answer_event"))
    kept = {row["presentation"]: (row["value"], row["confidence"]) for row in rows}
    verdict = integrity.verify(folder)
    return Tally(
        acknowledged=len(given),
        found=len(kept),
        lost=sum(kept.get(case) != answer for case, answer in given.items()),
        doubled=sum(count > 1 for count in events.values()),
        whole=verdict.ok,
        problems=verdict.problems,
    )


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


@contextmanager
def app(
    workspace: Path, port: int, command: tuple[str, ...] = ("-m", "streamlit")
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `streamlit run app/main.py` until the block ends. command: what starts Streamlit."""
    environment = {**os.environ, "BRAINLAB_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
    start = [sys.executable, *command, "run", "app/main.py", "--server.port", str(port)]
    with (workspace / "server.log").open("ab") as log:
        process = subprocess.Popen(start, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(480):
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.25)
        yield process
    finally:
        process.kill()
        process.wait()
