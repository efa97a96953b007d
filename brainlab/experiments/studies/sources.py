"""What is said of the sources of a study, before the lock and in its record; and sources that do not go together."""

from collections.abc import Mapping, Sequence
from typing import Any

from brainlab.errors import InputError
from brainlab.experiments.studies.stimuli import CohortSupply, Supply
from brainlab.images.grid import Grid
from brainlab.reading.images.rendering import magnification
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.record.sealing import Case


def describe_sources(supplies: Sequence[Supply], people: Mapping[str, int | None]) -> list[dict[str, Any]]:
    """Return what the record says of each source: how many cases, of how many people, and of which images.

    people: by name of the source, see `expected_people` and `people_shown`.
    """
    return [
        {
            "name": supply.source.name,
            "kind": supply.source.kind,
            "truth": supply.source.truth,
            "n": supply.source.n,
            "noun": supply.protocol.stimulus,
            "people": people.get(supply.source.name),
            "images": supply.images,
            **(
                {"held_out_scans": len(supply.held_out), "people_refused": supply.refused, "gaps": supply.gaps}
                if isinstance(supply, CohortSupply)
                else {}
            ),
        }
        for supply in supplies
    ]


def expected_people(supplies: Sequence[Supply]) -> dict[str, int | None]:
    """Return how many people the cases of each source will be of; None where that is not known."""
    return {supply.source.name: supply.people for supply in supplies}


def people_in_all(cases: Sequence[Case]) -> dict[str, int]:
    """Return of how many different people those real cases are whose people are known, practice apart.

    A person may be in several sources. cases: all real ones. known: those of known people. people: how many these are.
    """
    real = [case for case in cases if case.label == "real" and not case.practice]
    known = [case.participant_hash for case in real if case.participant_hash]
    return {"cases": len(real), "known": len(known), "people": len(set(known))}


def people_shown(cases: Sequence[Case]) -> dict[str, int]:
    """Return how many people the cases of each source are of, practice apart; without the sources of nobody known."""
    known: dict[str, set[str]] = {}
    for case in cases:
        if case.participant_hash and not case.practice:
            known.setdefault(case.source, set()).add(case.participant_hash)
    return {source: len(people) for source, people in known.items()}


def refuse_other_sizes(supplies: Sequence[Supply], protocol: Protocol) -> None:
    """Raise InputError, naming both, where the images of two sources would not be of one size on the screen.

    Files are left out, each of which has a size of its own; those are compared when the cases are there. Nothing is
    refused where all images are brought to one size.
    """
    if protocol.harmonisation and protocol.harmonisation.size:
        return
    placed = [(supply.source.name, supply.grid) for supply in supplies if supply.grid is not None]
    for name, grid in placed[1:]:
        first, other = placed[0]
        if _on_screen(grid, protocol) != _on_screen(other, protocol):
            raise InputError(
                f"sources: needs images of one size, got {_size(other)} in {first} and {_size(grid)} in {name}; "
                "leave one of them out, or give the protocol a harmonisation"
            )


def _on_screen(grid: Grid, protocol: Protocol) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the pixels of an image as it will be shown, along each side, and the size of one in mm."""
    if protocol.stimulus == "volume":
        shape, size_mm = grid.shape, grid.spacing_mm
    else:
        upright = grid if grid.plane else grid.slice_grid(protocol.plane)
        shape, size_mm = tuple(reversed(upright.shape)), grid.pixel_size_mm(protocol.plane)
    factor = magnification(shape, protocol)
    return tuple(side * factor for side in shape), tuple(round(size / factor, 4) for size in size_mm)


def _size(grid: Grid) -> str:
    return f"{grid} of {' x '.join(f'{size:g}' for size in grid.spacing_mm)} mm"
