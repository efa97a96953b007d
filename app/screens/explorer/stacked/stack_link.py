"""Links to a moved volume: the run, what it starts from, and where its coordinates stand."""

import math
from dataclasses import dataclass

import streamlit as st

from app.components import layout
from app.components.draw_choice import LARGEST_TRUNCATION
from app.data import resources
from app.data.codes import SHA_DIGITS
from app.data.stacks import Draw, MeanCode, Moves, Start
from app.data.volumes import Scan
from app.screens.explorer import session_link
from brainlab.errors import InputError
from brainlab.latent.slice_coordinates import Coordinate

FARTHEST = 100.0
"""Standard deviations that a link may ask for; a scan may lie beyond what the sliders offer."""
MOST_MOVED = 32
"""Coordinates that a link may move: a slider each."""


@dataclass(frozen=True)
class Linked:
    """What a link opens."""

    start: Start
    moves: Moves


def address(run: str, start: MeanCode | Draw | Scan, moves: Moves) -> str:
    """Return the address of a moved volume."""
    query: dict[str, str | list[str]] = {"run": run, "sha": resources.run(run).sha256[:SHA_DIGITS]}
    if isinstance(start, Draw):
        query |= {"start": "draw", "seed": str(start.seed), "truncation": f"{start.truncation:g}"}
    elif isinstance(start, Scan):
        made = resources.cohort(start.cohort).sha256[:SHA_DIGITS]
        query |= {"start": "scan", "cohort": start.cohort, "cohort_sha": made, "scan": str(start.row)}
    else:
        query |= {"start": "mean"}
    return layout.address("explorer", **query, move=[f"{at.dimension}.{at.profile}={value!r}" for at, value in moves])


def opened(run: str) -> Linked | None:
    """Return the moved volume that the address of this session asks of this run, if any; say why where it cannot be."""
    return session_link.opened(
        run, "start", _read, lambda found: found.start if isinstance(found.start, Scan) else None
    )


def _read(run: str) -> Linked | str:
    """Return what the address asks for, or why it cannot be shown."""
    query = st.query_params
    try:
        start = _start(run)
        if start is None:
            return session_link.MISSING_SCAN
        asked = query.get_all("move")
        if len(asked) > MOST_MOVED:
            raise InputError(f"it moves {len(asked)} coordinates, {MOST_MOVED} at most can be")
        return Linked(start, tuple(_move(run, told) for told in asked))
    except (InputError, ValueError) as error:
        return session_link.damaged(error)


def _start(run: str) -> Start | None:
    """Return the start that the address asks for; None for a scan that is not there."""
    query = st.query_params
    if query["start"] == "scan":
        row, data = query.get("scan", ""), resources.fitting(resources.run(run)).get(query.get("cohort", ""))
        return Scan(data.name, int(row)) if data and row.isdecimal() and int(row) < len(data) else None
    if query["start"] == "draw":
        seed, truncation = query.get("seed", ""), float(query.get("truncation", "1"))
        if not seed.isdecimal() or int(seed) > layout.LARGEST_SEED or not 0 <= truncation <= LARGEST_TRUNCATION:
            raise InputError(f"needs a seed and a truncation from 0 to {LARGEST_TRUNCATION:g}")
        return Draw(int(seed), truncation)
    if query["start"] != "mean":
        raise InputError(f"needs a start of mean, draw or scan, got {query['start']}")
    return MeanCode()


def _move(run: str, told: str) -> tuple[Coordinate, float]:
    """Read DIMENSION.PROFILE=SD. Raises InputError where it is none, or no coordinate of the run that varies."""
    named, _, value = told.partition("=")
    dimension, _, profile = named.partition(".")
    if not (dimension.isdecimal() and profile.isdecimal() and value):
        raise InputError(f"needs DIMENSION.PROFILE=SD, got {told}")
    at = Coordinate(int(dimension), int(profile))
    resources.slice_coordinates(run).profile(at)
    if not (math.isfinite(float(value)) and abs(float(value)) <= FARTHEST):
        raise InputError(f"needs standard deviations from -{FARTHEST:g} to {FARTHEST:g}, got {value}")
    return at, float(value)
