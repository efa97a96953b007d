"""Kill a study's process again and again while answers come in: is an acknowledged answer ever lost, or any doubled?

    python -m benchmarks.reading.kills [--kills 200] [--app-kills 20] [--seed 0]

First a process of its own that answers through the session layer and prints each acknowledgement, then the whole app
with readers at its routes, who send an answer again until it is acknowledged, as the reading room's script does.
SIGKILL comes at a random moment; after it the database is verified and compared with what was acknowledged.
"""

import argparse
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reading.simulated_readers import (
    Faults,
    HttpDoor,
    Readings,
    Tally,
    app,
    free_port,
    lock_made_up_study,
    read,
    tally,
)

READER = """
import sys
from brainlab.reading.room.session import ReaderSession
session = ReaderSession.open(sys.argv[1], sys.argv[2], f"tab of attempt {sys.argv[3]}")
session.acquire_lease(takeover=True)
for event in ("welcome_done", "consent_given"):
    session.record_event(event)
print("begun", flush=True)
number = int(sys.argv[3])
while True:
    case = session.current()
    if case is None:
        break
    number += 1
    value, confidence = ("real", "fake")[number % 2], 1 + number % 5
    if session.state == "break":
        session.record_event("break_done")
    session.answer(case.id, value, confidence=confidence, idempotency_key=case.answer_key)
    print(case.id, value, confidence, flush=True)
"""


@dataclass
class Toll:
    """What the kills cost. unasked: answers on disk that nobody was told of, sent just before the kill."""

    kills: int = 0
    damaged: int = 0
    lost: int = 0
    doubled: int = 0
    unasked: int = 0

    def count(self, found: Tally) -> None:
        """Add what was found after one kill; lost and doubled answers stay so and are not added up."""
        self.kills += 1
        self.damaged += not found.whole
        self.lost, self.doubled = max(self.lost, found.lost), max(self.doubled, found.doubled)
        self.unasked = found.found - found.acknowledged
        for problem in found.problems:
            print(f"kill {self.kills}: {problem}", file=sys.stderr)


def kill_sessions(workspace: Path, kills: int, chance: random.Random) -> tuple[Toll, int]:
    """Kill a process that answers through the session layer; returns the toll and the count of acknowledged answers."""
    toll, given, readers = Toll(), {}, kills // 20 + 1
    folder, tokens = lock_made_up_study(workspace, readers, 1000)
    for number in range(kills):
        command = [sys.executable, "-c", READER, str(folder), tokens[number % readers], str(number)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        if process.stdout is None:
            raise RuntimeError("no output to read")
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        process.kill()
        for line in process.stdout.read().splitlines():
            if len(words := line.split()) == 3:  # the last line may be cut short: then nobody was told
                given[words[0]] = (words[1], int(words[2]))
        process.wait()
        toll.count(tally(folder, given))
    return toll, len(given)


class PatientDoor(HttpDoor):
    """A door at which a request is made again until the server is back and answers it."""

    def act(self, name: str, **body: Any) -> dict[str, Any]:
        while True:
            try:
                return super().act(name, **body)
            except (OSError, http.client.HTTPException):
                self._reconnect()

    def pixels(self, presentation: str) -> bytes:
        while True:
            try:
                return super().pixels(presentation)
            except (OSError, http.client.HTTPException):
                self._reconnect()

    def _reconnect(self) -> None:
        time.sleep(0.1)
        self.connection.close()
        self.connection = http.client.HTTPConnection("localhost", self.port, timeout=120)


def kill_apps(workspace: Path, kills: int, chance: random.Random) -> tuple[Toll, int]:
    """Kill the whole app under eight readers; returns the toll and the count of acknowledged answers."""
    toll, known, port = Toll(), Readings(), free_port()
    folder, tokens = lock_made_up_study(workspace, 8, 4000)
    for seed, token in enumerate(tokens):
        door = PatientDoor(port, folder.name, token)
        threading.Thread(target=read, args=(door, seed, 0.02, Faults(twice=0.1), known), daemon=True).start()
    for _ in range(kills):
        before = len(known.given)
        with app(workspace, port) as process:
            while len(known.given) == before:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 1))
            process.kill()
            process.wait()
        toll.count(tally(folder, dict(known.given)))
    return toll, len(known.given)


def main() -> int:
    """Kill and count; 0 when nothing was damaged, lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="of the session layer's process")
    parser.add_argument("--app-kills", type=int, default=20, help="of the whole app")
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which it is killed")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    harmed = 0
    for name, kill, kills in (("session layer", kill_sessions, args.kills), ("app", kill_apps, args.app_kills)):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            toll, acknowledged = kill(Path(scratch), kills, chance)
        print(
            f"{name}: {toll.kills} kills, {acknowledged} answers acknowledged, lost {toll.lost}, doubled "
            f"{toll.doubled}, databases damaged {toll.damaged}; {toll.unasked} more on disk than was told",
            flush=True,
        )
        harmed += toll.damaged + toll.lost + toll.doubled
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    return 1 if harmed else 0


if __name__ == "__main__":
    raise SystemExit(main())
