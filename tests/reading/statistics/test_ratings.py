"""CSV files of finished readings: what is read, and what is said of a file that cannot be."""

import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.reading.statistics.ratings import LARGEST_BYTES, LARGEST_ROWS, read_ratings
from brainlab.reading.statistics.study_statistics import study_statistics

GOOD = "reader,case,answer,truth\nR1,1,real,real\nR1,2,fake,fake\nR2,1,real,real\nR2,2,real,fake\n"


def figures_of(content: bytes | str) -> dict:
    """A file's way through desk and command: read, then work out."""
    frame, _ = read_ratings(content if isinstance(content, bytes) else content.encode(), "mine.csv")
    return study_statistics(frame)


def of_two(first: str, second: str, columns: str = "reader,case,answer") -> str:
    """A file of two readers' answers to cases 1, 2, ..., given in words."""
    pairs = enumerate(zip(first.split(), second.split(), strict=True), 1)
    return f"{columns}\n" + "".join(f"R1,{case},{one}\nR2,{case},{two}\n" for case, (one, two) in pairs)


def notes_of(text: str) -> str:
    """What is said of how a file was read."""
    return " | ".join(read_ratings(text.encode(), "mine.csv").notes)


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
        b"sep=;\r\n" + GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode("utf-16"),
        GOOD.replace("real", "Real ").replace("fake", '="FAKE"').encode(),
        GOOD.replace("R2,2", "r2,2").encode(),
        (GOOD.replace("answer", "answer,hospital").replace("al,re", "al,Köln,re").replace("fake,fake", "fake,,fake"))
        .replace("real,fake", "real,,fake")
        .encode("latin-1"),
    ],
    ids=[
        *("plain", "byte-order mark", "semicolons", "tabs", "line ends of Windows", "heading in capitals"),
        *("blank line", "separator line", "Excel's Unicode text", "capitals and quoted values", "reader in small"),
        "Latin-1 and a column of another name",
    ],
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
        ("reader,case,answer\n", "a header but no rows"),
        (GOOD.replace("answer", "reply"), "answer missing in line 1, taken as the header: 'reader,case,reply,truth'"),
        ("R1|1|real\n", "reader, case and answer missing in line 1"),
        (GOOD.replace("truth", "answer"), "line 1: the column 'answer' stands twice"),
        (GOOD.replace("R2,2,real,fake", "R2,2,real,fake,extra,more"), "line 5: needs 4 cells as in the header, got 6"),
        (GOOD.encode("utf-16-le"), "got binary content"),
        (f"Study of 2024\n{GOOD}", "taken as the header: 'Study of 2024'; line 2 has them: delete the lines above it"),
        (GOOD.replace("R1,2,fake", 'R1,2,"fake'), "line 3: a quote is opened and not closed"),
        (GOOD.replace("R2,2", "=cmd(),2"), "line 5: reader needs a value, got a formula: '=cmd()'"),
        (GOOD.replace("R2,2,real", "R2,2,#REF!"), "line 5: answer needs a value, got an error value: '#REF!'"),
        (GOOD.replace("R2,1", "r1,1"), "lines 2 and 4: 'R1' and 'r1' both answer case 1"),
        (GOOD.replace("R2,1,real,real", "R2,1,real,fake"), "lines 2 and 4: case 1 has truth 'real' and 'fake'"),
        (of_two("NA -", "n/a null"), "needs at least one answer, got none in 4 rows: answer: 'NA' (1), 'n/a' (1)"),
        (of_two(", ,", ", ,"), "needs at least one answer, got none in 4 rows: all are empty"),
        (GOOD.replace("R2,2,real", "R2,2,rael"), "line 5: answer needs real or fake or an empty cell, got 'rael'"),
        (GOOD.replace("R1,2,fake,fake", "R1,2,fake,fke"), "line 3: truth needs real or fake, got 'fke'"),
        (GOOD + "R1,1,fake,real\n", "two answers to case 1 (lines 2 and 6)"),
        (GOOD.replace("R2,1,real,real\n", "\n,1,real,real\n"), "every row needs a reader; line 5 has none"),
        (GOOD.replace("truth", "phase").replace("real\n", "main\n").replace("fake\n", "mian\n"), "line 3 has 'mian'"),
        (
            "reader,case,answer,confidence\nR1,1,real,high\n",
            "confidence must be a number such as 3 or 3.5; line 2 has 'high'",
        ),
        ("reader,case,answer,confidence\nR1,1,real,-3\n", "confidence must be above 0, such as 1 to 5; line 2 has -3"),
        ("reader,case,answer,active_ms\nR1,1,real,-3\n", "active_ms must be 0 or more; line 2 has -3"),
        ("reader,case,answer,phase\nR1,1,real,\n" + 2 * "R1,1,real,repeat\n", "two repeats to case 1 (lines 3 and 4)"),
        ("reader,case,answer,round\nR1,1,real,0\n", "round must be 1, 2, ...; line 2 has '0'"),
    ],
)
def test_each_fault_is_one_line_with_its_row(text, words):
    assert words in said(text)


