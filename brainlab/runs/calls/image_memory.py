"""How many images one call may hold in memory."""

import os

from brainlab.counted import sized
from brainlab.errors import InputError

MEMORY_SHARE = 0.5
"""Part of the machine's memory that the images of one call may fill."""


def refuse_beyond_memory(n: int, bytes_each: int) -> None:
    """Raise InputError where n images of so many bytes do not fit into their share of the machine's memory."""
    wanted, memory = n * bytes_each, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if wanted > MEMORY_SHARE * memory:
        most = int(MEMORY_SHARE * memory / bytes_each)
        raise InputError(f"--n: {n} images would take {sized(wanted)} of memory; draw at most {most} at once")
