"""Tables in text files: what spreadsheets and hands write is read whole, or refused with its line."""

import pytest

from brainlab.errors import InputError
from brainlab.files.delimited import lines_in_words, parse_table
from brainlab.files.textfile import read_text

ROWS = [(2, {"who": "A", "what": "x", "note": ""}), (3, {"who": "B", "what": "y", "note": "ü"})]
PLAIN = "who,what,note\nA,x,\nB,y,ü\n"


def rows_of(text: str) -> list:
    return parse_table(text, "t.csv").rows


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_what_programs_write_is_read_alike(mark, end, encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(PLAIN.replace(",", mark).replace("\n", end).encode(encoding))
    assert rows_of(read_text(path)) == ROWS


def test_a_separator_line_is_obeyed_and_counted():
    table = parse_table("sep=;\r\nwho;what\r\nA,1;x\r\n", "t.csv")
    assert table.rows == [(3, {"who": "A,1", "what": "x"})]
    assert table.header_line == 2
    assert rows_of("sep=;\nwho, or whom;what, if, any\nA;x\n") == [(3, {"who, or whom": "A", "what, if, any": "x"})]


def test_blank_lines_and_rows_of_delimiters_are_passed_over():
    assert rows_of(f"\n{PLAIN}\n,,\n,,,,\n") == [(line + 1, row) for line, row in ROWS]


def test_rows_that_end_early_are_filled_and_noted_and_longer_ones_refused():
    table = parse_table("a,b,c\n1\n2,3,4\n5,6\n", "t.csv")
    assert table.rows[0] == (2, {"a": "1", "b": "", "c": ""})
    assert table.notes == ["lines 2 and 4: fewer cells than the header; the rest taken as empty"]
    assert rows_of("a,b\n1,2,,\n") == [(2, {"a": "1", "b": "2"})]
    with pytest.raises(InputError, match=r"t\.csv: line 3: needs 2 cells as in the header, got 3"):
        rows_of("a,b\n1,2\n3,4,5\n")


@pytest.mark.parametrize(
    "text",
    [
        'a,b,c\n1,2,3\n1,"2,3\n4,5,6\n7,8,9\n',  # to the end of the file
        'a,b,c\n1,2,3\n1,2,"3\n4,5,"6\n7,8,9\n',  # to a second stray quote
        'a,b,c\n1,2,3\n1,2,"3\n4,5,"6"\n7,8,9\n',  # to a cell in quotes
        'a,b,c\n1,2,3\n1,2,"3\n4,5,6"\n7,8,9\n',  # one column, the rows between would be one cell
        'a,b,c\n1,2,3\n"1,2,3\n4,5,6\n7",8,9\n',
        'a,b,c\n1,2,3\n1,"2,3\n4,5,6\n7,8",9\n',
        'a,b,c\n1,2,3\n1,"2,3\n4,5,6"\n',  # another column: the wrong number of cells
        'a,b,c\n1,2,3\n1,"mild" or less,3\n',
    ],
)
def test_a_stray_quote_is_refused_with_its_line_and_swallows_no_row(text):
    with pytest.raises(InputError, match=r"t\.csv: line 3: a quote is opened and not closed"):
        rows_of(text)


def test_quotes_that_are_closed_may_hold_anything():
    text = 'who,what,note\nA,"x, y","first line\nsecond, line\n\nsaid ""no"""\nB,5" deep,z\n'
    assert rows_of(text) == [
        (2, {"who": "A", "what": "x, y", "note": 'first line\nsecond, line\n\nsaid "no"'}),
        (6, {"who": "B", "what": '5" deep', "note": "z"}),
    ]


def test_a_column_that_stands_twice_is_refused_and_one_without_a_name_left_out():
    with pytest.raises(InputError, match=r"t\.csv: line 1: the column 'what' stands twice"):
        rows_of("who,What, WHAT \n1,2,3\n")
    assert rows_of(",who,\n0,A,\n") == [(2, {"who": "A"})]


def test_a_title_above_the_header_is_named_and_the_header_shown():
    needed = ("who", "what")
    with pytest.raises(InputError) as caught:
        parse_table("Study of 2024; second part\n\nwho;what\nA;x\n", "t.csv", needed)
    assert str(caught.value) == (
        "t.csv: needs the columns who and what; who and what missing in line 1, taken as the header: 'Study of 2024; "
        "second part'; line 3 has them: delete the lines above it"
    )
    with pytest.raises(InputError, match=r"what missing in line 1, taken as the header: 'who'; name them there"):
        parse_table("who\nA\n", "t.csv", needed)


def test_binary_content_is_refused():
    with pytest.raises(InputError, match=r"t\.csv: needs a text file with a table, got binary content"):
        rows_of("PK\0\1,b")


@pytest.mark.parametrize("text", ["", "\n \n", "sep=,\n"])
def test_nothing_is_a_table_without_columns(text):
    assert parse_table(text, "t.csv").columns == ()


def test_many_lines_are_summed_up():
    assert lines_in_words([4]) == "line 4"
    assert lines_in_words([4, 6]) == "lines 4 and 6"
    assert lines_in_words(range(1, 9), most=3) == "lines 1, 2, 3 and 5 more"
