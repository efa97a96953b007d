"""The papers' tables, rebuilt from runs and studies at hand, with the published rows beside."""
