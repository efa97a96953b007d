"""`brainlab app`."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from brainlab.cli import app, main

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def free_port():
    with socket.create_server(("localhost", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def started(monkeypatch):
    """Commands that would have replaced this process."""
    commands = []
    monkeypatch.setattr(app.os, "execv", lambda program, words: commands.append(words) or sys.exit(0))
    return commands


def test_the_workspace_is_made_ready_and_streamlit_started(tiny_workspace, monkeypatch, started, free_port):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr("brainlab.cli.demo.SHIPPED_COHORTS", tiny_workspace / "cohorts")
    with pytest.raises(SystemExit):
        main(["app", "--port", str(free_port)])
    (command,) = started
    assert command[1:5] == ["-m", "streamlit", "run", str(PROJECT / "app" / "main.py")]
    assert command[5:] == ["--server.port", str(free_port), "--server.address", "localhost"]


def test_a_taken_port_is_one_line(started, capsys):
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"error: --port {port}, --address localhost: needs a place to listen")
    assert main(["app", "--port", "70000"]) == 2
    assert not started


def test_without_the_extra_the_remedy_is_one_line(started, capsys, monkeypatch):
    monkeypatch.setattr(app, "NEEDED", ("no_such_library",))
    assert main(["app"]) == 2
    assert "needs no_such_library" in (line := capsys.readouterr().err)
    assert "pip install 'brainlab[app]'" in line
    assert line.count("\n") == 1


def test_an_empty_workspace_is_told_and_the_app_starts(tmp_path, monkeypatch, started, free_port, capsys):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "new"))
    monkeypatch.setattr("brainlab.cli.demo.SHIPPED_COHORTS", tmp_path / "none" / "cohorts")
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "none")
    with pytest.raises(SystemExit):
        main(["app", "--port", str(free_port)])
    assert "needs a prepared dataset that opens" in capsys.readouterr().err
    assert len(started) == 1


def test_the_app_answers_from_any_folder(tiny_workspace, tmp_path, free_port):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "BRAINLAB_WORKSPACE": str(tiny_workspace)}
    # The cohorts that ship are not copied, for unpacking them takes seconds.
    code = "import sys; from brainlab.cli import demo, main; demo._copy = print; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "app", "--port", str(free_port)]
    server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://localhost:{free_port}/_stcore/health", timeout=1) as reply:
                    assert reply.status == 200
                    break
            except OSError:
                assert server.poll() is None, server.stdout.read().decode()
                time.sleep(0.1)
        else:
            pytest.fail("no answer in 30 seconds")
    finally:
        server.terminate()
        server.wait(10)
