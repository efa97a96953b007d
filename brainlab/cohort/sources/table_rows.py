"""Which rows of a table speak of a person, a visit or a file, and what must be said of those that speak of none.

A table may hold several rows for one person, one a visit or by mistake: what contradicts itself is left out and noted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from brainlab.cohort.sources.names.name_matching import SESSION_WORDS, Matches, match
from brainlab.counted import counted
from brainlab.files.delimited import Table, in_words, lines_in_words, most_likely_delimiter, parse_table
from brainlab.files.textfile import read_text

Row = tuple[int, dict[str, str]]
"""A line of the file, counted from 1, and the cells that are given, by column in lower case."""

PARTICIPANT_COLUMNS = ("participant_id", "participant", "subject_id", "subject", "sub", "id")
SESSION_COLUMNS = ("session_id", "session", "ses", "visit_id", "visit", "timepoint", "time_point", "wave")
MOST_NAMED = 3


def read_table(path: Path, allow_repeated_columns: bool = False) -> Table:
    """Read a TSV or CSV of any origin; cells that are empty or `n/a` are left out of their row.

    Other words (`NA`, `None`) stay: they may be the name of a person or a class. A table is tab-separated wherever its
    header holds a tab.
    allow_repeated_columns: leave out columns whose name stands twice, as public datasets hold, and note it.
    Raises InputError with the line for what cannot be a table; see `parse_table`.
    """
    text = read_text(path)
    delimiter, notes = _delimiter(text, path), []
    if allow_repeated_columns:
        text, repeated = _without_repeated_columns(text, delimiter)
        notes = [f"the column '{name}' stands twice: not used" for name in repeated]
    table = parse_table(text, str(path), delimiter=delimiter)
    rows = [(line, {name: cell for name, cell in cells.items() if is_given(cell)}) for line, cells in table.rows]
    return Table(table.columns, rows, table.delimiter, table.header_line, [*notes, *table.notes])


def first_cells(path: Path) -> list[str]:
    """Return the cells of a table's first line as they stand, to see whether it is a header."""
    text = read_text(path)
    line, mark = _first_line(text), _delimiter(text, path)
    return [cell.strip().strip('"').strip() for cell in (line.split(mark) if mark else re.split("[,;\t|]", line))]


def is_given(cell: str) -> bool:
    """Whether a cell holds anything: it is neither empty nor BIDS' `n/a`."""
    return cell.strip().lower() not in ("", "n/a")


def agreed(rows: Sequence[Row]) -> dict[str, str]:
    """Return the cells on which rows agree, capitals apart, and '' where they contradict each other."""
    cells: dict[str, str] = {}
    for _, row in rows:
        for name, cell in row.items():
            if cells.setdefault(name, cell).casefold() != cell.casefold():
                cells[name] = ""
    return cells


