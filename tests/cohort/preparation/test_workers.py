"""A prepared dataset is the same to the byte whoever prepared its scans."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import distributed
import pytest

from brainlab.cohort.preparation.batch import prepare_cohort
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources.discovery import Found, find_sources
from brainlab.errors import InputError
from brainlab.workers.workers import Workers

RECIPE = find_recipe("flair-40")


@pytest.fixture
def found(make_dataset: Callable[..., Path]) -> Found:
    return find_sources(make_dataset(6), RECIPE)


@pytest.fixture
def alone(found: Found, tmp_path: Path) -> dict[str, bytes]:
    """What one process writes."""
    prepare_cohort(found, tmp_path / "alone" / "out", RECIPE)
    return written(tmp_path / "alone" / "out")


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_processes_give_the_same(found, alone, tmp_path):
    prepare_cohort(found, tmp_path / "out", RECIPE, workers=Workers(jobs=2))
    assert written(tmp_path / "out") == alone


def test_a_cluster_gives_the_same_though_a_worker_is_killed_in_the_middle(two_workers, found, alone, tmp_path):
    killed = []

    def track(outcomes: Iterator, total: int) -> Iterator:
        for number, outcome in enumerate(outcomes):
            yield outcome
            if number == 1:
                with distributed.Client(two_workers.scheduler, set_as_default=False) as client:
                    killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)

    report = prepare_cohort(found, tmp_path / "out", RECIPE, workers=two_workers, track=track)
    assert (report.scans, report.failed, len(killed)) == (6, [], 1)
    assert written(tmp_path / "out") == alone


def test_nothing_is_left_beside_where_nobody_works(found, tmp_path, monkeypatch):
    monkeypatch.setattr("brainlab.workers.cluster.CONNECTING_S", 0.5)
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        prepare_cohort(found, tmp_path / "out", RECIPE, workers=Workers(scheduler="tcp://127.0.0.1:1"))
    assert [path.name for path in tmp_path.iterdir()] == ["bids"]


def test_workers_in_another_folder_find_the_scans(two_workers, make_dataset, tmp_path, monkeypatch):
    make_dataset(1)
    monkeypatch.chdir(tmp_path)
    report = prepare_cohort(find_sources(Path("bids"), RECIPE), Path("out"), RECIPE, workers=two_workers)
    assert (report.scans, report.failed) == (1, [])


def test_a_scan_that_workers_die_of_fails_by_itself(no_second_try, found, tmp_path, monkeypatch):
    """Those that waited on the same workers are blamed by Dask, and are done all the same."""
    monkeypatch.setattr("brainlab.cohort.preparation.batch._attempt", die_of_the_second)
    report = prepare_cohort(found, tmp_path / "out", RECIPE, workers=no_second_try)
    assert (report.scans, len(report.failed)) == (5, 1)
    assert report.failed[0]["path"] == found.scans[1].relative
    assert report.failed[0]["reason"].startswith("workers of the cluster died of it")


def die_of_the_second(source, *others):
    from brainlab.cohort.preparation.batch import _attempt

    if "sub-01" in source.relative:
        os._exit(9)
    return _attempt(source, *others)
