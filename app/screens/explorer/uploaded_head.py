"""The widgets by which a visitor brings a head."""

from collections.abc import Callable

import streamlit as st

from app.data import resources, uploads
from app.data.exports import nifti_of
from app.data.uploads import Uploaded, change_in_own_space, in_own_space
from app.data.volumes import Difference, ImageSource
from brainlab.errors import BrainlabError
from brainlab.images.formats.scan_file import SINGLE_ENDINGS


def choose(run: str) -> Uploaded | None:
    """Ask for a head for a run of volumes; None until one has come that can be placed on the template."""
    upload = st.file_uploader(
        "Scan of one head (NIfTI, MGZ, NRRD, MetaImage or MINC)",
        type=uploads.file_types(SINGLE_ENDINGS),
        key="start-upload",
    )
    stripped = st.toggle("Already skull-stripped and in MNI space", key="start-stripped", help="Skips registration.")
    if upload is None:
        st.caption("Prepared on this server and kept in memory only; nothing is written to the workspace.")
        return None
    try:
        with st.spinner("Registering and skull-stripping (a few seconds)"):
            scan = uploads.take(upload.name, upload.getbuffer(), resources.run(run), stripped)
    except BrainlabError as error:
        st.error(str(error))
        return None
    for note in scan.head.notes:
        st.caption(f":orange[:material/info:] {note}")
    return scan


def files_in_own_space(
    run: str, scan: Uploaded, after: ImageSource, before: ImageSource
) -> dict[str, Callable[[], bytes]]:
    """Return the files of an image of a run, and of what changed in it, on the voxels of the head that was brought."""
    head, affine = scan.head, resources.run(run).affine
    return {
        f"{run}-in-own-space.nii.gz": lambda: nifti_of(in_own_space(after, head, affine), after.provenance),
        f"{run}-change-in-own-space.nii.gz": lambda: nifti_of(
            change_in_own_space(after, before, head, affine), Difference(after, before).provenance
        ),
    }
