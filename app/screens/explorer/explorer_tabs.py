"""Tabs below the sliders: traversals, comparison, table of dimensions, links and files."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from app.components import layout
from app.components.draw_choice import W
from app.components.volume_viewer import Overlay, Panel, released_code, volume_viewer
from app.data import resources
from app.data.codes import SHA_DIGITS, from_base64, to_link
from app.data.exports import gif, nifti, png
from app.data.uploads import Uploaded
from app.data.volumes import Decoded, Difference, ImageSource
from app.screens.explorer import starting_codes, traversals, uploaded_head
from app.screens.explorer.latent_view import space
from app.screens.explorer.walk_space import walk_space
from brainlab.methods.method import lacking


@st.fragment
def show(run: str, cohort: str | None, start: starting_codes.Start) -> None:
    """Show the tabs; a fragment of its own, so that sliders stay quick."""
    layout.tabs(
        "explorer-tabs",
        {
            "Film-strip": lambda: film_strip(run, cohort, start),
            "Compare": lambda: compare(run, start),
            "Dimensions": lambda: dimensions(run, cohort),
            "Share and export": lambda: share(run, start),
        },
    )


def held() -> bytes:
    """Return the code that the sliders hold, and let the tabs run again whenever one is let go."""
    known = st.session_state["explorer-released"]
    heard = released_code(key="explorer-follower")
    newest = heard if heard and heard["revision"] == known["revision"] and heard["at"] > known["at"] else known
    return from_base64(newest["code"])


def film_strip(run: str, cohort: str | None, start: starting_codes.Start) -> None:
    """Show a traversal of one direction, as the FLAIR IntroVAE paper's figures 12 and 13.

    Without a cohort it reaches as far as the prior does, or as far as the run's styles do.
    """
    known = walk_space(run, cohort, styles=start.styles)
    walk = traversals.choose(run, cohort, known, held)
    with_difference = st.toggle("Difference to the start", key="film-difference")
    show_walk("film", run, walk, with_difference=with_difference, styles=start.styles)


def show_walk(key: str, run: str, walk: traversals.Walk, *, with_difference: bool, styles: bool) -> None:
    """Show the images along a walk side by side, and offer their files."""
    walked = [Decoded(run, steps, styles) for steps in walk.codes]
    origin = Decoded(run, walk.origin, styles) if with_difference else None
    show_images(key, run, list(zip(walk.titles, walked, strict=True)), origin)


def show_images(key: str, run: str, images: Sequence[tuple[str, ImageSource]], origin: ImageSource | None) -> None:
    """Show images of a run side by side under their titles, and offer their files.

    origin: the image whose difference to each is laid over it; none is without one.
    """
    walked = [image for _, image in images]
    volume_viewer(
        [
            Panel(image, title=title, overlay=None if origin is None else Overlay(Difference(image, origin)))
            for title, image in images
        ],
        key=key,
        layout="column",
        toolbar=False,
        readout=False,
    )
    layout.downloads(
        key,
        {f"{run}-walk.png": partial(png, walked), f"{run}-walk.gif": partial(gif, walked)},
        {f"{run}-walk-{title}.nii.gz": partial(nifti, w) for title, w in images},
    )


def dimensions(run: str, cohort: str | None) -> None:
    """Show the table of dimensions."""
    if cohort is None:
        if resources.run(run).can("encode"):
            layout.empty(
                "Dimensions are described by a cohort's scans.", "Prepare one on the run's grid.", layout.PREPARE
            )
        else:
            layout.empty(f"{run} {lacking('encode')}, so no scans tell what its dimensions show.", "See 'Film-strip'.")
        return
    st.caption("Sorted by how well each dimension separates the classes. Dimensions are numbered from 0.")
    layout.table(space(run, cohort).table.round(3), f"{run}-dimensions", "dimensions")


def compare(run: str, start: starting_codes.Start) -> None:
    """Show the original scan, the start and the edited brain side by side."""
    first, now = start.image(run), Decoded(run, held(), start.styles)
    panels = [
        Panel(first, title="start"),
        Panel(now, title="now"),
        Panel(now, title="edited minus start", overlay=Overlay(Difference(now, first))),
    ]
    if start.scan:
        panels.insert(0, Panel(start.scan, title="original", note=start.note))
    volume_viewer(panels, key="compare", layout="column", toolbar=False, readout=False)


def share(run: str, start: starting_codes.Start) -> None:
    """Offer the link and the files of the edited image; of an upload also on the upload's own voxels."""
    current = held()
    opened = resources.run(run)
    space = {"space": W} if start.styles else {}
    address = layout.address("explorer", run=run, sha=opened.sha256[:SHA_DIGITS], z=to_link(current), **space)
    st.caption("This link opens the same image, with a warning if the run has changed since.")
    st.code(address, language=None, wrap_lines=True)
    now, before = Decoded(run, current, start.styles), start.image(run)
    files: dict[str, Callable[[], bytes]] = {
        f"{run}.nii.gz": lambda: nifti(now),
        f"{run}.png": lambda: png([now]),
    }
    if isinstance(start.scan, Uploaded):
        files |= uploaded_head.files_in_own_space(run, start.scan, now, before)
        st.caption(
            f"Files 'in own space' overlay {start.scan.name} as it was uploaded, on its own voxels; the "
            "difference is the edited image minus the reconstruction."
        )
    for column, (name, make) in zip(st.columns(4), files.items(), strict=False):
        with column:
            layout.download(name, make, name, f"share-{name}", icon=":material/download:", width="stretch")
