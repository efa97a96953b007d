"""Tabs below a moved volume: a film-strip along one coordinate, link and files."""

from collections.abc import Callable

import streamlit as st

from app.components import layout
from app.data.exports import nifti, nifti_of_change, png
from app.data.stacks import MovedStack
from app.data.uploads import Uploaded
from app.data.volumes import Difference, ImageSource, Scan
from app.screens.explorer import uploaded_head
from app.screens.explorer.explorer_tabs import show_images
from app.screens.explorer.stacked import stack_link
from app.screens.explorer.stacked.coordinate_sliders import Chosen, along
from app.screens.explorer.traversals import choose_stops


def film_strip(moved: MovedStack, start: MovedStack, chosen: Chosen) -> None:
    """Show the volume at several values of one coordinate, the others as they are chosen above."""
    with layout.wrapping("stack-strip", 2):
        left, middle, right = st.columns([1.7, 1.1, 2.2], vertical_alignment="bottom")
    names = {at.words.capitalize(): at for at in [*dict(chosen.moves), *chosen.own]}
    at = names[left.selectbox("Along", names, key=f"stack-along-{moved.run}")]
    values = along(choose_stops(middle, "stack-stops"))
    with_difference = right.toggle("Difference to the start", True, key="stack-strip-difference")
    images: list[tuple[str, ImageSource]] = [
        (f"{value:+.2f}", MovedStack(moved.run, moved.start, tuple({**dict(moved.moves), at: value}.items())))
        for value in values
    ]
    show_images("stack-strip", moved.run, images, start if with_difference else None)


def share(moved: MovedStack, start: MovedStack) -> None:
    """Offer the link and the files."""
    run, scan = moved.run, moved.start
    if isinstance(scan, Uploaded):
        st.caption("An uploaded scan has no link: it is held in memory only.")
    else:
        st.caption("This link opens the same start and moves, with a warning if run or cohort have changed since.")
        st.code(stack_link.address(run, scan, moved.moves), language=None, wrap_lines=True)
    original: list[ImageSource] = [scan] if isinstance(scan, Scan | Uploaded) else []
    images: list[ImageSource] = [*original, start, moved, Difference(moved, start)]
    files: dict[str, Callable[[], bytes]] = {
        f"{run}-moved.png": lambda: png(images),
        f"{run}-moved.nii.gz": lambda: nifti(moved),
        f"{run}-start.nii.gz": lambda: nifti(start),
        f"{run}-difference.nii.gz": lambda: nifti_of_change(moved, start),
    }
    if isinstance(scan, Uploaded):
        files |= uploaded_head.files_in_own_space(run, scan, moved, start)
        st.caption(f"Files 'in own space' overlay {scan.name} as it was uploaded, on its own voxels.")
    st.caption("The difference is the moved volume minus the start; in the picture mid-grey is no difference.")
    layout.downloads("stack", files)