def test_huge_files_are_refused_before_they_are_read(tmp_path):
    assert "at most 5 MB" in said(b"x" * (LARGEST_BYTES + 1))
    path = tmp_path / "huge.csv"
    path.write_bytes(b"x" * (LARGEST_BYTES + 1))
    with pytest.raises(InputError, match=r"huge\.csv: needs at most 5 MB"):
        read_ratings(path)
    rows = "".join(f"R1,{case},real\n" for case in range(LARGEST_ROWS + 1))
    assert "at most 20,000 rows, got 20,001" in said("reader,case,answer\n" + rows)


def test_other_labels_than_real_and_fake_pass():
    assert figures_of(b"reader,case,answer\nR1,1,2\nR2,1,3\n")["categories"] == ["2", "3"]


def test_empty_answers_are_missing_and_not_unknown():
    assert figures_of(GOOD.replace("R2,2,real", "R2,2,").encode())["answers"] == 3


def test_spellings_of_one_grade_are_one_grade_and_the_note_says_so():
    for first, second, spelt in (
        ("1 2 3 1", "1.0 2.0 3 01", ["1", "2", "3"]),
        ("Mild severe Mild mild", "mild Severe MILD Mild", ["Mild", "severe"]),
        ("\uff11 2 1 2", "1 2 1 2", ["1", "2"]),
    ):
        figures = figures_of(of_two(first, second))
        assert figures["cohens_kappa"][0]["value"] == 1
        assert figures["categories"] == spelt
        assert "answer: taken as one: '" in notes_of(of_two(first, second))
    assert "'Mild' (3), 'mild' (2) and 'MILD' (1)" in notes_of(of_two("Mild Mild mild", "mild Mild MILD"))


def test_other_numbers_and_words_stay_apart():
    assert figures_of(of_two("1 10 1.5", "1 10 15"))["categories"] == ["1", "1.5", "10", "15"]
    assert figures_of(of_two("a1 a10", "a1.0 a10"))["categories"] == ["a1", "a1.0", "a10"]
    assert notes_of(of_two("1 10", "1 10")) == ""


def test_truth_and_answers_are_spelled_alike():
    text = "reader,case,answer,truth\nR1,1,mild,Mild\nR1,2,severe,SEVERE\nR1,3,mild,Mild\n"
    assert figures_of(text)["per_reader"]["R1"]["accuracy"]["value"] == 1


@pytest.mark.parametrize("word", ["NA", "n/a", "NaN", "null", "-", ".", "\N{EN DASH}", "#N/A", "None", "unknown"])
@pytest.mark.parametrize(
    ("first", "second"), [("1 2 3 {} 2", "1 2 2 1 {}"), ("real fake real {} fake", "real fake fake real {}")]
)
def test_words_for_a_missing_grade_are_missing(word, first, second):
    text = of_two(first.format(word), second.format(word))
    frame, notes = read_ratings(text.encode(), "mine.csv")
    empty = read_ratings(of_two(first.format("#"), second.format("#")).replace("#", "").encode(), "mine.csv").frame
    pd.testing.assert_frame_equal(frame, empty)
    assert frame["answer"].isna().sum() == 2
    assert any(note.startswith(f"answer: '{word}' (2) taken as missing") for note in notes)


