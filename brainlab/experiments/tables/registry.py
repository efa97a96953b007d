"""The papers' tables by name: each is the entry `TABLE` at the foot of its file in `papers` or `synthesis`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from brainlab.errors import InputError
from brainlab.experiments.tables import papers, synthesis
from brainlab.plugins import modules_of
from brainlab.ranges import flag

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.experiments.cross_validation.record import CrossValidation
    from brainlab.runs.run import Run

Row = Mapping[str, Any]
"""A row: `method`, and by name what was measured, None where it is undefined; `missing` says why there is nothing."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What tables are rebuilt from.

    runs: returns those at hand, opened once.  study: id of one, where it is named.
    records: returns the cross-validations at hand.  reports: returns the reports of `brainlab myelin`, by their paths.
    """

    runs: Callable[[], Sequence["Run"]]
    study: str | None = None
    records: Callable[[], Sequence["CrossValidation"]] = tuple
    reports: Callable[[], Mapping[str, Mapping[str, Any]]] = dict


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A table from what is at hand. rows: our own. published: the paper's, with the same names. settings: how it was
    measured, ready for JSON. notes: lines of this very table that its reader needs.
    """

    rows: tuple[Row, ...]
    published: tuple[Row, ...]
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what `brainlab tables --json` prints of a table."""
        rows, published = ([dict(row) for row in part] for part in (self.rows, self.published))
        return {"rows": rows, "published": published, "settings": {**self.settings, "notes": list(self.notes)}}


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """A table of a paper. name: the paper and the number that the table has there. build: makes it, raising InputError
    where what it needs is not there. layout: rows as texts, laid out as the paper prints them. reading: how to read it.
    reads: which of the sources it is built from.
    """

    name: str
    title: str
    source: str
    build: Callable[[Sources], Rebuilt]
    layout: Callable[[Iterable[Row]], "pd.DataFrame"]
    reading: tuple[str, ...]
    reads: tuple[Literal["runs", "study", "records"], ...] = ("runs",)


@cache
def tables() -> dict[str, PaperTable]:
    """Return all tables by name."""
    rooms = (papers, synthesis)
    return {module.TABLE.name: module.TABLE for room in rooms for module in modules_of(room)}


def find_tables(names: Sequence[str]) -> list[PaperTable]:
    """Return the tables of these names, once each. Raises InputError on one that there is not."""
    known = tables()
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"no table '{unknown[0]}'; known are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]


def refuse_unread(chosen: Sequence[PaperTable], named: Mapping[str, Any]) -> None:
    """Raise InputError where a source was named that none of the tables is built from.

    named: what was named by flag, `runs`, `study` and `records`; what is empty was not.
    """
    read = {source for table in chosen for source in table.reads}
    for source, value in named.items():
        if value and source not in read:
            readers = ", ".join(table.name for table in tables().values() if source in table.reads)
            names = ", ".join(table.name for table in chosen)
            raise InputError(f"{flag(source)}: needs a table that reads it ({readers}), got {names}; leave it out")
