"""Processes that outlive whoever started them, told from later ones of the same number."""

import subprocess
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def birth(pid: int) -> str | None:
    """Return when a process began, in words of the system that no other process of this number ever has.

    None where no such process runs; one that has ended and waits to be collected runs no more.
    """
    if BOOT.is_file():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        state, ticks_since_boot = fields[0], fields[19]
        return None if state in "ZX" else f"{BOOT.read_text(encoding='utf-8').strip()} {ticks_since_boot}"
    words = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    told = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", check=False)
    state, _, began = told.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def is_running(pid: int, born: str | None) -> bool:
    """Whether the process of this number is still the one that began then."""
    return born is not None and birth(pid) == born