def test_none_among_words_and_minus_beside_plus_are_findings():
    lesions = of_two("none one many None", "none many many one")
    assert figures_of(lesions)["categories"] == ["many", "none", "one"]
    assert "'none' (2) and 'None' (1) taken as an answer" in notes_of(lesions)
    assert figures_of(of_two("+ - ++ NA", "- - + +"))["categories"] == ["+", "++", "-"]


def test_people_may_be_called_na():
    figures = figures_of("reader,case,answer\nNA,none,real\nNA,-,fake\nR2,none,real\nR2,-,fake\n")
    assert figures["readers"] == ["NA", "R2"]
    assert figures["cohens_kappa"][0]["n"] == 2


def test_truth_source_and_class_given_once_hold_for_every_reader_and_round():
    header = "reader,case,answer,truth,source,class,round\n"
    given = header + "R1,1,real,real,scans,ms,1\nR1,2,fake,fake,vae,ms,1\n"
    later = "".join(
        f"{reader},{case},real,{{}},,,{number}\n" for reader, number in (("R2", 1), ("R1", 2)) for case in (1, 2)
    )
    figures = figures_of(given + later.replace("{}", ""))
    assert figures["per_reader"]["R2"]["accuracy"]["n"] == 2
    assert figures["per_source"]["R2"]["vae"]["n"] == figures["accuracy_per_class"]["R2"]["ms"]["n"] - 1 == 1
    assert figures["rounds"][1]["per_reader"]["R1"]["accuracy"]["value"] == 0.5
    assert "lines 3 and 5: case 2 has truth 'fake' and 'real'" in said(given + later.replace("{}", "real"))


def test_cases_that_look_alike_stay_apart_with_a_note():
    text = "reader,case,answer\nR1,1,real\nR2,01,real\nR1,A,fake\nR2,a,fake\n"
    assert figures_of(text)["cases"] == 4
    assert notes_of(text) == "case: kept apart: '1' and '01'; 'A' and 'a'; write them alike if they are one"


def test_classes_and_sources_are_merged_by_capitals_but_versions_stay_apart():
    header = "reader,case,answer,truth,class,source\n"
    figures = figures_of(
        header + "R1,1,real,real,MS,1.1\nR1,2,real,real,ms,1.10\nR1,3,fake,real,MS,gan\nR1,4,fake,real,MS,GAN\n"
    )
    assert list(figures["per_class"]["R1"]) == ["MS"]
    assert list(figures["per_source"]["R1"]) == ["1.1", "1.10", "gan"]


def test_decimal_commas_are_read_where_commas_do_not_part_the_columns():
    text = "reader;case;answer;truth;confidence\nR1;1;real;real;3,5\nR1;2;fake;fake;1\nR1;3;real;fake;2,5\n"
    assert figures_of(text)["per_reader"]["R1"]["auc"]["value"] == 1
    assert "confidence: decimal commas read as points ('3,5' in line 2)" in notes_of(text)
    assert "line 2 has '3,5'" in said(text.replace(",", ".").replace("3.5", '"3,5"').replace(";", ","))


def test_what_else_a_user_must_know_is_noted():
    text = "reader,case,answer,truth,confidance,confidence\nR1,1,2,real,1,90\nR1,2,3,fake,2,4\nR2,1,2\n"
    assert notes_of(text).split(" | ") == [
        "line 4: fewer cells than the header; the rest taken as empty",
        "columns of other names left out: confidance",
        "truth: none of its labels is an answer; taken as of another question and left out",
        "confidence goes up to 90, not 5: only its order counts",
    ]
    assert "read as Latin-1" in " ".join(read_ratings("reader,case,answer\nMüller,1,2\n".encode("latin-1"), "x").notes)
    assert "Latin-1" not in notes_of("reader,case,answer\nMüller,1,2\n")


def test_a_lone_equals_sign_is_an_answer():
    assert figures_of(of_two("= < >", "= = >"))["categories"] == ["<", "=", ">"]


def test_a_row_with_too_many_cells_is_refused_and_not_cut():
    with pytest.raises(InputError, match=r"ratings\.csv: line 2: needs 3 cells as in the header, got 4"):
        read_ratings(b"reader,case,answer\nA,1,real,real\nA,2,fake\n", "ratings.csv")
