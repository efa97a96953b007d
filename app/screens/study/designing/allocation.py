"""The part of a design by which a pool too large for each reader is shared out among them."""

import streamlit as st

from brainlab.counted import counted
from brainlab.reading.protocol.allocation import Allocation, pool_size
from brainlab.reading.protocol.design import Protocol

ANCHORS, READINGS = 20, 2


def allocation(start: Protocol, readers: int, key: str) -> Allocation | None:
    """Ask whether cases are shared out among so many readers, and how; None where everybody reads every case."""
    before = start.allocation or Allocation(anchors=ANCHORS, readings=READINGS)
    chosen = st.toggle(
        "Share the cases out among the readers",
        start.allocation is not None,
        key=f"{key}-shared",
        help="For more cases than one reader can read. Everybody reads the anchor cases, which show how far readers "
        "agree; the other cases rotate among the readers.",
    )
    if not chosen:
        return None
    anchors = st.number_input(
        "Anchor cases, read by everybody",
        0,
        10_000,
        before.anchors,
        key=f"{key}-shared-anchors",
        help="Agreement of all readers rests on them.",
    )
    readings = st.number_input(
        "Readers of every other case",
        1,
        100,
        before.readings,
        key=f"{key}-shared-readings",
        help="How many of the readers judge each of the other cases; 2 still shows agreement there.",
    )
    cap = st.number_input("Cases that each reader can read", 1, 10_000, 100, key=f"{key}-shared-cap")
    if cap >= anchors:
        pool = pool_size(int(anchors), int(readings), readers, int(cap))
        st.caption(f"Enough for a pool of {counted(pool, 'case')}.")
    else:
        st.caption("Fewer than the anchors.")
    return Allocation(anchors=int(anchors), readings=int(readings))
