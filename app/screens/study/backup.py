"""A backup of a study, on the study desk. It holds the truth, so it is on the researchers' page and nowhere else."""

import tempfile
from pathlib import Path

import streamlit as st

from app.components import layout
from brainlab.reading.desk.backup import backup_study


def show(folder: Path) -> None:
    """Offer the whole study as one file, made when it is asked for, while readers read on."""
    layout.download(
        "Backup of the study",
        lambda: _archive(folder),
        f"{folder.name}-backup.tar",
        "desk-backup",
        type="tertiary",
        icon=":material/download:",
    )
    st.caption(
        "Answers, images and the sealed truth in one file: never give it to a reader. `brainlab study restore FILE` "
        "restores it. A study with missing or changed files cannot be backed up; "
        f"`brainlab study verify {folder.name}` says why."
    )


def _archive(folder: Path) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "backup.tar"
        backup_study(folder, file)
        return file.read_bytes()
