"""What the desk says of sources before a lock: the images of each, people, and what does not go together."""

import streamlit as st

from app.data import resources
from brainlab.errors import InputError
from brainlab.images.kind import spelt
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.lock_record import mixed_sources, people_of_sources
from brainlab.workspace import cohort_folders, pseudonyms_key, run_folders

TRUTH_BADGES = {"real": ":green-badge[real]", "fake": ":orange-badge[generated]"}
"""What marks a source on the desk."""

STAMPED = ("recipe.json", "scans.tsv", "config.json")
"""Files that decide whom the cases of a study can be of."""


def images_of_source(source: Source) -> tuple[str, ...]:
    """Return the sequence and the size of a cohort's or run's images, as far as they are known here."""
    if source.kind == "cohort" and (data := resources.cohorts().get(source.name)):
        grid, recipe = data.grid, data.recipe
    elif source.kind == "run" and (run := resources.runs().get(source.name)):
        grid, recipe = run.grid, run.settings.get("recipe", {})
    else:
        return ()
    sequences = [spelt(name) for name in recipe.get("modalities") or ()]
    size = f"{' × '.join(map(str, grid.shape))} {'volumes' if grid.plane is None else 'slices'}"
    return (", ".join(sequences), size) if sequences else (size,)


def source_notes(protocol: Protocol) -> bool:
    """Say of how many people the real cases are, and warn of sources of different kinds.

    Returns whether the sources can be read; where they cannot, the reason is on the page.
    """
    # Nothing else of a protocol decides it, so that it is not worked out again for each word of a text.
    asked = Protocol(
        title="Sources",
        readers=(Reader(code="R1"),),
        sources=protocol.sources,
        stimulus=protocol.stimulus,
        plane=protocol.plane,
        classes=protocol.classes,
        harmonisation=protocol.harmonisation,
        magnification=protocol.magnification,
        seed=0,
    )
    try:
        sources = _foreseen(asked.to_json(), _stamps())
    except InputError as error:
        said = str(error)
        st.warning(f"{said[0].upper()}{said[1:]}.")
        return False
    if people := people_of_sources(sources):
        st.caption(f"Real cases: {'; '.join(people)}.")
    for line in mixed_sources(sources):
        st.warning(line, icon=":material/visibility:")
    return True


@st.cache_data(max_entries=16, show_spinner=False)
def _foreseen(protocol_json: str, stamps: tuple[tuple[str, int], ...]):  # type: ignore[no-untyped-def]
    """What a lock would record of the sources; worked out once for the cohorts and runs that are here."""
    from brainlab.experiments.studies.locking import foresee_sources

    return foresee_sources(Protocol.from_json(protocol_json))


def _stamps() -> tuple[tuple[str, int], ...]:
    """Return which cohorts and runs are here, each file with the time of its last change."""
    files = (folder / name for folder in (*cohort_folders(), *run_folders()) for name in STAMPED)
    return tuple((str(path), path.stat().st_mtime_ns) for path in (*files, pseudonyms_key()) if path.is_file())
