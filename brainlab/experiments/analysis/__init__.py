"""Latent analysis of runs on cohorts: LDA with its baselines, directions, verdicts on single scans."""
