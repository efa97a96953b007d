"""The FLAIR IntroVAE paper's own tables, shown beside a user's figures: other data, so a reference and no pass mark."""

CLASSES = ("healthy", "ms", "leuko1", "leuko2", "leuko3")
"""The paper's classes: healthy, multiple sclerosis, leukoencephalopathy of severity 1 to 3."""

TABLE_1 = {
    "healthy": {"participants": 1855, "scans": 1855, "age_mean_years": 39, "age_sd_years": 24},
    "ms": {"participants": 616, "scans": 2910, "age_mean_years": 46, "age_sd_years": 14},
    "leuko1": {"participants": 384, "scans": 393, "age_mean_years": 73, "age_sd_years": 10},
    "leuko2": {"participants": 40, "scans": 41, "age_mean_years": 76, "age_sd_years": 9},
    "leuko3": {"participants": 201, "scans": 205, "age_mean_years": 81, "age_sd_years": 8},
}
"""Table 1: data distribution over classes."""

TABLE_2 = {
    "healthy": {"fp": 45, "fn": 48, "tp": 138, "tn": 341, "precision": 0.75, "recall": 0.74},
    "ms": {"fp": 24, "fn": 35, "tp": 285, "tn": 228, "precision": 0.92, "recall": 0.89},
    "leuko1": {"fp": 29, "fn": 18, "tp": 22, "tn": 503, "precision": 0.43, "recall": 0.55},
    "leuko2": {"fp": 3, "fn": 3, "tp": 1, "tn": 565, "precision": 0.25, "recall": 0.25},
    "leuko3": {"fp": 13, "fn": 10, "tp": 12, "tn": 537, "precision": 0.48, "recall": 0.55},
}
"""Table 2: LDA on the codes of the 256-dimensional IntroVAE, test set, one class against the rest."""

NAMED_DIMENSIONS = {
    175: {"name": "lateral ventricles", "covariate": "ventricle_volume_ml", "values": (-1.25, 0.0, 1.25)},
    76: {"name": "overall intensity", "covariate": "mean_intensity", "values": (-1.0, 0.25, 1.0)},
}
"""Figures 12 and 13: what two dimensions of the paper's 256-dimensional IntroVAE change, and the values it shows."""


def table_1_proportions() -> dict[str, float]:
    """Return each class's share of the paper's 5,404 scans."""
    total = sum(int(row["scans"]) for row in TABLE_1.values())
    return {name: row["scans"] / total for name, row in TABLE_1.items()}
