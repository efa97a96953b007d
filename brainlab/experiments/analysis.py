"""Runs and cohorts joined for analysis: codes, LDA with its baselines, directions to walk along, metrics."""

from brainlab.experiments.discrimination import LdaResult, lda_analysis
from brainlab.experiments.encodings import encode_dataset, encode_rows
from brainlab.experiments.evaluation import evaluate_run
from brainlab.experiments.latent_space import LatentSpace, latent_directions

__all__ = [
    "LatentSpace",
    "LdaResult",
    "encode_dataset",
    "encode_rows",
    "evaluate_run",
    "latent_directions",
    "lda_analysis",
]
