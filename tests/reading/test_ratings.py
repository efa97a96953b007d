"""CSV files of finished readings: what is read, and what is said of a file that cannot be."""

import pytest

from brainlab.errors import InputError
from brainlab.reading.ratings import LARGEST_BYTES, LARGEST_ROWS, check_real_or_fake, read_ratings
from brainlab.reading.statistics import study_statistics

GOOD = "reader,case,answer,truth\nR1,1,real,real\nR1,2,fake,fake\nR2,1,real,real\nR2,2,real,fake\n"


def figures_of(content: bytes) -> dict:
    """A file's way through the desk: read, check, work out."""
    frame = read_ratings(content, "mine.csv")
    check_real_or_fake(frame)
    return study_statistics(frame)


def said(text: str | bytes) -> str:
    """What is wrong with a file."""
    with pytest.raises(InputError) as caught:
        figures_of(text if isinstance(text, bytes) else text.encode())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("reader,case,answer", " Reader ,CASE,Answer").encode(),
        GOOD.replace("R2,1", "\nR2,1").encode(),
    ],
    ids=["plain", "byte-order mark", "semicolons", "tabs", "line ends of Windows", "heading in capitals", "blank line"],
)
def test_what_spreadsheets_write_is_read_alike(content):
    figures = figures_of(content)
    assert figures["readers"] == ["R1", "R2"]
    assert figures["per_reader"]["R2"]["accuracy"]["value"] == 0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("reader,case,answer\n", "a heading but no rows"),
        (GOOD.replace("answer", "reply"), "answer missing (came reader, case, reply, truth, parted by commas)"),
        ("R1|1|real\n", "reader, case, answer missing"),
        (GOOD.replace("truth", "answer"), "the column answer comes twice"),
        (GOOD.replace("R2,2,real,fake", "R2,2,real,fake,extra,more"), "not a CSV table"),
        (GOOD.encode("utf-16"), "not a CSV table in UTF-8"),
        (GOOD.replace("R2,2", "Müller,2").encode("latin-1"), "not a CSV table in UTF-8 (row 5)"),
        (GOOD.replace("R2,2,real", "R2,2,rael"), "row 5: answer is 'rael'; needed real or fake"),
        (GOOD.replace("R1,2,fake,fake", "R1,2,fake,fke"), "row 3: truth is 'fke'"),
        (GOOD + "R1,1,fake,real\n", "two answers to case 1 (rows 2 and 6)"),
        (GOOD.replace("R2,1,real,real\n", "\n,1,real,real\n"), "every row needs a reader; row 5 has none"),
        (GOOD.replace("truth", "phase").replace("real\n", "main\n").replace("fake\n", "mian\n"), "row 3 has 'mian'"),
        ("reader,case,answer,confidence\nR1,1,real,high\n", "confidence must be a number; row 2 has 'high'"),
        ("reader,case,answer,confidence\nR1,1,real,-3\n", "confidence must be above 0, such as 1 to 5; row 2 has -3"),
        ("reader,case,answer,round\nR1,1,real,0\n", "round must be 1, 2, ...; row 2 has '0'"),
    ],
)
def test_each_fault_is_one_line_with_its_row(text, words):
    assert words in said(text)


def test_huge_files_are_refused_before_they_are_read(tmp_path):
    assert "at most 5 MB" in said(b"x" * (LARGEST_BYTES + 1))
    path = tmp_path / "huge.csv"
    path.write_bytes(b"x" * (LARGEST_BYTES + 1))
    with pytest.raises(InputError, match=r"huge\.csv: needed at most 5 MB"):
        read_ratings(path)
    rows = "".join(f"R1,{case},real\n" for case in range(LARGEST_ROWS + 1))
    assert "at most 20,000 rows, came 20,001" in said("reader,case,answer\n" + rows)


def test_other_labels_than_real_and_fake_pass():
    assert figures_of(b"reader,case,answer\nR1,1,2\nR2,1,3\n")["categories"] == ["2", "3"]


def test_empty_answers_are_missing_and_not_unknown():
    assert figures_of(GOOD.replace("R2,2,real", "R2,2,").encode())["answers"] == 3


def test_a_row_with_too_many_cells_is_refused_and_not_cut():
    with pytest.raises(InputError, match="some row has more cells than the heading"):
        read_ratings(b"reader,case,answer\nA,1,real,real\nA,2,fake\n", "ratings.csv")
