"""`scans.tsv` comes back as it was written, and says what a hand has broken in it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.scan_table import COLUMNS, read_scans, write_scans
from brainlab.errors import InputError

WORDS = ("NA", "null", "None", "nan", "N/A", "-", "01", "1", "1.0", "True", "=1+1")
NAMES = [*WORDS, 'a "b" c', "tab\tname", "line\nname"]


def frame(**columns: list) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    people = {"participant": [f"p{number}" for number in range(count)], "split": ["train"] * count}
    return pd.DataFrame({**people, **columns}).reindex(columns=list(dict.fromkeys([*COLUMNS, *columns])))


def test_names_come_back_as_they_were(tmp_path: Path) -> None:
    write_scans(tmp_path / "scans.tsv", frame(participant=NAMES, session=NAMES, **{"class": NAMES}))
    read = read_scans(tmp_path / "scans.tsv")
    assert all(read[column].tolist() == NAMES for column in ("participant", "session", "class"))


def test_missing_cells_and_numbers_come_back(tmp_path: Path) -> None:
    rows = frame(age_years=[0.1 + 0.2, np.nan], edss=[1, 3], centre=["NA", None], lesion_volume_ml=[1, 2])
    rows["class"] = ["unlabelled", None]
    write_scans(tmp_path / "scans.tsv", rows)
    read = read_scans(tmp_path / "scans.tsv")
    assert read["age_years"][0] == 0.1 + 0.2
    assert read[["class", "session", "sha256"]].isna().all(axis=None)
    assert (read["edss"].tolist(), read["centre"][0], read["lesion_volume_ml"].dtype) == ([1, 3], "NA", float)
    assert (tmp_path / "scans.tsv").read_text(encoding="utf-8").splitlines()[2].split("\t")[3] == "n/a"


@pytest.mark.parametrize("name", ["n/a", "", " p ", None])
def test_a_person_that_a_table_cannot_name_is_refused(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(InputError, match=r"(participant|needs a participant)"):
        write_scans(tmp_path / "scans.tsv", frame(participant=["p1", name]))


def lines(tmp_path: Path, change: Callable[[list[list[str]]], None]) -> Path:
    """Write a table of three rows after a change to its cells, the header's included."""
    header = ["participant", "session", "class", "age_years", "echo_time_s", "split"]
    cells = [header, *([f"p{k}", f"s{k}", "ms", "40", "0.1", "train"] for k in range(3))]
    change(cells)
    (tmp_path / "scans.tsv").write_text("\n".join("\t".join(row) for row in cells) + "\n", encoding="utf-8")
    return tmp_path / "scans.tsv"


def set_cell(row: int, column: int, value: str) -> Callable[[list[list[str]]], None]:
    def change(cells: list[list[str]]) -> None:
        cells[row][column] = value

    return change


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (0, 2, "klass", "needs the columns participant, class and split, got none named class; put the column back"),
        (0, 1, "class", "the column 'class' stands twice"),
        (2, 0, "", "line 3: needs a participant, got ''"),
        (2, 0, "n/a", "line 3: needs a participant, got 'n/a'"),
        (2, 5, "validation", "line 3: needs split train or test, got 'validation'"),
        (3, 3, "forty", "line 4: needs a number for age_years, got 'forty'"),
        (3, 4, "inf", "line 4: needs a number for echo_time_s, got 'inf'"),
        (3, 4, "0,1", "line 4: needs a number for echo_time_s, got '0,1'"),
        (1, 1, '"s0', "line 2: a quote is opened"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, row: int, column: int, value: str, reason: str) -> None:
    path = lines(tmp_path, set_cell(row, column, value))
    with pytest.raises(InputError, match=reason):
        read_scans(path)


def test_nobody_is_in_both_splits(tmp_path: Path) -> None:
    def change(cells: list[list[str]]) -> None:
        cells[3][0], cells[3][5] = "p0", "test"

    with pytest.raises(InputError, match="lines 2 and 4: participant 'p0' is in both splits"):
        read_scans(lines(tmp_path, change))


def test_a_spreadsheet_may_rearrange_and_resave(tmp_path: Path) -> None:
    plain = read_scans(lines(tmp_path, lambda cells: None))
    assert set(COLUMNS) <= set(plain.columns)
    assert plain["sha256"].isna().all()
    path = lines(tmp_path, lambda cells: [row.reverse() for row in cells])
    pd.testing.assert_frame_equal(read_scans(path)[list(COLUMNS)], plain[list(COLUMNS)])
    text = path.read_text(encoding="utf-8")
    for content in (
        "\ufeff" + text.replace("\n", "\r\n") + "\t\t\t\t\t\r\n\r\n",
        text.replace("\t", ";"),
        text.replace("40", "NaN").replace("NaN", "40"),
    ):
        path.write_text(content, newline="", encoding="utf-8")
        pd.testing.assert_frame_equal(read_scans(path)[list(COLUMNS)], plain[list(COLUMNS)])
    path.write_bytes(text.encode("utf-16"))
    pd.testing.assert_frame_equal(read_scans(path)[list(COLUMNS)], plain[list(COLUMNS)])
