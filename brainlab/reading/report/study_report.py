"""The report of a reading study: its statistics, what they mean in plain words, and how they were obtained."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from brainlab.reading.desk.lifecycle import load_protocol
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.report import side_by_side
from brainlab.reading.report.appearance import study_appearance
from brainlab.reading.report.conduct import study_conduct
from brainlab.reading.report.export import answers_frame
from brainlab.reading.report.findings import cautions, summary
from brainlab.reading.report.methods import methods
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from brainlab.reading.statistics.questions.further import further_statistics
from brainlab.reading.statistics.questions.ranking import first_choices
from brainlab.reading.statistics.study_statistics import study_statistics

Machine = Mapping[str, Mapping[str, Any]]


def report_from_answers(
    frame: pd.DataFrame,
    protocol: Protocol | None = None,
    conduct: dict[str, Any] | None = None,
    machine: Machine | None = None,
    images: dict[str, Any] | None = None,
    notes: Sequence[str] = (),
    machines: Sequence[MachineReader] = (),
) -> dict[str, Any]:
    """Return everything `study_statistics` does, and the report's words, ready for JSON.

    `frame` holds the answers with their truth: see `study_statistics`. `protocol` adds the title and the methods,
    `conduct` how the study went (`study_conduct`), `machine` a machine reader's ROC area by source {source: {value,
    low, high, n}} from other images than these, `images` what the images themselves give away (`study_appearance`),
    `notes` what was mended in answers from a file (`read_ratings`), `machines` what machines scored the cases
    (`read_machine_scores`).
    Keys added: `title`, `sources` (names), `summary`, `cautions` and `methods` (lists of sentences), `method_sections`
    (the methods by heading), `further` (one entry a further question), `conduct`, `machine`, `images`.
    """
    if protocol and "source" in frame:
        order = {source.name: place for place, source in enumerate(protocol.sources)}
        frame = frame.sort_values("source", key=lambda names: names.map(order), kind="stable")
    figures = _figures(frame, protocol, machines)
    sections = methods(figures, protocol, conduct)
    further = further_statistics(frame, protocol)["questions"] if protocol else []
    own = side_by_side.findings(further[0], protocol.questions[0]) if protocol and protocol.grouped else None
    if notes:
        sections.insert(1, ("How the answers were read", [f"{note}." for note in notes]))
    return {
        "title": protocol.title if protocol else "Reading study",
        "sources": _names(frame, protocol),
        "summary": summary(figures, own),
        "cautions": cautions(figures),
        "methods": [line for _, lines in sections for line in lines],
        "method_sections": [{"heading": heading, "lines": lines} for heading, lines in sections],
        "further": further,
        "conduct": conduct,
        "machine": {source: dict(figure) for source, figure in (machine or {}).items()},
        "images": _in_order(images, protocol) if images and protocol else images,
        **figures,
    }


def _names(frame: pd.DataFrame, protocol: Protocol | None) -> list[str]:
    """Return the names of all sources."""
    if protocol:
        return [source.name for source in protocol.sources]
    return list(dict.fromkeys(frame["source"].dropna().astype(str))) if "source" in frame else []


def _figures(frame: pd.DataFrame, protocol: Protocol | None, machines: Sequence[MachineReader]) -> dict[str, Any]:
    """The statistics of the first question, whose kind says what the answers are."""
    if protocol is None:
        return study_statistics(frame, machines=machines)
    question = protocol.questions[0]
    if question.kind == "ranking":
        frame = first_choices(frame, [source.name for source in protocol.sources if source.truth == "real"])
        return study_statistics(frame, "nominal", protocol.equivalence_margin, question.places, machines)
    level = "ordinal" if question.kind == "scale" else "nominal"
    return study_statistics(frame, level, protocol.equivalence_margin, question.values, machines)


def _in_order(images: dict[str, Any], protocol: Protocol) -> dict[str, Any]:
    """Sort the sources of images as the protocol names them."""
    names = [source.name for source in protocol.sources]
    return {part: dict(sorted(cells.items(), key=lambda item: names.index(item[0]))) for part, cells in images.items()}


def study_report(
    folder: Path, machine: Machine | None = None, machines: Sequence[MachineReader] = ()
) -> dict[str, Any]:
    """Return the whole report of an unblinded study, every reading included.

    machine, machines: see `report_from_answers`.
    """
    frame = answers_frame(folder, round_=None)
    protocol = load_protocol(folder)
    # Images side by side are one stimulus, which has no look of its own.
    images = None if protocol.grouped else study_appearance(folder)
    return report_from_answers(frame, protocol, study_conduct(folder), machine, images, machines=machines)
