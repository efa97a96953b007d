import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from brainlab.methods import processes
from tests.training.two_processes import METHODS, loop_of

SCRIPT = Path(__file__).with_name("two_processes.py")


def drawn(rank, draw):
    """What one of two processes with three images each draws."""
    torch.manual_seed(0)
    with processes._AsOne(3, rank, 2):
        return draw()


@pytest.mark.parametrize(
    "draw",
    [
        lambda n: torch.randn(n, 4),
        lambda n: torch.rand((n, 2, 2)),
        lambda n: torch.randn_like(torch.zeros(n, 5)),
        lambda n: torch.randint(-9, 10, (n,)),
        lambda n: torch.randint(9, (n,)),
    ],
)
def test_two_processes_draw_for_their_images_what_one_draws_for_all(draw):
    torch.manual_seed(0)
    whole = draw(6)
    assert all(torch.equal(drawn(rank, lambda: draw(3)), whole[rank::2]) for rank in (0, 1))


def test_draws_for_two_images_each_are_of_all_first_ones_then_of_all_second_ones():
    torch.manual_seed(0)
    whole = torch.randn(12, 2)
    for rank in (0, 1):
        own = drawn(rank, lambda: torch.randn(6, 2))
        assert torch.equal(own, torch.cat([whole[:6][rank::2], whole[6:][rank::2]]))


def test_a_draw_for_no_image_is_the_same_everywhere():
    assert drawn(0, lambda: torch.randint(1000, ())) == drawn(1, lambda: torch.randint(1000, ()))


def test_dropout_drops_other_values_in_each_process_and_draws_nothing_where_it_drops_none():
    dropped = [drawn(rank, lambda: functional.dropout(torch.ones(3, 50), 0.5)) for rank in (0, 1)]
    assert not torch.equal(*dropped)
    torch.manual_seed(0)
    expected = torch.randn(6, 2)[::2]
    idle = drawn(0, lambda: (functional.dropout(torch.ones(3, 50), 0.0), torch.randn(3, 2))[1])
    assert torch.equal(idle, expected)


def test_random_numbers_that_are_brought_along_are_left_alone():
    own = torch.Generator().manual_seed(1)
    expected = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
    assert torch.equal(drawn(1, lambda: torch.randn(3, 2, generator=own)), expected)


def test_one_process_exchanges_nothing():
    values = torch.tensor([1.0, 2.0])
    assert torch.equal(processes.sum_over_processes(values), torch.tensor([1.0, 2.0]))
    processes.average_over_processes([values])
    assert values.tolist() == [1.0, 2.0]
    assert processes.mean_of_processes(3.0) == 3.0


def start(rank, folder, port):
    variables = {"LOCAL_RANK": str(rank), "NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), "2"],
        env=os.environ | variables | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def told_by_two(tmp_path_factory):
    """What the first of two processes tells of each training."""
    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first, second = (start(rank, folder, port) for rank in (0, 1))
    _, errors = first.communicate(timeout=240)
    second.communicate(timeout=20)
    assert first.returncode == 0, errors
    return json.loads((folder / "told.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", METHODS)
def test_two_processes_learn_what_one_learns_from_the_same_batches(name, told_by_two, tmp_path):
    one, two = loop_of(name, tmp_path / name, 1).run(), told_by_two[name]
    assert two["step"] == one["step"]
    # Means over the second epoch, in which all weights have a part. Weights whose gradient is mere rounding, such as a
    # bias before a normalisation, Adam moves at random, whatever the number of processes.
    assert {loss: two[loss] for loss in one["losses"]} == pytest.approx(
        {loss: one[loss] for loss in one["losses"]}, rel=1e-5
    )


def test_who_loses_the_other_process_says_so_in_one_line(told_by_two):
    assert told_by_two["left"].startswith("another process of this training has ended; go on from the last checkpoint")
