"""Readers and cases that a comparison needs, shown while a study is designed."""

import pandas as pd
import streamlit as st

from brainlab.errors import InputError
from brainlab.reading.protocol.allocation import overlap
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.statistics.paired.planner import (
    MOST,
    READERS,
    Kind,
    PairedDesign,
    PairedPlan,
    expect,
    sample_sizes,
)

KINDS: dict[Kind, str] = {
    "sources": "two sources of generated images",
    "machine": "a machine and the readers",
    "conditions": "the same cases under two conditions",
}

AREA = (
    "Area under the ROC curve: the probability that a real case gets a higher score than a generated one. 0.5 is "
    "chance, 1 is perfect."
)


def paired_planner(protocol: Protocol, key: str) -> None:
    """Show what the protocol's readers and cases give for a comparison, and on request how many it would take."""
    with st.expander("Comparing sources, conditions or a machine with the readers"):
        left, right = st.columns(2, gap="medium")
        sizes = {truth: [s.n for s in protocol.sources if s.truth == truth] for truth in ("real", "fake")}
        usual = 0 if len(sizes["fake"]) > 1 else 1
        kind: Kind = left.selectbox(
            "Compare", list(KINDS), usual, format_func=KINDS.__getitem__, key=f"{key}-pair-kind"
        )
        names = ("Machine's ROC area", "Readers' mean ROC area") if kind == "machine" else ("ROC area A", "ROC area B")
        first = left.slider(names[0], 0.5, 0.99, 0.85, 0.01, key=f"{key}-pair-first", help=AREA)
        second = left.slider(names[1], 0.5, 0.99, 0.75, 0.01, key=f"{key}-pair-second", help=AREA)
        spread = right.slider(
            "Readers' differences vary by (SD)",
            0.0,
            0.15,
            0.03,
            0.01,
            key=f"{key}-pair-sd",
            help="Standard deviation, over readers, of the true difference between the two ROC areas.",
        )
        correlation = right.slider(
            "Correlation of two readers' scores",
            0.0,
            0.95,
            0.5,
            0.05,
            key=f"{key}-pair-rho",
            help="How alike two readers' scores of the same cases are, beside what the truth explains; 0.5 is usual.",
        )
        wanted = right.slider(
            "Wanted power",
            0.5,
            0.99,
            0.8,
            0.01,
            key=f"{key}-pair-power",
            help="The probability that the study finds the difference if it is there; 80% is usual.",
        )
        each = protocol.cases_each / protocol.cases if protocol.cases else 1.0
        real, fakes = round(each * sum(sizes["real"])), sizes["fake"]
        fake = round(each * (min(fakes, default=0) if kind == "sources" else sum(fakes)))
        if not real or not fake:
            return
        design = PairedDesign(
            kind=kind,
            first=first,
            second=second,
            correlation=correlation,
            reader_sd=spread,
            fakes_per_real=fake / real,
            overlap=overlap(protocol.allocation, protocol.cases, len(protocol.readers)),
        )
        try:
            plan = _expect(design, len(protocol.readers), real)
        except InputError as error:
            st.caption(f"{str(error)[0].upper()}{str(error)[1:]}.")
        else:
            whose = f"{' of each source' if kind == 'sources' else ''}{' each' if protocol.allocation else ''}"
            st.markdown(
                f"These {plan.readers} readers, {plan.real} real and {plan.fake} generated cases"
                f"{whose}: power **{plan.power:.0%}**, difference "
                f"**± {plan.width / 2:.2f}** (95% interval for other readers and cases)."
            )
        if first == second:
            st.caption("The two areas are equal: there is no difference to find.")
        elif st.button("How many readers and cases?", key=f"{key}-pair-size"):
            st.dataframe(_sizes(design, wanted), hide_index=True, width="content")
            st.caption("Simulated with the test of the report, at 5%, two-sided.")


@st.cache_data(max_entries=64, show_spinner=False)
def _expect(design: PairedDesign, readers: int, real: int) -> PairedPlan:
    """What so many readers and cases give; simulated once."""
    return expect(design, readers, real)


@st.cache_data(max_entries=16, show_spinner="Simulating studies")
def _sizes(design: PairedDesign, power: float) -> pd.DataFrame:
    """Return one row a number of readers: the fewest cases with the wanted power."""
    rows = []
    for readers, plan in sample_sizes(design, power=power, readers=READERS).items():
        found = (f"{plan.real}", f"{plan.fake}", f"± {plan.width / 2:.2f}") if plan else (f"over {MOST}", "", "")
        rows.append(dict(zip(("readers", "real", "generated", "precision"), (str(readers), *found), strict=True)))
    return pd.DataFrame(rows)
