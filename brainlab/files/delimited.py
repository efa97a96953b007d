"""Tables in text files whose cells are set apart by commas, semicolons or tabs, as spreadsheets write them.

A reader of our own over `csv` rather than `pandas.read_csv`: that one takes a quote that is opened by mistake, and
every row up to the next quote, as one cell; cuts or shifts rows with too many cells; renames a second column of one
name; and turns cells such as `NA` into nothing. Here each of these is refused with its line, or left to the caller.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from brainlab.errors import InputError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
DASHES = ("-", "--", "\N{EN DASH}", "\N{EM DASH}")
MISSING_WORDS = frozenset({"", "n/a", "na", "nan", "null", ".", "#n/a", "<na>", *DASHES})
"""What people and programs write into a cell without a value, in lower case."""
DOUBTFUL_WORDS = frozenset({"none", "unknown"})
"""What stands for a missing value in one table and is a finding in another ('lesions: none'): for the caller to say."""

FURTHER_LINES = 20
"""How far below a line that is no header the header is looked for, to say where it is."""
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Table:
    """The rows below a header: (line in the file, {column: cell}), cells as text without surrounding blanks.

    `columns` are in lower case. Every row has every column, '' where a cell is empty. Columns without a name, such as
    the numbering that pandas writes, are left out. `header_line` and the lines of rows count from 1, as an editor shows
    them. `notes` say what was mended.
    """

    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]
    delimiter: str
    header_line: int
    notes: list[str] = field(default_factory=list)


def parse_table(text: str, name: str, needed: Sequence[str] = (), delimiter: str | None = None) -> Table:
    """Read the rows of a table; `name` is what errors call the file.

    needed: columns without which the table is refused, in lower case.
    delimiter: comma, semicolon, tab or vertical bar; by default what a first line `sep=;` says, as Excel writes it, or
    else what parts the header into most cells. A row that ends early is filled up (Excel leaves off empty cells at the
    end of rows) and noted. Text without any line but blank ones is a table without columns.
    Raises InputError, with the line, for a header without the columns needed (a title above it, say); for a column
    name that stands twice; for a row with more cells than the header; and for a quote that is opened and not closed,
    or closed amid a cell. Content that is no text is refused, too.
    """
    if "\0" in text:
        raise InputError(f"{name}: needs a text file with a table, got binary content; save it as 'CSV UTF-8'")
    start, told = _separator_line(text)
    lines = list(io.StringIO(text, newline=""))
    blank = next((number for number, line in enumerate(lines) if number >= start and line.strip()), len(lines))
    if blank == len(lines):
        return Table((), [], delimiter or told or ",", blank)
    mark = delimiter or told or most_likely_delimiter(lines[blank])
    rows_of_cells = _records(lines[blank:], blank + 1, mark, name)
    header_line, header = next(rows_of_cells)
    columns = [cell.strip().lower() for cell in header]
    if absent := [column for column in needed if column not in columns]:
        raise InputError(
            f"{name}: needs the columns {in_words(needed)}; {in_words(absent)} missing in line {header_line}, taken as "
            f"the header: {_shown(lines[header_line - 1])}; {_advice(lines, header_line, needed)}"
        )
    for column in columns:
        if column and columns.count(column) > 1:
            raise InputError(f"{name}: line {header_line}: the column {column!r} stands twice; keep one")
    rows, short = [], []
    for line, cells in rows_of_cells:
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise InputError(
                f"{name}: line {line}: needs {len(columns)} cells as in the header, got {len(cells)}; put a cell that "
                f"holds one of the {DELIMITERS[mark]} in quotes"
            )
        if len(cells) < len(columns):
            short.append(line)
        cells += [""] * (len(columns) - len(cells))
        rows.append((line, {column: cell for column, cell in zip(columns, cells, strict=False) if column}))
    notes = [f"{lines_in_words(short)}: fewer cells than the header; the rest taken as empty"] if short else []
    return Table(tuple(filter(None, columns)), rows, mark, header_line, notes)


def most_likely_delimiter(header: str) -> str:
    """Return the mark that stands most often in a header outside quotes; a comma where none does."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def in_words(names: Sequence[str]) -> str:
    """Write `reader, case and answer`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def lines_in_words(lines: Sequence[int], most: int = 5) -> str:
    """Write `line 7`, `lines 7 and 9`, or `lines 7, 9, 11, 12, 15 and 3 more`."""
    if len(lines) == 1:
        return f"line {lines[0]}"
    more = [f"{len(lines) - most} more"] if len(lines) > most else []
    return f"lines {in_words([*map(str, lines[:most]), *more])}"


def _separator_line(text: str) -> tuple[int, str | None]:
    """Return how many lines a first line such as `sep=;` takes, and the delimiter it names."""
    first = LINE_END.split(text, maxsplit=1)[0].strip('"')
    if first.lower().startswith("sep=") and len(first) == len("sep=,"):
        return 1, first[-1] if first[-1] in DELIMITERS else None
    return 0, None


def _shown(line: str, most: int = 60) -> str:
    """Return a line of the file as an error quotes it."""
    text = repr(line.strip())
    return text if len(text) <= most else f"{text[:most]}...'"


def _advice(lines: list[str], header_line: int, needed: Sequence[str]) -> str:
    """Say what to do about a header without the columns needed: a line below may be the real one."""
    for number, line in enumerate(lines[header_line : header_line + FURTHER_LINES], header_line + 1):
        cells = {cell.strip().strip('"').lower() for cell in line.split(most_likely_delimiter(line))}
        if set(needed) <= cells:
            return f"line {number} has them: delete the lines above it"
    return "name them there, separated by commas, semicolons or tabs"


def _records(lines: list[str], first: int, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record starts, and its cells; blank lines are left out."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width = 0
    while True:
        line = first + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{name}: line {line}: {_fault(str(error))}") from error
        if not cells:
            continue
        width = width or len(cells)
        several = first + reader.line_num - line > 1
        if several and (len(cells) != width or any(_holds_rows(cells, place, delimiter) for place in range(width))):
            raise InputError(f"{name}: line {line}: {_fault('')}")
        yield line, cells


def _fault(error: str) -> str:
    """Say what is wrong with the quotes of a record, from what the csv module says."""
    if "field larger" in error:
        return f"needs cells below {csv.field_size_limit():,} characters, got a longer one; is a quote left open?"
    return 'a quote is opened and not closed, or closed amid a cell; write a quote within a cell as "" or leave it out'


def _holds_rows(cells: list[str], place: int, delimiter: str) -> bool:
    """Whether the line ends within a quoted cell are those of rows: each line has just the delimiters that a row has.

    This is what two stray quotes in one column of two rows leave: cells of the right number, one of which holds rows.
    """
    marks = [line.count(delimiter) for line in LINE_END.split(cells[place])]
    whole = len(cells) - 1
    return len(marks) > 1 and whole > 0 and marks == [whole - place, *[whole] * (len(marks) - 2), place]
