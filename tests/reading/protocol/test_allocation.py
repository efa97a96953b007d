"""Large pools: what an allocation may be, and what it asks of a reader."""

import dataclasses
import json

import pytest

from brainlab.errors import InputError
from brainlab.reading.protocol.allocation import Allocation, most_cases, pool_size, share_in_words
from brainlab.reading.protocol.design import Protocol, Reader, Source


def _protocol(anchors=10, readings=2, readers=5, real=100, fake=110, **more):
    return Protocol(
        title="A pool",
        sources=(Source(kind="cohort", name="c", n=real), Source(kind="run", name="r", n=fake)),
        readers=tuple(Reader(code=f"R{k}") for k in range(readers)),
        allocation=Allocation(anchors=anchors, readings=readings),
        **more,
    )


def test_the_pool_is_the_anchors_and_what_readers_can_read_besides():
    assert pool_size(anchors=20, readings=2, readers=10, cap=60) == 20 + 10 * 40 // 2
    assert pool_size(anchors=0, readings=3, readers=4, cap=10) == 13  # 40 readings make 13 cases


@pytest.mark.parametrize(("anchors", "readings", "readers", "cap"), [(20, 2, 10, 60), (0, 3, 4, 10), (7, 1, 3, 9)])
def test_a_pool_asks_no_reader_for_more_than_the_cap(anchors, readings, readers, cap):
    pool = pool_size(anchors, readings, readers, cap)
    chosen = Allocation(anchors=anchors, readings=readings)
    assert most_cases(chosen, pool, readers) == cap
    assert most_cases(chosen, pool + readers, readers) > cap


def test_a_reader_reads_anchors_and_a_share_of_the_rest_and_repeats_of_those():
    protocol = _protocol()
    assert (protocol.cases, protocol.cases_each, protocol.repeats) == (210, 90, 9)


def test_without_an_allocation_everybody_reads_everything_and_hashes_stay():
    plain = dataclasses.replace(_protocol(), allocation=None, seed=3)
    assert plain.cases_each == plain.cases
    assert "allocation" not in json.loads(plain.to_json())


def test_an_allocation_survives_json():
    protocol = _protocol(seed=3)
    assert Protocol.from_json(protocol.to_json()) == protocol


@pytest.mark.parametrize(
    ("anchors", "readings", "message"),
    [
        (10, 5, "allocation: readings of a case need 1 to fewer than the 5 readers, got 5"),
        (10, 0, "allocation: readings of a case need 1 to fewer than the 5 readers, got 0"),
        (-1, 2, "allocation: needs 0 or more anchors"),
        (206, 2, "210 cases have 206 anchors"),
        (0, 1, "no two readers judge the same case"),
        (1.5, 2, "allocation: anchors and readings are whole numbers"),
        (True, 2, "allocation: anchors and readings are whole numbers"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(anchors, readings, message):
    with pytest.raises(InputError, match=message):
        _protocol(anchors=anchors, readings=readings)


@pytest.mark.parametrize("value", [[1, 2], 3, "half", {"anchors": 3}, {"anchors": 3, "readings": 2, "more": 1}])
def test_json_that_is_no_allocation_is_refused_in_one_line(value):
    values = json.loads(_protocol().to_json()) | {"allocation": value}
    with pytest.raises(InputError, match="llocation") as refusal:
        Protocol.from_json(json.dumps(values))
    assert "\n" not in str(refusal.value)


def test_readers_who_cannot_have_as_many_cases_are_said_to_differ():
    chosen = Allocation(anchors=10, readings=2)
    assert share_in_words(chosen, 210, 5) == "90"
    assert share_in_words(chosen, 211, 5) == "90 or 91"
    assert share_in_words(None, 211, 5) == "211"
