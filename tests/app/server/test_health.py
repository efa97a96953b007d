import shutil
from collections import namedtuple

import pytest
from starlette.applications import Starlette

import brainlab
from app.server import health
from tests.app.conftest import Client

HERE, ELSEWHERE = ("127.0.0.1", 50000), ("203.0.113.9", 50000)
Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """Ask a server with an empty workspace anew, by default from this machine."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))

    def answer(client=HERE, headers=None):
        monkeypatch.setattr(health, "_kept", None)
        return Client(Starlette(routes=health.ROUTES), client).get("/health", host="localhost:8501", **(headers or {}))

    return answer


def test_a_server_that_can_work_says_so(ask):
    reply = ask()
    assert (reply.status_code, reply.json()) == (
        200,
        {"ok": True, "version": brainlab.__version__, "problems": []},
    )
    assert reply.headers["cache-control"] == "no-store"


def test_a_full_disk_and_a_damaged_study_are_told_to_this_machine(ask, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10 << 30, 10 << 30, 3 << 20))
    (tmp_path / "studies" / "one").mkdir(parents=True)
    (tmp_path / "studies" / "one" / "study.db").write_bytes(b"no database, whatever its length may be" * 50)
    reply = ask()
    first, second = reply.json()["problems"]
    assert reply.status_code == 503
    assert first.endswith("has 3 MB free, needs 200 MB")
    assert "one" in second


def test_a_workspace_that_is_missing_is_told(ask, tmp_path):
    tmp_path.rmdir()
    assert ask().json()["problems"] == [f"{tmp_path}: is missing"]


@pytest.mark.parametrize(("client", "headers"), [(ELSEWHERE, {}), (HERE, {"x_forwarded_for": "203.0.113.9"})])
def test_others_learn_no_more_than_whether_all_is_well(ask, monkeypatch, client, headers):
    assert ask(client, headers).json() == {"ok": True}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(1, 1, 0))
    reply = ask(client, headers)
    assert (reply.status_code, reply.json()) == (503, {"ok": False})


def test_an_answer_stands_for_some_seconds(ask, monkeypatch):
    ask()
    monkeypatch.setattr(health, "problems", lambda: pytest.fail("asked anew"))
    assert Client(Starlette(routes=health.ROUTES), HERE).get("/health", host="localhost:8501").json()["ok"]
