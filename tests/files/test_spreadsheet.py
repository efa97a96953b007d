import io

import pandas as pd
import pytest

from brainlab.files.spreadsheet import csv_text, plain_cell


@pytest.mark.parametrize("text", ["=cmd()", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=", "-", "-1e5x"])
def test_no_text_starts_a_formula(text):
    assert plain_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["real", "a=b", "", "-3", "+1.5", "-1e-05", "-.5", -3, 2.5, None, "'=x"])
def test_other_texts_and_numbers_stay(value):
    assert plain_cell(value) == value


def test_a_table_is_written_with_its_numbers_and_gaps_as_pandas_writes_them():
    frame = pd.DataFrame({
        "reader": ["=A1", "B", None],
        "=key": ["x", "-1", "+y"],
        "score": [-1.5, 0.25, None],
        "ms": pd.array([-3, None, 7], dtype="Int64"),
        "kind": pd.Categorical(["-a", "b", "b"]),
    })  # fmt: skip
    back = pd.read_csv(io.StringIO(csv_text(frame)), dtype=str, keep_default_na=False)
    assert back.to_dict("list") == {
        "reader": ["'=A1", "B", ""],
        "'=key": ["x", "-1", "'+y"],
        "score": ["-1.5", "0.25", ""],
        "ms": ["-3", "", "7"],
        "kind": ["'-a", "b", "b"],
    }
    clean = frame.drop(columns=["reader", "=key", "kind"])
    assert csv_text(clean) == clean.to_csv(index=False)
