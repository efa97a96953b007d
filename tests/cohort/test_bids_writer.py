"""Tables and descriptions say no more than is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from brainlab.cohort import bids_writer
from brainlab.cohort.sources.table_rows import read_table
from brainlab.errors import InputError


def test_a_licence_is_written_only_where_one_is_given(tmp_path: Path) -> None:
    bids_writer.write_description(tmp_path, "scans", {"Name": "tool"})
    assert "License" not in json.loads((tmp_path / "dataset_description.json").read_text(encoding="utf-8"))
    bids_writer.write_description(tmp_path, "scans", {"Name": "tool"}, license_name="CC0")
    assert json.loads((tmp_path / "dataset_description.json").read_text(encoding="utf-8"))["License"] == "CC0"


def test_a_table_holds_what_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "participants.tsv"
    rows = [
        {"participant_id": "sub-NA", "age": 0.1 + 0.2, "class": None},
        {"participant_id": "sub-1", "age": np.nan},
    ]
    bids_writer.write_table(path, ("participant_id", "age", "class"), rows)
    assert path.read_text(encoding="utf-8") == "participant_id\tage\tclass\nsub-NA\t0.3\tn/a\nsub-1\tn/a\tn/a\n"
    assert [row for _, row in read_table(path).rows] == [
        {"participant_id": "sub-NA", "age": "0.3"},
        {"participant_id": "sub-1"},
    ]
    for name in ("a\tb", "a\nb", '"a'):
        with pytest.raises(InputError, match="line 2: needs a participant_id without tab, line end and quote"):
            bids_writer.write_table(path, ("participant_id",), [{"participant_id": name}])
