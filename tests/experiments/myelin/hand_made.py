"""A tiny prepared dataset of DVR whose demyelinated voxels are known one by one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.z_scores import cohort_numbers, scored
from brainlab.images.volume import Volume

SHAPE = (12, 10, 8)
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
LABELS = {"3": "left-white", "5": "ventricles", "8": "cerebellum", "11": "lesion"}
BARE, NORMAL = 0.8, 1.3
LESION = np.zeros(SHAPE, int)
LESION[5:9, 3:8, 2:4] = np.arange(1, 41).reshape(4, 5, 2)
"""Numbers of the voxels that can be lesion, from 1; a person's lesion is the first of them."""


@dataclass(frozen=True)
class Person:
    """bare: numbers of the lesion voxels that are demyelinated at each visit, from 1. size: of the lesion in voxels."""

    name: str
    class_name: str
    bare: tuple[tuple[int, ...], ...]
    age_years: float = 50.0
    sex: str = "F"
    edss: float | None = None
    size: int = 40

    @property
    def lesion(self):
        return np.isin(LESION, range(1, self.size + 1))

    def labels(self):
        labels = np.full(SHAPE, 3, np.uint8)
        labels[:2], labels[11] = 5, 8
        labels[self.lesion] = 11
        return labels

    def dvr(self, bare, seed=0, blunder=()):
        """DVR of one visit; blunder: lesion voxels that are shown as the opposite."""
        random = np.random.default_rng([seed, *map(ord, self.name)])
        image = np.where(self.labels() == 5, 0.4, random.normal(1.25, 0.05, SHAPE))
        shown = np.isin(LESION, sorted(set(bare) ^ set(blunder)))
        image = np.where(self.lesion, np.where(shown, BARE, NORMAL), image)
        return image.astype(np.float32)


def cohort():
    """Three controls, eight patients with a changing share of remyelination, and people who cannot be measured."""
    people = [Person(f"sub-h{number}", "healthy", ((),), size=0) for number in range(3)]
    for number in range(8):
        stay, back, lost = range(1, 9), range(9, 11 + number), range(20, 20 + (5 * number) % 7)
        first, last = (*stay, *back), (*stay, *lost)
        people.append(
            Person(
                f"sub-m{number}", "ms", (first, last) if number else (first, (), last), 40.0 + (number * 7) % 11,
                "M" if number % 3 == 0 else "F", 5.0 - 0.5 * number + (number % 2), 40 - (5 * number) % 9,
            )
        )  # fmt: skip
    return [
        *people,
        Person("sub-v0", "leuko1", ((1, 2, 3, 4), (1, 2))),
        Person("sub-v1", "leuko1", ((1,),)),
        Person("sub-v2", "leuko1", ((), ()), size=0),
    ]


def write(
    folder: Path, people=None, *, with_edss=True, inputs=lambda dvr, place: {"MTRmap": 30 * dvr}, **changes
) -> PreparedDataset:
    """Write the dataset; inputs: returns the sequences beside a DVR and the visit's place; changes: of recipe.json."""
    people = cohort() if people is None else people
    images, labels, rows = [], [], []
    for person in people:
        for visit, bare in enumerate(person.bare):
            dvr = person.dvr(bare, visit)
            sequences = {"DVR": dvr, **inputs(dvr, len(images))}
            images.append(np.stack(list(sequences.values())))
            labels.append(person.labels())
            rows.append(
                {
                    "participant": person.name,
                    "session": f"ses-{visit + 1:02d}",
                    "class": person.class_name,
                    "age_years": person.age_years + visit,
                    "sex": person.sex,
                    "split": "train",
                    **({"edss": person.edss} if with_edss else {}),
                }
            )
    numbers = cohort_numbers(images, list(sequences))
    recipe = {
        "name": "pet-synthesis", "shape": list(SHAPE), "affine": AFFINE.tolist(), "channels": list(sequences),
        "intensity": "z-score", "z_scores": numbers, "labels": LABELS, "simulated": True,
    }  # fmt: skip
    order = np.arange(len(rows))[::-1]  # visits in the order of time come of their ages and not of their rows
    return write_prepared(
        folder,
        [scored(images[row], numbers) for row in order],
        pd.DataFrame([rows[row] for row in order]),
        recipe | changes,
        "float16",
        segmentations=[labels[row] for row in order],
    )


def write_synthesised(folder: Path, blunder=(), left_out=()) -> Path:
    """Write an image of every visit of patients that shows some lesion voxels as the opposite, at the last visit."""
    folder.mkdir()
    for person in cohort():
        if person.class_name == "healthy" or person.name in left_out:
            continue
        for visit, bare in enumerate(person.bare):
            wrong = blunder if visit == len(person.bare) - 1 else ()
            image = person.dvr(bare, visit, wrong) + np.float32(0.01)
            Volume(image, AFFINE).save(folder / f"{person.name}_ses-{visit + 1:02d}_DVR.nii.gz")
    return folder
