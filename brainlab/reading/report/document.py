"""A report as a document: sections of words, tables and charts, the same on the page, in HTML and in the PDF.

The order follows the Guidelines for Reporting Reliability and Agreement Studies (GRRAS, Kottner et al. 2011, J Clin
Epidemiol 64:96-106): methods before results, uncertainty with every estimate, details last.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from brainlab.counted import counted
from brainlab.reading.report import tables
from brainlab.reading.report.charts import report_charts
from brainlab.reading.report.charts.chart import Chart
from brainlab.reading.report.paired.charts import comparison_chart
from brainlab.reading.report.paired.tables import case_table, comparison_table, machine_reader_table
from brainlab.reading.report.source_names import with_short_names
from brainlab.reading.statistics.questions.further import further_table

Report = dict[str, Any]


SHOWN_AS = {"figure": "measure"}
"""Names of columns in print, where they are not those of the data."""


@dataclass(frozen=True)
class Words:
    """Sentences, one an item, under an optional heading."""

    lines: tuple[str, ...]
    heading: str = ""


@dataclass(frozen=True)
class Note:
    """One remark in small print."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table. places: decimals of its numbers. A column of reasons that has none is not shown."""

    key: str
    frame: pd.DataFrame
    places: int

    @property
    def shown(self) -> pd.DataFrame:
        """The columns that say something, named as a journal names them; counts are whole numbers."""
        frame = self.frame.rename(columns=SHOWN_AS)
        if "n" in frame and frame["n"].hasnans:
            frame["n"] = pd.Series([None if pd.isna(n) else int(n) for n in frame["n"]], frame.index, dtype=object)
        if "reason" not in frame:
            return frame
        return frame.drop(columns="reason") if frame["reason"].isna().all() else frame.fillna({"reason": ""})


