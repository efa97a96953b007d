"""Links to an edited scan: the run, the scan by its row in a cohort, what it shows and what it should show."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from app.components import layout
from app.data import resources
from app.data.codes import SHA_DIGITS
from app.data.volumes import Scan
from app.screens.explorer import session_link
from app.screens.explorer.scan_conditions import STRONGEST, Edit, Values
from brainlab.cohort.scan_table import MISSING
from brainlab.errors import InputError
from brainlab.methods.conditions import parse_told, read_told
from brainlab.ranges import Range, refuse_outside


@dataclass(frozen=True)
class Linked:
    """What a link opens. own: what differs from the scan's own row. wanted: what differs from that."""

    scan: Scan
    own: Values
    wanted: Values
    guidance: float


def address(run: str, scan: Scan, table: Values, edit: Edit) -> str:
    """Return the address of an edit. table: what the scan's own row says."""
    own, wanted = dict(edit.own), dict(edit.wanted)
    return layout.address(
        "explorer",
        run=run,
        sha=resources.run(run).sha256[:SHA_DIGITS],
        cohort=scan.cohort,
        cohort_sha=resources.cohort(scan.cohort).sha256[:SHA_DIGITS],
        scan=str(scan.row),
        own=_words(table, own),
        set=_words(own, wanted),
        guidance=f"{edit.guidance:g}",
    )


def _words(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return NAME=VALUE for each condition that differs."""
    names = dict.fromkeys([*before, *after])
    return [f"{name}={_plain(after.get(name))}" for name in names if after.get(name) != before.get(name)]


def _plain(value: object) -> str:
    return MISSING if value is None else repr(value) if isinstance(value, float) else str(value)


def opened(run: str) -> Linked | None:
    """Return the edit by this run that the address of this session asks for, if any; say why where it cannot be."""
    return session_link.opened(run, "scan", _read, lambda found: found.scan)


def _read(run: str) -> Linked | str:
    """Return what the address asks for, or why it cannot be shown."""
    query, known = st.query_params, resources.run(run).conditions
    cohort, row = query.get("cohort", ""), query["scan"]
    data = resources.fitting(resources.run(run)).get(cohort)
    if data is None or not row.isdecimal() or int(row) >= len(data):
        return session_link.MISSING_SCAN
    try:
        own, wanted = (read_told(known, parse_told(query.get_all(name), name)) for name in ("own", "set"))
        guidance = float(query.get("guidance", "1"))
        refuse_outside(Range(lambda value: 1 <= value <= STRONGEST, f"1 to {STRONGEST:g}"), "guidance", guidance)
    except (InputError, ValueError) as error:
        return session_link.damaged(error)
    return Linked(Scan(cohort, int(row)), own, wanted, guidance)
