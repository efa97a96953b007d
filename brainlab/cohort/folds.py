"""Cross-validation: one fold of the participants held out in place of the dataset's own split."""

import dataclasses
import re
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError


@dataclass(frozen=True)
class Fold:
    """One of several parts of the participants, counted from 1, as `2/5` says.

    >>> str(Fold.parse("2/5"))
    '2/5'
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Fold":
        """Read `2/5`. Raises InputError for anything else."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        number, of = (int(part) for part in found.groups()) if found else (0, 0)
        if not 1 <= number <= of or of < 2:
            raise InputError(f"--fold: needs a fold and how many there are, such as 2/5, got {text}")
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def held_out(self, data: PreparedDataset) -> PreparedDataset:
        """Return a dataset whose split `test` is this fold and whose split `train` is all others.

        No participant is in two folds, and each has about the same share of every class that has as many
        scans as there are folds (scikit-learn's StratifiedGroupKFold, always shuffled alike).
        Raises InputError where there are fewer participants than folds.
        """
        from sklearn.model_selection import StratifiedGroupKFold

        people, classes = (data.scans[name].astype(str).to_numpy() for name in ("participant", "class"))
        if len(np.unique(people)) < self.of:
            raise InputError(
                f"{data.folder}: needs a participant for each of {self.of} folds, got {len(np.unique(people))}; "
                "make fewer folds"
            )
        if np.unique(classes, return_counts=True)[1].max() < self.of:
            classes = np.full_like(classes, "")  # none can be shared out evenly, which scikit-learn refuses
        dealt = StratifiedGroupKFold(self.of, shuffle=True, random_state=0).split(people, classes, people)
        _, test = list(dealt)[self.number - 1]
        split = np.full(len(data), "train", dtype=object)
        split[test] = "test"
        return dataclasses.replace(data, scans=data.scans.assign(split=split))
