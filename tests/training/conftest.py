from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import PreparedDataset, write_prepared


@pytest.fixture
def tiny_data(tmp_path: Path) -> PreparedDataset:
    """Forty 8 x 8 x 8 scans of forty people, every tenth one held out."""
    random = np.random.default_rng(0)
    scans = pd.DataFrame(
        {
            "participant": [f"p{i:02d}" for i in range(40)],
            "session": "1",
            "class": ["healthy", "ms"] * 20,
            "split": ["test" if i % 10 == 0 else "train" for i in range(40)],
        }
    )
    recipe = {"name": "tiny", "shape": [8, 8, 8], "affine": np.diag([4.0, 4, 4, 1]).tolist(), "simulated": True}
    volumes = (random.random((8, 8, 8)).astype(np.float32) for _ in range(40))
    return write_prepared(tmp_path / "tiny", volumes, scans, recipe)
