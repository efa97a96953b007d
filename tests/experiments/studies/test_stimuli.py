"""Whom real cases are drawn from, on eight scans of four people: two visits each, two people of the test split."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.studies.stimuli import CohortSupply
from brainlab.reading.protocol.design import Protocol, Reader, Source

PEOPLE = ("train a", "test b", "train c", "test d")
SALTS = [bytes([number]) * 32 for number in range(12)]


def _supply(seen: tuple[str, ...] = (), only_test: bool = False, **changes: object) -> CohortSupply:
    rows = [(person, visit) for visit in (1, 2) for person in PEOPLE]
    scans = pd.DataFrame(rows, columns=["participant", "session"])
    scans["split"] = scans["participant"].str.split().str[0]
    scans["class"] = ["ms", "healthy"] * 4
    volumes = np.repeat(np.arange(8, dtype=np.uint8), 12**3).reshape(8, 12, 12, 12)
    dataset = PreparedDataset(Path("people"), volumes, scans, {"affine": np.eye(4).tolist()})
    source = Source(kind="cohort", name="people", n=1)
    values = {"title": "Whom", "sources": (source,), "readers": (Reader(code="A"),), "stimulus": "volume"}
    trained = scans["participant"].isin(seen).to_numpy()
    return CohortSupply(source, Protocol(**{**values, **changes}), dataset, trained, only_test=only_test)


def _people(supply: CohortSupply, n: int, salt: bytes) -> list[str]:
    return [str(one.participant) for one in supply.draw(n, salt)]


@pytest.mark.parametrize("salt", SALTS, ids=range(len(SALTS)))
def test_nobody_comes_twice_before_everybody_came_once_and_the_test_split_comes_first(salt):
    drawn = _people(_supply(), 8, salt)
    assert set(drawn[:4]) == set(drawn[4:]) == set(PEOPLE)
    assert [name.split()[0] for name in drawn] == ["test", "test", "train", "train"] * 2


def test_who_comes_is_drawn_by_lot():
    assert {tuple(_people(_supply(), 2, salt)) for salt in SALTS} == {("test b", "test d"), ("test d", "test b")}


@pytest.mark.parametrize("salt", SALTS[:3], ids=range(3))
def test_whom_a_run_was_trained_on_never_comes(salt):
    supply = _supply(seen=("test b", "train c"))
    assert supply.refused == 2
    assert set(_people(supply, 4, salt)) == {"train a", "test d"}
    with pytest.raises(InputError, match=r"got 4 from 4 scans \(2 participants were used for training\)"):
        supply.draw(5, salt)


def test_the_test_split_alone_and_some_classes_alone():
    assert set(_people(_supply(only_test=True), 4, SALTS[0])) == {"test b", "test d"}
    assert set(_people(_supply(classes=("ms",)), 4, SALTS[0])) == {"train a", "train c"}


@pytest.mark.parametrize("salt", SALTS[:3], ids=range(3))
def test_slices_of_one_scan_lie_apart_and_are_dealt_evenly_while_scans_are_free(salt):
    supply = _supply(stimulus="slice", slice_range=(0.0, 1.0))
    drawn = [(one.detail["scan"], one.detail["slice"]) for one in supply.draw(24, salt)]
    slices = pd.DataFrame(drawn, columns=["scan", "slice"])
    for _, own in slices.groupby("scan")["slice"]:
        assert np.diff(np.sort(own)).min() >= 3
    assert slices["slice"][:8].is_unique  # each scan is still free for whatever slice is dealt to it


def test_slices_at_given_heights_are_of_any_scan_that_has_them_left_or_the_nearest():
    supply = _supply(stimulus="slice", slice_range=(0.0, 1.0))
    there = supply.draw(8, SALTS[0], np.full(8, 0.5))
    assert [one.detail["slice"] for one in there] == [6] * 8
    assert len({one.detail["scan"] for one in there}) == 8
    more = [one.detail["slice"] for one in supply.draw(10, SALTS[0], np.full(10, 0.5))]
    assert more[:8] == [6] * 8
    assert {abs(slice_ - 6) for slice_ in more[8:]} == {3}


def test_what_a_run_made_is_no_real_case() -> None:
    dataset = _supply().dataset
    marked = dataclasses.replace(dataset, recipe={**dataset.recipe, "generated": True})
    source = Source(kind="cohort", name="people", n=1)
    protocol = Protocol(title="Whom", sources=(source,), readers=(Reader(code="A"),), stimulus="volume")
    with pytest.raises(InputError, match="cohort people: needs scans as real cases, got generated images"):
        CohortSupply(source, protocol, marked, np.zeros(8, bool), only_test=False)
