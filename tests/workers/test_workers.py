"""Tasks are done alike, and in their order, whoever does them."""

import os

import pytest

from brainlab.errors import BrainlabError, InputError
from brainlab.workers.workers import HERE, Workers
from tests.workers.tasks import die, double, process, refuse

TASKS = [(number,) for number in range(12)]


@pytest.mark.parametrize("workers", [HERE, Workers(jobs=2)], ids=["here", "processes"])
def test_results_come_in_the_order_of_the_tasks(workers):
    assert list(workers.map(double, iter(TASKS))) == [2 * number for (number,) in TASKS]
    with pytest.raises(ValueError, match="0 is refused"):
        next(iter(workers.map(refuse, TASKS)))
    assert list(workers.map(double, [])) == []


def test_several_processes_do_them_and_one_is_this():
    assert set(HERE.map(process, TASKS)) == {os.getpid()}
    assert os.getpid() not in set(Workers(jobs=2).map(process, TASKS))


def test_tasks_are_taken_a_few_at_a_time():
    taken = []
    tasks = ((taken.append(number) or number,) for number in range(100))
    next(iter(Workers(jobs=2).map(double, tasks)))
    assert len(taken) <= 4


def test_a_process_that_dies_is_one_line_which_says_what_is_kept():
    with pytest.raises(
        BrainlabError, match=r"^a worker process died, perhaps .* fewer --jobs \(finished scans are kept\)$"
    ):
        list(Workers(jobs=2).map(die, TASKS, kept="finished scans are kept"))


def test_what_nobody_can_be_asked_for_is_refused():
    with pytest.raises(InputError, match="--jobs: needs at least 1, got 0"):
        Workers(jobs=0)
    with pytest.raises(InputError, match="--jobs 2: the workers of --scheduler do the work"):
        Workers(2, "tcp://here:1")
