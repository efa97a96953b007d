"""A Dask cluster does tasks as one process would, says what it lacks, and loses nothing when a worker dies."""

import subprocess
import sys
from pathlib import Path

import distributed
import pytest

from brainlab.errors import BrainlabError, InputError
from brainlab.workers import cluster
from brainlab.workers.workers import Workers
from tests.workers.tasks import die, die_once, double, process, refuse

WITHOUT = """
import sys
class Without:
    def find_spec(name, path=None, target=None):
        if name == {!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without)
"""
"""What a worker runs first, so that it lacks a module."""
TASKS = [(number,) for number in range(12)]


def test_workers_do_the_tasks_in_their_order(two_workers):
    assert list(two_workers.map(double, TASKS)) == [2 * number for (number,) in TASKS]
    with distributed.Client(two_workers.scheduler, set_as_default=False) as client:
        client.wait_for_workers(2)
    assert len(set(two_workers.map(process, TASKS))) == 2


def test_what_a_task_raises_is_raised_here(two_workers):
    with pytest.raises(ValueError, match="5 is refused"):
        list(two_workers.map(refuse, [(5,)]))


def test_a_worker_killed_in_the_middle_loses_nothing(two_workers, tmp_path):
    tasks = [(tmp_path / "killed", number) for number in range(12)]
    assert list(two_workers.map(die_once, tasks)) == list(range(12))
    assert (tmp_path / "killed").exists()


def test_a_task_that_workers_die_of_is_told_and_the_others_are_done(no_second_try):
    with pytest.raises(BrainlabError, match=r"workers died, one after the other, of one task, .* \(all is kept\)"):
        list(no_second_try.map(die, TASKS[:1], kept="all is kept"))
    assert list(no_second_try.map(die, TASKS[:1], died=lambda number: f"{number} died")) == ["0 died"]


def test_workers_that_lack_something_are_refused(two_workers, monkeypatch, tmp_path):
    (tmp_path / "here").touch()
    assert list(two_workers.map(double, TASKS[:1], shared=[tmp_path / "here"])) == [0]
    with pytest.raises(InputError, match=r"worker tcp://\S+ does not see .*/elsewhere; it needs the same files"):
        list(two_workers.map(double, TASKS[:1], shared=[tmp_path / "elsewhere"]))
    monkeypatch.setattr(cluster, "versions", lambda: {cluster.CODE: "0123456789ab"})
    with pytest.raises(InputError, match=r"worker \S+ has brainlab's code [0-9a-f]{12}, needs 0123456789ab as here"):
        list(two_workers.map(double, TASKS[:1]))
    monkeypatch.setattr(cluster, "versions", lambda: {"Python": "2.7"})
    with pytest.raises(InputError, match=r"worker \S+ has Python 3\.\d+, needs 2.7 as here; install the same there"):
        list(two_workers.map(double, TASKS[:1]))
    monkeypatch.setattr(cluster, "versions", lambda: {"numpy": "0.1", "atlas": "2"})
    with pytest.raises(InputError, match=r"worker \S+ has numpy \d\S+, needs 0.1 as here; install the same there"):
        list(two_workers.map(double, TASKS[:1]))


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("brainlab", "has no brainlab"),
        ("brainlab.workspace", r"cannot import brainlab \(No module named 'brainlab\.workspace'\)"),
    ],
)
def test_a_worker_without_brainlab_is_named(monkeypatch, lacking, told):
    monkeypatch.setattr(cluster, "NO_WORKER_S", 2)
    monkeypatch.setattr(cluster, "LOOK_S", 0.5)
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=":0",
            preload=[WITHOUT.format(lacking)],
        ) as local,
        pytest.raises(
            InputError, match=rf"^--scheduler: worker tcp://\S+ {told}; install \S+ there, with Python 3\.\d+$"
        ),
    ):
        list(Workers(scheduler=local.scheduler_address).map(double, TASKS))


def test_a_scheduler_needs_no_brainlab():
    code = (
        "import distributed, sys\n"
        "if __name__ == '__main__':\n"
        "    sys.modules['brainlab'] = None\n"
        "    c = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=':0')\n"
        "    print(c.scheduler_address, flush=True)\n"
        "    input()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        workers = Workers(scheduler=server.stdout.readline().strip())
        assert list(workers.map(double, TASKS[:3])) == [0, 2, 4]
        with pytest.raises(InputError, match=r"does not see .*elsewhere"):
            list(workers.map(double, TASKS[:1], shared=[Path("/elsewhere")]))
    finally:
        server.kill()
        server.wait()


def test_a_worker_of_several_threads_is_refused():
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, host="127.0.0.1", dashboard_address=":0") as local,
        pytest.raises(InputError, match="does 2 tasks at a time, needs 1; start it with --nthreads 1"),
    ):
        list(Workers(scheduler=local.scheduler_address).map(double, TASKS))


def test_a_cluster_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECTING_S", 0.5)
    with pytest.raises(InputError, match=r"^--scheduler tcp://127.0.0.1:1: no Dask scheduler answers there") as found:
        list(Workers(scheduler="tcp://127.0.0.1:1").map(double, TASKS))
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nonsense", r"'nonsense': needs an address such as tcp://HOST:8786 \(missing port"),
        ("foo://x:1", r"'foo://x:1': needs an address such as tcp://HOST:8786 \(unknown address scheme"),
        ("", r"'': needs an address such as tcp://HOST:8786"),
        ("tcp://127.0.0.1", r"'tcp://127.0.0.1': needs an address such as tcp://HOST:8786"),
        ("tls://127.0.0.1:1", "tls://127.0.0.1:1: needs the certificates"),
    ],
)
def test_what_is_no_address_makes_no_client_that_would_hang_afterwards(monkeypatch, address, told):
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("made a client"))
    with pytest.raises(InputError, match=rf"^--scheduler {told}"):
        list(Workers(scheduler=address).map(double, TASKS))


def test_a_cluster_without_workers_and_one_that_goes_are_one_line(monkeypatch):
    monkeypatch.setattr(cluster, "NO_WORKER_S", 0.5)
    monkeypatch.setattr(cluster, "LOOK_S", 0.5)
    code = (
        "import distributed, time\n"
        "if __name__ == '__main__':\n"
        "    c = distributed.LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=':0')\n"
        "    print(c.scheduler_address, flush=True)\n"
        "    input(); c.scale(1); time.sleep(60)\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        workers = Workers(scheduler=server.stdout.readline().strip())
        with pytest.raises(BrainlabError, match=r"has had no worker for .* s; start some with 'dask worker tcp://"):
            list(workers.map(double, TASKS))
        monkeypatch.setattr(cluster, "NO_WORKER_S", 20)
        server.stdin.write("\n")
        server.stdin.flush()
        found = workers.map(double, ((number,) for number in range(10**6)))
        next(found)
        server.kill()
        with pytest.raises(BrainlabError, match="the scheduler is gone; start it, and run again"):
            for _ in found:
                pass
    finally:
        server.kill()
        server.wait()
