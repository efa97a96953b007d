"""Do the explorer's Age and Ventricle sliders do what they say? Read their images by the simulator's own measures.

    python -m benchmarks.models.slider_readings RUN PREPARED_TRAINING PREPARED_UNSEEN

The simulator knows each person's age and ventricle volume. A reader learns them from scans of the training people
(ridge regression on 200 principal components of the voxels) and is calibrated on unseen people, so that a reading of 70
means: as old as simulated 70-year-olds look. Unseen scans are then encoded, moved by the slider to each value, decoded
and read. Prints one line for each value: what the slider said, what was read (mean over the scans), and the error: in
years, or as a share of the value. `made again` is the same reading of scans that went through the run unmoved, beside
their own value.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, RidgeCV

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.analysis.latent_space import latent_directions
from brainlab.latent.directions import Direction
from brainlab.runs.run import Run, load_run
from brainlab.types import FloatArray

SLIDERS = {"age_years": (25, 40, 55, 70, 80), "ventricle_volume_ml": (6, 10, 15, 25, 35)}


class Reader:
    """Reads a number from volumes, calibrated so that its mean reading of people with a value is that value."""

    def __init__(self, train: PreparedDataset, unseen: PreparedDataset, name: str, components: PCA) -> None:
        self.components = components
        rows = train.indices("train")[::2]
        self.ridge = RidgeCV(np.logspace(-1, 4, 11)).fit(self._features(train, rows), train.scans[name].iloc[rows])
        known = unseen.scans[name].to_numpy(float)
        raw = self.ridge.predict(self._features(unseen, unseen.indices()))
        self.line = LinearRegression().fit(known[:, None], raw)
        self.r = float(np.corrcoef(known, raw)[0, 1])

    def read(self, volumes: FloatArray) -> FloatArray:
        """Return the readings [n] of volumes [n, *shape]."""
        raw = self.ridge.predict(self.components.transform(volumes.reshape(len(volumes), -1)))
        return np.asarray((raw - self.line.intercept_) / self.line.coef_[0])

    def _features(self, data: PreparedDataset, rows: FloatArray) -> FloatArray:
        parts = np.array_split(rows, max(1, len(rows) // 256))
        return np.concatenate([self.components.transform(data.batch(part).reshape(len(part), -1)) for part in parts])


def main() -> None:
    parser = argparse.ArgumentParser(description="Read the images of the covariate sliders.")
    parser.add_argument("run", type=Path)
    parser.add_argument("train", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--starts", type=int, default=60, help="unseen scans that are moved")
    args = parser.parse_args()
    run, train, unseen = load_run(args.run), PreparedDataset.open(args.train), PreparedDataset.open(args.unseen)
    some = train.indices("train")
    images = train.batch(some[:: max(1, len(some) // 1500)])
    components = PCA(200, svd_solver="randomized", random_state=0).fit(images.reshape(len(images), -1))
    space = latent_directions(run, unseen)
    starts = np.linspace(0, len(unseen) - 1, args.starts).astype(int)
    codes = space.encoding.mean[starts]
    for axis in space.axes:
        if axis.name not in SLIDERS:
            continue
        reader = Reader(train, unseen, axis.name, components)
        print(f"{axis.name}: reader r = {reader.r:.2f} on unseen scans")
        truth = unseen.scans[axis.name].to_numpy(float)[starts]
        again = reader.read(run.decode(codes)).mean()
        scans = _scans(reader, unseen, starts)
        print(f"  made again: {again:.1f}, the people's own {truth.mean():.1f}, the scans' {scans:.1f}")
        for value in SLIDERS[axis.name]:
            read = reader.read(_moved(run, codes, axis, value))
            error = f"{read.mean() - value:+.1f} years" if axis.unit == "years" else f"{read.mean() / value - 1:+.0%}"
            alone = reader.read(run.decode(axis.walk(np.zeros(run.latent_dim), [value])))[0]
            moved = f"read {read.mean():.1f} (sd {read.std():.1f}), {error}"
            print(f"  slider {value:g} {axis.unit}: {moved}; from the mean brain {alone:.1f}")


def _scans(reader: Reader, data: PreparedDataset, rows: FloatArray) -> float:
    return float(reader.read(data.batch(rows)).mean())


def _moved(run: Run, codes: FloatArray, axis: Direction, value: float) -> FloatArray:
    return run.decode(np.concatenate([axis.walk(code, [value]) for code in codes]))


if __name__ == "__main__":
    main()
