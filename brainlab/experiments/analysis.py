"""Runs and cohorts joined for analysis: codes, LDA with its baselines, directions to walk along, metrics."""

from brainlab.experiments.discrimination import LdaResult, lda_analysis
from brainlab.experiments.encodings import encode_dataset, encode_rows
from brainlab.experiments.evaluation import evaluate_run
from brainlab.experiments.latent_space import LatentSpace, latent_directions
from brainlab.experiments.verdicts import Verdict, difference, disagreements, neighbours, scans, verdict

__all__ = [
    "LatentSpace",
    "LdaResult",
    "Verdict",
    "difference",
    "disagreements",
    "encode_dataset",
    "encode_rows",
    "evaluate_run",
    "latent_directions",
    "lda_analysis",
    "neighbours",
    "scans",
    "verdict",
]
