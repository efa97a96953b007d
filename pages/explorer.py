"""Latent explorer: move sliders, watch the brain."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app import layout, resources, starts, walks
from app.codes import SHA_DIGITS, from_base64, from_steps, to_link
from app.components.volume_viewer import Overlay, Panel, latent_explorer, released_code, volume_viewer
from app.explorer_data import explorer_data
from app.exports import gif, nifti, nifti_of, png
from app.latent_view import revision, space
from app.uploads import Uploaded, change_in_own_space, in_own_space
from app.volumes import Decoded, Difference, Source
from brainlab.errors import BrainlabError


def page() -> None:
    """Choose a run and a start, then explore."""
    runs = resources.runs()
    layout.head(
        "Latent explorer",
        "What does each direction of a model's latent space change in the brain?",
        layout.badges(*(run.simulated for run in runs.values())),
    )
    if not runs:
        layout.empty("No trained run yet.", "Train one, then come back.", layout.TRAIN)
        return
    left, middle, right = st.columns([1, 1, 3.1])
    names = list(runs)
    best = layout.best_run(names)
    asked = st.query_params.get("run", best)
    run = left.selectbox("Run", names, index=names.index(asked if asked in names else best), key="explorer-run")
    if asked not in names:
        st.caption(f":orange[:material/info:] The run that this address names is not here; this is {run}.")
    fitting = list(resources.fitting(runs[run]))
    cohort: str | None = middle.selectbox(
        "Classes from", fitting, key="explorer-cohort", help="Orders and annotates the sliders."
    )
    with st.spinner("Encoding the cohort once for this run"):
        try:
            if cohort:
                space(run, cohort)
        except BrainlabError as error:
            st.caption(f":orange[:material/info:] Without the order and the classes of {cohort}: {error}")
            cohort = None
    with right:
        start = starts.choose(run, cohort)
    explore(run, cohort, start)
    if note := starts.fidelity_note(run, start):
        st.caption(note)
    use(run, cohort, start)


@st.fragment
def explore(run: str, cohort: str | None, start: starts.Start) -> None:
    """Show the sliders with their brain; all that runs when a slider is let go."""
    extra = [start.way] if start.way else []
    known = revision("explorer", run, cohort, start.identity)
    data = explorer_data(run, cohort, start.steps, known, extra)
    data["title"], data["note"] = f"{run} · {start.label}", "simulated" if resources.run(run).simulated else "generated"
    released = latent_explorer(data, key="explorer", on_release=lambda: None)
    if not released or released["revision"] != data["revision"]:
        released = {"code": data["code"], "revision": data["revision"], "at": 0}
    st.session_state["explorer-released"] = released
    current = from_base64(released["code"])
    if cohort and (note := starts.distance_note(run, cohort, from_steps(current, resources.run(run).latent_dim))):
        st.caption(f":orange[:material/explore_off:] {note}")


@st.fragment
def use(run: str, cohort: str | None, start: starts.Start) -> None:
    """Show what can be done with the code that the sliders hold; a fragment of its own, so that sliders stay quick."""
    layout.tabs(
        "explorer-tabs",
        {
            "Film-strip": lambda: film_strip(run, cohort),
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


def film_strip(run: str, cohort: str | None) -> None:
    """Show a walk along one direction, as the FLAIR IntroVAE paper's figures 12 and 13."""
    if cohort is None:
        layout.empty("A walk needs the range of real codes.", "Add a cohort on the run's grid.")
        return
    walk = walks.choose(run, cohort, space(run, cohort), held)
    opened = resources.run(run)
    with_difference = st.toggle("Difference to the start", key="film-difference")
    volume_viewer(
        [
            Panel(
                Decoded(run, steps),
                opened.shape,
                opened.affine,
                title=title,
                overlay=Overlay(Difference(Decoded(run, steps), Decoded(run, walk.origin)))
                if with_difference
                else None,
            )
            for title, steps in zip(walk.titles, walk.codes, strict=True)
        ],
        key="film",
        layout="column",
        toolbar=False,
        readout=False,
    )
    walked: list[Source] = [Decoded(run, steps) for steps in walk.codes]
    layout.downloads(
        "film",
        {f"{run}-walk.png": partial(png, walked), f"{run}-walk.gif": partial(gif, walked)},
        {
            f"{run}-walk-{title}.nii.gz": partial(nifti, w, opened.affine)
            for w, title in zip(walked, walk.titles, strict=True)
        },
    )


def dimensions(run: str, cohort: str | None) -> None:
    """Show the table of dimensions."""
    if cohort is None:
        layout.empty("No class to tell apart.", "Add a cohort on the run's grid.")
        return
    st.caption("Best separators of the classes first. Dimensions are counted from zero.")
    layout.table(space(run, cohort).table.round(3), f"{run}-dimensions", "dimensions")


def compare(run: str, start: starts.Start) -> None:
    """Show the original scan, the start and the edited brain side by side."""
    opened = resources.run(run)
    first, now = Decoded(run, start.steps), Decoded(run, held())
    panels = [
        Panel(first, opened.shape, opened.affine, title="start"),
        Panel(now, opened.shape, opened.affine, title="now"),
        Panel(now, opened.shape, opened.affine, title="now less start", overlay=Overlay(Difference(now, first))),
    ]
    if start.scan:
        panels.insert(0, Panel(start.scan, opened.shape, opened.affine, title="original", note=start.note))
    volume_viewer(panels, key="compare", layout="column", toolbar=False, readout=False)


def share(run: str, start: starts.Start) -> None:
    """Offer the link and the files of the present brain; of an upload also on the upload's own voxels."""
    current = held()
    opened = resources.run(run)
    address = layout.address("explorer", run=run, sha=opened.sha256[:SHA_DIGITS], z=to_link(current))
    st.caption("This address opens the identical brain, and says so where the run has changed.")
    st.code(address, language=None, wrap_lines=True)
    now, before = Decoded(run, current), Decoded(run, start.steps)
    files: dict[str, Callable[[], bytes]] = {
        f"{run}.nii.gz": lambda: nifti(now, opened.affine),
        f"{run}.png": lambda: png([now]),
    }
    if isinstance(start.scan, Uploaded):
        head = start.scan.head
        files |= {
            f"{run}-in-own-space.nii.gz": lambda: nifti_of(in_own_space(now, head, opened.affine)),
            f"{run}-change-in-own-space.nii.gz": lambda: nifti_of(
                change_in_own_space(now, before, head, opened.affine)
            ),
        }
        st.caption(
            f"Files 'in own space' lie over {head.name} as it was uploaded, on its own voxels; the change is the "
            "present brain less the reconstruction."
        )
    for column, (name, make) in zip(st.columns(4), files.items(), strict=False):
        column.download_button(name, make, name, icon=":material/download:", key=f"share-{name}", width="stretch")


page()
