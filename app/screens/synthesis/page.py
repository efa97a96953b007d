"""Synthesis: what a translating run makes of a visit, beside the true sequence, and which inputs it depends on."""

import streamlit as st

from app.components import layout
from app.data import resources, translations
from app.data.translations import CohortVisit, Visit
from app.data.uploaded_visits import UploadedScans
from app.screens.synthesis import comparison, demyelination, figure, own_scans, visit_choice
from brainlab.errors import BrainlabError
from brainlab.methods.method import lacking
from brainlab.runs.run import Run

WARNING = (
    "A synthesised image is a guess from the inputs. It shows no lesion that they do not show, and is no evidence "
    "about a patient."
)
COHORT, OWN = "Cohort", "Upload"
COMMANDS = """brainlab simulate visits --participants 20 --seed 6 --classes ms --modalities FLAIR T1w T2w --space mni
brainlab prepare visits data/default/cohorts/sequences --recipe flair-synthesis --modalities FLAIR T1w T2w \\
    --scale-by brain --segmentations visits/derivatives/truth
brainlab train flair-linear --data data/default/cohorts/sequences --out data/default/runs/flair-linear \\
    --inputs T1w T2w --target FLAIR"""


def show() -> None:
    """Choose a run and a visit, then look at what the run makes of it."""
    runs = resources.runs_that("translate")
    cohorts = {name: data for run in runs.values() for name, data in translations.translatable(run).items()}
    layout.head(
        "Synthesis",
        "What does a sequence that was not taken look like, made from those that were, and how far is it right?",
        layout.badges(*(run.origin for run in runs.values()), *(data.origin.words for data in cohorts.values())),
    )
    st.warning(WARNING, icon=":material/warning:")
    layout.unopened(cohort=resources.unopened_cohorts(), run=resources.unopened_runs())
    if not runs:
        layout.empty(
            "No run that translates yet.", "Train one on the page Train, or with the commands below.", COMMANDS
        )
        return
    with layout.wrapping("synthesis-head", 2):
        left, middle, right = st.columns([1, 1.3, 2.75])
    names = list(runs)
    asked, note = layout.asked_run(names, resources.runs(), lacking("translate"))
    name = left.selectbox("Run", names, index=names.index(asked), key="synthesis-run")
    if note:
        st.caption(note)
    run, fitting = runs[name], list(translations.translatable(runs[name]))
    kinds = [*([COHORT] if fitting else []), OWN]
    kind = middle.segmented_control(
        "Scans", kinds, default=kinds[0], required=True, key=f"synthesis-scans-{len(kinds)}"
    )
    if not fitting:
        layout.note(f"No cohort here holds {_listed(run.config.inputs)} as channels; see `brainlab prepare`")
    visit: Visit | None
    left.caption(f"{_listed(run.config.inputs)} to {run.config.target}")
    with right:
        visit = visit_choice.choose(name, fitting) if kind == COHORT and fitting else own_scans.choose(name)
    if visit is not None:
        _show_visit(run, visit)


@st.fragment
def _show_visit(run: Run, visit: Visit) -> None:
    """Show what a run makes of a visit; all that runs when a widget below is moved."""
    target = run.config.target
    try:
        with st.spinner(f"Making {target} from {_listed(run.config.inputs)} (a few seconds)"):
            translations.made(visit)
    except BrainlabError as error:
        st.error(str(error))
        return
    figure.show(run, visit)
    if isinstance(visit, UploadedScans):
        own_scans.offer(run, visit)
    else:
        visit_choice.offer(run, visit)
    if isinstance(visit, CohortVisit) and translations.knows_truth(visit):
        comparison.show(run, visit)
        demyelination.show(run, visit)
    else:
        layout.note(f"There is no true {target} of this visit, so nothing says how far the synthesised one is right")


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