Block = Words | Note | Table | Chart


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it. key: short name, for tabs and files."""

    key: str
    heading: str
    blocks: tuple[Block, ...]


GRRAS = (
    (1, "Title or abstract names agreement or reliability", "for the authors"),
    (2, "Device or method of interest", "for the authors; sources under Methods, Cases"),
    (3, "Population of subjects", "Methods, Cases"),
    (4, "Population of readers", "Methods, Readers"),
    (5, "Background and rationale", "for the authors"),
    (6, "Choice of sample size", "Methods, Cases; the planner's intervals, for the authors"),
    (7, "Sampling", "Methods, Cases"),
    (8, "Rating process: intervals, clinical information, blinding", "Methods, Rating process to Order"),
    (9, "Independence of ratings", "Methods, Blinding and independence"),
    (10, "Statistical analysis", "Methods, Statistical analysis"),
    (11, "Numbers of readers, subjects and replicates", "Methods, Readers, Order, Deviations"),
    (12, "Characteristics of readers and subjects", "Methods, Readers; Called real, by class"),
    (13, "Estimates with their uncertainty", "Findings, and every section after Methods"),
    (14, "Practical relevance", "for the authors; Limitations"),
    (15, "Detailed results", "CSV, JSON and iMRMC exports"),
)


def report_sections(report: Report) -> list[Section]:
    """Return the document of `report_from_answers`: findings, methods, results, what they do not show, checklist.

    Sources that are folders are called by their own names; the report itself has the paths.
    """
    report = with_short_names(report)
    sections = [
        Section("findings", "Findings", (Words(tuple(report["summary"])),) if report["summary"] else ()),
        Section("methods", "Methods", tuple(Words(tuple(m["lines"]), m["heading"]) for m in report["method_sections"])),
        Section("sources", _heading_of_sources(report), _sources(report)),
        Section("readers", "Each reader", _readers(report)),
        Section("paired", "Comparisons", _paired(report)),
        Section("agreement", "Agreement", _agreement(report)),
        Section("questions", "Further questions", _further(report)),
        Section("course", "Time and learning", _course(report)),
        Section("rounds", "Second reading", _rounds(report)),
        Section("machine", "Comparison with a machine reader", _machine(report)),
        Section("images", "Image features", _images(report)),
        Section("cautions", "Limitations", (Words(tuple(report["cautions"])),)),
        Section("grras", "Reporting checklist (GRRAS 2011)", (_checklist(),)),
    ]
    return [section for section in sections if section.blocks]


def _heading_of_sources(report: Report) -> str:
    return "Called real, by reader and source" if report["per_source"] else "Correct answers, by disease class"


def _sources(report: Report) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if report["per_source"]:
        blocks += [report_charts.source_chart(report), Table("called-real", tables.table_2(report), 1)]
    if any(report["accuracy_per_class"].values()):
        blocks += [report_charts.class_chart(report), Table("accuracy-by-class", tables.class_table(report), 1)]
    return tuple(blocks)


def _readers(report: Report) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if any(values["accuracy"]["value"] is not None for values in report["per_reader"].values()):
        blocks.append(report_charts.accuracy_chart(report))
    if report["roc"]:
        blocks.append(report_charts.roc_chart(report))
    if any("signal_detection" in values for values in report["per_reader"].values()):
        blocks.append(report_charts.detection_chart(report))
    return (*blocks, Table("readers", tables.reader_table(report), 3), *_means(report))


def _means(report: Report) -> tuple[Block, ...]:
    """Means over readers, and what so few readers can show."""
    if not report["all_readers"]:
        return ()
    warned = dict.fromkeys(cell["caution"] for cell in report["all_readers"].values() if cell["caution"])
    return (Table("means", tables.means_table(report), 3), *(Note(text) for text in warned))


def _paired(report: Report) -> tuple[Block, ...]:
    """Sources of fakes, and conditions, against each other."""
    words = {
        "sources": "Two sources of generated images, judged by the same readers beside the same real cases.",
        "conditions": "Two conditions in which the same readers judged the same cases.",
    }
    return tuple(
        block
        for kind, text in words.items()
        if report["paired"][kind]
        for block in (Note(text), *_compared(kind, report["paired"][kind]))
    )


def _compared(kind: str, entries: list[dict[str, Any]]) -> tuple[Block, ...]:
    """Chart and table of some comparisons, and what so few readers can show."""
    warned = dict.fromkeys(entry["caution"] for entry in entries if entry["caution"])
    chart = comparison_chart(f"paired-{kind}", entries)
    drawn = (chart,) if any(series.x for series in chart.series) else ()
    return (*drawn, Table(f"paired-{kind}", comparison_table(entries), 3), *(Note(text) for text in warned))


def _agreement(report: Report) -> tuple[Block, ...]:
    if not report["cohens_kappa"] and not report["intra_reader"]:
        return ()
    accuracy = [
        f"{reader}: accuracy {figure['value']:.0%} over {counted(figure['n'], 'case')}."
        for reader, values in report["per_reader"].items()
        if (figure := values["accuracy"])["value"] is not None
    ]
    beside = (Words(tuple(accuracy), "Accuracy of the same readers"),) if accuracy else ()
    words = "Readers who guess agree by chance alone; kappa is therefore reported alongside accuracy."
    return (
        report_charts.kappa_chart(report),
        Note(words),
        *beside,
        Table("agreement", tables.agreement_table(report), 3),
    )


def _further(report: Report) -> tuple[Block, ...]:
    """A table of each question beyond real or fake; of texts, every one."""
    blocks: list[Block] = []
    for entry in report["further"]:
        table = further_table(entry) if entry["rows"] else pd.DataFrame(entry.get("texts", []))
        said = () if len(table) else ("No answers.",)
        blocks.append(Words(said, f"{entry['text']} ({entry['kind']})"))
        if len(table):
            blocks.append(Table(f"question-{entry['key']}", table, 3))
    return tuple(blocks)


def _course(report: Report) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if report["seconds_per_source"]:
        blocks.append(report_charts.time_chart(report))
    if report["seconds_per_case"]:
        blocks.append(Table("seconds", tables.time_table(report), 1))
    blocks += [
        chart for chart in (report_charts.pace_chart(report), report_charts.learning_chart(report)) if chart.series
    ]
    if report["learning"] or report["pace"]:
        words = "A ratio of 1 means no change; an interval that includes 1 does not demonstrate the absence of change."
        blocks += [Table("course", tables.course_table(report), 2), Note(words)]
    return tuple(blocks)


def _rounds(report: Report) -> tuple[Block, ...]:
    if not report["between_rounds"]:
        return ()
    table = Table("rounds", tables.rounds_table(report), 3)
    judged = (values["accuracy"]["value"] for entry in report["rounds"] for values in entry["per_reader"].values())
    return (table,) if all(value is None for value in judged) else (report_charts.rounds_chart(report), table)


def _machine(report: Report) -> tuple[Block, ...]:
    blocks: list[Block] = []
    areas = "ROC area of real cases versus each source: 0.5 is chance, 1 is perfect discrimination."
    if report["machine_readers"]:
        blocks += [Table("machine-readers", machine_reader_table(report), 3), Note(areas)]
        blocks += _compared("machines", report["paired"]["machines"])
        cases = "Every case, those first on which the first machine and the readers differ most."
        blocks += [Note(cases), Table("machine-cases", case_table(report), 3)]
    if report["machine"]:
        own = "As measured by the evaluation of each run, on other images than those of this study."
        blocks += [Table("machine", tables.machine_table(report), 3), Note(f"{own} {areas}")]
    return tuple(blocks)


def _images(report: Report) -> tuple[Block, ...]:
    if not report["images"] or not report["images"]["sources"]:
        return ()
    words = (
        "Computed after unblinding, within the brain, so that they reflect the models and not the rendering. An ROC "
        "area of 0.5 is chance; above it real images have higher values, below it generated images."
    )
    medians = Table("images", tables.appearance_table(report), 2)
    areas = Table("images-areas", tables.appearance_areas(report), 3)
    return (report_charts.histogram_chart(report), medians, areas, Note(words))


def _checklist() -> Table:
    return Table("grras", pd.DataFrame(GRRAS, columns=["item", "what", "where"]), 0)