class KeyedRows:
    """The rows of one table by the name in a key column, and by the visit where the table has a column for it.

    path: the table; one that does not exist has no rows. keys: names that the key column may have.
    wanted: all names that will be asked for. words: see `match`; without any, names are paths and match as they are.
    columns: those that any row fills. without_row: the names asked for that have no row; paths among them are not in
    `notes`, since a dataset has many tables of paths and counts over all.
    """

    def __init__(self, path: Path, keys: Sequence[str], wanted: Iterable[str], words: Sequence[str] = ()) -> None:
        self.path = path
        self.columns: set[str] = set()
        self._rows: dict[str, list[Row]] = {}
        self._notes: list[str] = []
        self._guessed: dict[str, str] = {}
        self._contradictions: dict[tuple[int, ...], str] = {}
        self.without_row: dict[str, None] = {}
        self.words = words
        self._wanted = list(dict.fromkeys(wanted))
        self._session_column: str | None = None
        self._matches = Matches({}, {})
        if path.is_file():
            self._read(keys)

    def cells(self, name: str, session: str | None = None, sessions: Iterable[str] = ()) -> dict[str, str]:
        """Return the cells that hold for a name, at one of its `sessions` where the table tells them apart.

        A row without a session holds for all of them, and one of another session for none but its own. A cell is ''
        where the rows that are left contradict each other.
        """
        if not self.words and name not in self._rows:
            name = self._by_last_part(name)
        rows = [row for given in self._matches.names.get(name, (name,)) for row in self._rows.get(given, [])]
        if not rows and self.columns and not self.words:
            self.without_row[name] = None
        column = self._session_column
        if column is None or session is None:
            return self._merged(rows, name)
        general = [row for row in rows if column not in row[1]]
        visits = [row[column] for _, row in rows if column in row]
        own = match([session, *sessions], visits, SESSION_WORDS).names[session]
        if visits and not own and not general:
            self.without_row[f"{name} {session}"] = None
        dated = [row for row in rows if row[1].get(column) in own]
        return self._merged(general, name) | self._merged(dated, f"{name} {session}")

    def notes(self) -> list[str]:
        """Return what a user should know of the table, one sentence a kind."""
        notes = list(self._notes)
        if self._guessed:
            notes.append(f"matched {few(f'{given!r} to {name}' for given, name in self._guessed.items())}")
        if self.words and self.without_row:
            notes.append(f"no row for {few(self.without_row)}")
        for lines, text in list(self._contradictions.items())[:MOST_NAMED]:
            notes.append(f"{lines_in_words(lines)} are for {text}: left out")
        if len(self._contradictions) > MOST_NAMED:
            notes.append(
                f"rows contradict each other in {len(self._contradictions) - MOST_NAMED} more places: left out"
            )
        return notes

    def _merged(self, rows: list[Row], name: str) -> dict[str, str]:
        cells = agreed(rows)
        differing = [column for column, cell in cells.items() if not cell and column != self._session_column]
        if differing:
            most = f"{in_words(differing[:MOST_NAMED])}{' and more' if len(differing) > MOST_NAMED else ''}"
            self._contradictions[tuple(line for line, _ in rows)] = f"{name} and differ in {most}"
        return cells

    def _read(self, keys: Sequence[str]) -> None:
        """Read the table; without a header that names the key, note it and keep no rows."""
        header = first_cells(self.path)
        key = next((name for name in keys if name in (cell.lower() for cell in header)), None)
        if key is None:
            if any(match(self._wanted, header, self.words or ("",)).names.values()):
                self._notes.append(
                    f"not used: no header; its first line {_quoted(header)} holds a row; put a line with {keys[0]} and "
                    "the other columns' names above it"
                )
            elif any(header):
                self._notes.append(
                    f"not used: needs a column {keys[0]}, got {_quoted(header)}; name it in the first line"
                )
            return
        table = read_table(self.path, allow_repeated_columns=True)
        self.columns = {name for _, row in table.rows for name in row}
        self._session_column = next((name for name in SESSION_COLUMNS if name in table.columns and name != key), None)
        self._notes += table.notes
        nameless = [line for line, row in table.rows if key not in row]
        if nameless:
            self._notes.append(f"{lines_in_words(nameless)}: no {key}: not used")
        for line, row in table.rows:
            if key in row:
                cells = {name: cell for name, cell in row.items() if name != key}
                name = row[key] if self.words else row[key].replace("\\", "/").removeprefix("./")
                self._rows.setdefault(name, []).append((line, cells))
        if self.words:
            self._match_names()

    def _by_last_part(self, path: str) -> str:
        """Return the one path of the table that ends in the same file name, such as one from another folder."""
        last = path.rpartition("/")[2]
        found = [name for name in self._rows if name.rpartition("/")[2] == last]
        if len(found) != 1:
            return path
        self._guessed[found[0]] = path
        return found[0]

    def _match_names(self) -> None:
        self._matches = match(self._wanted, self._rows, self.words)
        used = {given for names in self._matches.names.values() for given in names}
        unused = [name for name in self._rows if name not in used]
        bare = [name for name, given in self._matches.names.items() if not given]
        self._guessed |= {given: name for name, given in self._matches.guessed.items()}
        if unused or bare:
            count = len(self._wanted) - len(bare)
            folders = f"{count} of {counted(len(self._wanted), 'folder')} {self.words[0]}-*"
            fits = f"{len(used)} of {len(self._rows)} ids fit {folders}"
            missing = [f"no folder for {few(unused)}"] if unused else []
            missing += [f"no row for {few(bare)}"] if bare else []
            self._notes.append(f"{fits}; {', '.join(missing)}")


def _without_repeated_columns(text: str, delimiter: str | None) -> tuple[str, list[str]]:
    """Take names that stand twice out of a header, which leaves columns without a name, and return them."""
    header = _first_line(text)
    mark = delimiter or most_likely_delimiter(header)
    cells = [cell.strip() for cell in header.split(mark)]
    counts = Counter(cell.lower() for cell in cells if cell)
    repeated = [name for name, count in counts.items() if count > 1]
    if not repeated:
        return text, []
    kept = mark.join("" if cell.lower() in repeated else cell for cell in cells)
    return text.replace(header, kept, 1), repeated


def _first_line(text: str) -> str:
    """Return the first line that is neither blank nor Excel's `sep=;`."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lower().startswith("sep="))
    return next(lines, "")


def _delimiter(text: str, path: Path) -> str | None:
    """Tabs wherever the first line of a table holds one, or where a TSV's holds no other mark either."""
    line = _first_line(text)
    single = path.suffix.lower() == ".tsv" and not any(mark in line for mark in ",;|")
    return "\t" if "\t" in line or single else None


def few(names: Iterable[str], separator: str = ", ") -> str:
    """Name the first three, and say how many more there are."""
    names = list(names)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{separator.join(names[:MOST_NAMED])}{more}"


def _quoted(cells: Sequence[str], most: int = 60) -> str:
    text = " ".join(cells)
    return f"'{text[:most]}{'...' if len(text) > most else ''}'"
