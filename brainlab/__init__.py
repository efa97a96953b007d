"""Generative models of brain MRI: training, latent exploration and blinded reading studies.

The names below are what a script needs; docs/api.md shows each in use. They are loaded when first used, so that
`import brainlab` and the command line start without torch, pandas or numpy.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same names as in the table below, for editors and type checkers
    from brainlab.cohort.checks.audit import audit as audit
    from brainlab.cohort.dicom.importing import import_dicom as import_dicom
    from brainlab.cohort.preparation.batch import prepare_cohort as prepare
    from brainlab.cohort.prepared import PreparedDataset as PreparedDataset
    from brainlab.cohort.recipes import find_recipe as find_recipe
    from brainlab.cohort.sources.discovery import find_sources as find_scans
    from brainlab.errors import InputError as InputError
    from brainlab.experiments.analysis.discrimination import lda_analysis as lda
    from brainlab.experiments.analysis.latent_space import latent_directions as latent_space
    from brainlab.experiments.evaluation.run_metrics import evaluate_run as evaluate
    from brainlab.experiments.method_checks import check_method as check_method
    from brainlab.experiments.studies.locking import lock_study as lock_study
    from brainlab.experiments.training import resume as resume
    from brainlab.experiments.training import train as train
    from brainlab.images.volume import Volume as Volume
    from brainlab.latent.interpolation import interpolate as interpolate
    from brainlab.latent.traversal import traverse as traverse
    from brainlab.methods.method import Schedule as Schedule
    from brainlab.reading.desk.lifecycle import close as close_study
    from brainlab.reading.desk.lifecycle import create_study as create_study
    from brainlab.reading.desk.lifecycle import issue_links as issue_links
    from brainlab.reading.desk.lifecycle import study_folder as study_folder
    from brainlab.reading.desk.lifecycle import study_status as study_status
    from brainlab.reading.desk.lifecycle import unblind as unblind_study
    from brainlab.reading.protocol.design import Protocol as Protocol
    from brainlab.reading.protocol.design import Reader as Reader
    from brainlab.reading.protocol.design import Source as Source
    from brainlab.reading.report.export import export_answers as export_answers
    from brainlab.reading.report.study_report import study_report as study_report
    from brainlab.reading.statistics.ratings import read_ratings as read_ratings
    from brainlab.reading.statistics.study_statistics import study_statistics as study_statistics
    from brainlab.runs.encodings import encode_dataset as encode
    from brainlab.runs.listing import list_runs as list_runs
    from brainlab.runs.methods import presets as presets
    from brainlab.runs.run import load_run as load_run
    from brainlab.simulation.cohort import simulate_cohort as simulate
    from brainlab.simulation.participant import CohortSettings as CohortSettings
    from brainlab.workers.workers import Workers as Workers

    open_cohort = PreparedDataset.open

_PUBLIC = {
    # scans and cohorts
    "Volume": "brainlab.images.volume:Volume",
    "CohortSettings": "brainlab.simulation.participant:CohortSettings",
    "simulate": "brainlab.simulation.cohort:simulate_cohort",
    "import_dicom": "brainlab.cohort.dicom.importing:import_dicom",
    "find_recipe": "brainlab.cohort.recipes:find_recipe",
    "find_scans": "brainlab.cohort.sources.discovery:find_sources",
    "prepare": "brainlab.cohort.preparation.batch:prepare_cohort",
    "PreparedDataset": "brainlab.cohort.prepared:PreparedDataset",
    "open_cohort": "brainlab.cohort.prepared:PreparedDataset.open",
    "audit": "brainlab.cohort.checks.audit:audit",
    "Workers": "brainlab.workers.workers:Workers",
    # runs
    "presets": "brainlab.runs.methods:presets",
    "Schedule": "brainlab.methods.method:Schedule",
    "check_method": "brainlab.experiments.method_checks:check_method",
    "train": "brainlab.experiments.training:train",
    "resume": "brainlab.experiments.training:resume",
    "load_run": "brainlab.runs.run:load_run",
    "list_runs": "brainlab.runs.listing:list_runs",
    "evaluate": "brainlab.experiments.evaluation.run_metrics:evaluate_run",
    # latent space
    "encode": "brainlab.runs.encodings:encode_dataset",
    "lda": "brainlab.experiments.analysis.discrimination:lda_analysis",
    "latent_space": "brainlab.experiments.analysis.latent_space:latent_directions",
    "traverse": "brainlab.latent.traversal:traverse",
    "interpolate": "brainlab.latent.interpolation:interpolate",
    # reading studies
    "Protocol": "brainlab.reading.protocol.design:Protocol",
    "Source": "brainlab.reading.protocol.design:Source",
    "Reader": "brainlab.reading.protocol.design:Reader",
    "create_study": "brainlab.reading.desk.lifecycle:create_study",
    "study_folder": "brainlab.reading.desk.lifecycle:study_folder",
    "lock_study": "brainlab.experiments.studies.locking:lock_study",
    "issue_links": "brainlab.reading.desk.lifecycle:issue_links",
    "study_status": "brainlab.reading.desk.lifecycle:study_status",
    "close_study": "brainlab.reading.desk.lifecycle:close",
    "unblind_study": "brainlab.reading.desk.lifecycle:unblind",
    "study_report": "brainlab.reading.report.study_report:study_report",
    "export_answers": "brainlab.reading.report.export:export_answers",
    "read_ratings": "brainlab.reading.statistics.ratings:read_ratings",
    "study_statistics": "brainlab.reading.statistics.study_statistics:study_statistics",
    # errors
    "InputError": "brainlab.errors:InputError",
}
"""Public name to `module:object`."""

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'brainlab' has no attribute {name!r}")
    module, _, path = _PUBLIC[name].partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
