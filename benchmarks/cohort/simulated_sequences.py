"""Draw docs/figures/simulated_sequences.png: six simulated people with multiple sclerosis in every sequence.

Run: python -m benchmarks.cohort.simulated_sequences [--seed 3] [--out FILE]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from brainlab.images.grid import Grid
from brainlab.simulation.participant import CohortSettings, simulate_participant
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.types import Float32Array
from brainlab.workspace import PROJECT

PEOPLE, LEVEL_MM, TITLE = 6, 22.0, 22


def pictures(seed: int, number: int) -> dict[str, Float32Array]:
    """Return one axial slice of each sequence of a person's first visit, from 0 to 1."""
    settings = CohortSettings(seed=seed, classes=(("ms", 1.0),), voxel_size_mm=1, modalities=tuple(SEQUENCES))
    found = {}
    for image in simulate_participant(settings, number).visits[0].images:
        grid = Grid(image.image.shape, image.affine)
        level = round((LEVEL_MM - image.affine[2, 3]) / image.affine[2, 2])
        bright = np.percentile(image.image[image.truth.brain > 0], 99.5)
        found[image.sequence.name] = np.clip(grid.view(image.image, "axial", level) / bright, 0, 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "figures" / "simulated_sequences.png")
    args = parser.parse_args()
    people = [pictures(args.seed, number + 1) for number in range(PEOPLE)]
    height, width = people[0]["FLAIR"].shape
    sheet = Image.new("L", (len(SEQUENCES) * width, TITLE + PEOPLE * height))
    draw = ImageDraw.Draw(sheet)
    for column, name in enumerate(SEQUENCES):
        draw.text((column * width + 6, 2), name, fill=255, font_size=17)
        for row, person in enumerate(people):
            tile = Image.fromarray(np.rint(255 * person[name]).astype(np.uint8))
            sheet.paste(tile, (column * width, TITLE + row * height))
    sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3), Image.Resampling.LANCZOS).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
