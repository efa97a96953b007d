"""Trained runs on disk: folder, network, card, provenance, kept codes."""
