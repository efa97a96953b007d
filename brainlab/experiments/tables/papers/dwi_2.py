"""Table 2 of the DWI comparison paper: what readers called real, by source, from an unblinded reading study."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from brainlab.errors import InputError, StudyStateError
from brainlab.evaluation.published import DWI
from brainlab.experiments.tables.registry import PaperTable, Rebuilt, Row, Sources

if TYPE_CHECKING:
    import pandas as pd

COUNTS = {
    "true_positives": "True positives",
    "false_positives": "False positives",
    "true_negatives": "True negatives",
    "false_negatives": "False negatives",
}
PUBLISHED = {
    "original images": (True, (0.94, 1.00)),
    "vanilla VAE": (False, (0.04, 0.00)),
    "DFC VAE": (False, (0.00, 0.04)),
    "IntroVAE": (False, (0.84, 1.00)),
    "style-based GAN": (False, (0.92, 0.98)),
}
"""Whether a source is real, and the share of its 50 images that each of the two readers called real."""

PUBLISHED_KAPPA = 0.84
READERS = "all readers"


def build(sources: Sources) -> Rebuilt:
    """Rebuild the table from a study. Raises StudyStateError, naming it, as long as it is not unblinded."""
    if sources.study is None:
        raise InputError("dwi-2: needs an unblinded reading study, got none; name one with --study ID")
    from brainlab.reading.desk.lifecycle import load_protocol, study_folder
    from brainlab.reading.report.export import answers_frame
    from brainlab.reading.statistics.study_statistics import study_statistics

    folder = study_folder(sources.study)
    try:
        frame = answers_frame(folder, ("main",))
    except StudyStateError as error:
        raise StudyStateError(f"--study {sources.study}: {error}") from error
    protocol = load_protocol(folder)
    question = protocol.questions[0]
    found = study_statistics(frame, categories=question.values)
    if protocol.grouped or not found["per_source"]:
        asked = "images side by side" if protocol.grouped else f"'{question.text}'"
        raise InputError(
            f"--study {sources.study}: needs one that asks of each image if it is real or fake, got {asked}"
        )
    return Rebuilt(
        rows=(
            *(
                _row(source.name, reader, source.truth == "real", figures[source.name])
                for source in protocol.sources
                for reader, figures in found["per_source"].items()
                if source.name in figures
            ),
            *(_kappa(entry["readers"], entry) for entry in found["cohens_kappa"]),
        ),
        published=_published(),
        settings={
            "study": sources.study,
            "positive": "real",
            "shares": "of the answered cases of a source",
            "cases": found["cases"],
            "missing_answers": int(frame["answer"].isna().sum()),
            "reading": "the first, without practice and repeats",
            "interval": "95%: Wilson's of the share called real; kappa as in the study's report",
        },
        notes=("Cells: " + " / ".join(found["readers"]) + ".",),
    )


def _row(source: str, reader: str, real: bool, figure: Mapping[str, Any]) -> Row:
    """Return the four shares of a source, as the paper has them: what a source cannot be is 0."""
    share = figure["value"]
    rest = None if share is None else 1 - share
    shares = (share, 0.0, 0.0, rest) if real else (0.0, share, rest, 0.0)
    interval = {"called_real_low": figure["low"], "called_real_high": figure["high"], "n": figure["n"]}
    return {"method": source, "reader": reader, **dict(zip(COUNTS, shares, strict=True)), **interval}


def _kappa(readers: Iterable[str], figure: Mapping[str, Any]) -> Row:
    kept = {"cohens_kappa": figure["value"], **{name: figure[name] for name in ("low", "high", "n")}}
    undefined = {} if figure["value"] is not None else {"undefined": {"cohens_kappa": figure["reason"]}}
    return {"method": READERS, "reader": " and ".join(readers), **kept, **undefined}


def _published() -> tuple[Row, ...]:
    rows = [
        _row(source, str(number), real, {"value": share, "low": None, "high": None, "n": 50})
        for source, (real, shares) in PUBLISHED.items()
        for number, share in enumerate(shares, start=1)
    ]
    return (*rows, _kappa("12", {"value": PUBLISHED_KAPPA, "low": None, "high": None, "n": 250}))


def layout(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the table as the paper prints it: a column a source, the readers' shares in its cells; kappa below."""
    import pandas as pd

    rows = list(rows)
    shares = [row for row in rows if row["method"] != READERS]
    columns = list(dict.fromkeys(row["method"] for row in shares))
    lines = [
        {
            "": title,
            **{source: " / ".join(_percent(r[name]) for r in shares if r["method"] == source) for source in columns},
        }
        for name, title in COUNTS.items()
    ]
    for row in rows:
        if row["method"] == READERS:
            value = row["cohens_kappa"]
            span = "" if row["low"] is None else f" ({row['low']:.2f} to {row['high']:.2f})"
            text = "undefined" if value is None else f"{value:.2f}{span}"
            lines.append({"": f"Cohen's kappa, {row['reader']}", **dict.fromkeys(columns, ""), columns[0]: text})
    return pd.DataFrame(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


TABLE = PaperTable(
    name="dwi-2",
    title="what readers called real and fake, by source",
    source=f"{DWI}, table 2 and section 4",
    build=build,
    layout=layout,
    reading=(
        "Real is the positive class: a generated image that is called real is a false positive. Shares are of the "
        "images of one source, so that for each source two of the four can differ from 0.",
        "A generator whose images are called real as often as real ones are deceives the readers.",
        "The paper's text and its table differ on the DFC VAE (text: 92% and 98% called fake; table: 100% and 96%); "
        "the table is shown.",
    ),
    reads=("study",),
)
