"""A process that dies between two answers loses none that it acknowledged."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.record import integrity

READER = """
import sys
from brainlab.reading.room.session import ReaderSession
session = ReaderSession.open(sys.argv[1], sys.argv[2], f"tab of attempt {sys.argv[3]}")
session.acquire_lease(takeover=True)
session.record_event("welcome_done")
session.record_event("consent_given")
while case := session.current():
    session.answer(case.id, "real", confidence=2, idempotency_key=case.answer_key)
    print(case.id, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7])
def test_sigkill_between_answers_loses_none(study, after):
    acknowledged: list[str] = []
    for attempt in range(2):
        command = [sys.executable, "-c", READER, str(study.folder), study.tokens["A"], str(attempt)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        assert process.stdout is not None
        for _ in range(after):
            acknowledged.append(process.stdout.readline().strip())
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.read().split()
        process.wait()
        verdict = integrity.verify(study.folder)
        assert verdict.ok
        # One more may be on disk than was told: the one in hand when the process died.
        assert len(acknowledged) <= verdict.answers <= len(acknowledged) + attempt + 1
    with lifecycle.Store(study.folder).read() as db:
        kept = {row[0] for row in db.execute("SELECT presentation FROM answer")}
    assert set(acknowledged) <= kept
    assert len(acknowledged) == len(set(acknowledged))


def test_sigkill_in_the_middle_of_a_lock_leaves_a_draft(make_protocol, tmp_path):
    folder = lifecycle.study_folder(lifecycle.create_study(make_protocol(), tmp_path), tmp_path)
    script = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from conftest import build_cases
from brainlab.reading.desk import lifecycle
from brainlab.reading.record import sealing
sealing.record_state = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)
folder = Path(sys.argv[1])
sealing.seal(folder, build_cases(lifecycle.load_protocol(folder)), {})
"""
    here = str(Path(__file__).resolve().parent.parent)
    assert subprocess.run([sys.executable, "-c", script, str(folder), here]).returncode == -signal.SIGKILL
    assert lifecycle.study_status(folder).state == "draft"
    assert integrity.verify(folder).ok
