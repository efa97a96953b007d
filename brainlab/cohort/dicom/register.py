"""What an import remembers in its dataset: whose number is whose, by keyed hashes that tell nobody else anything.

The file `.dicom-import.json` is written before any image, so that an import that was killed goes on under the same
names. The key is the workspace's (`pseudonyms.key`), and lies nowhere in the dataset.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brainlab.errors import InputError
from brainlab.files.json_text import parse_json
from brainlab.files.textfile import read_text
from brainlab.files.whole import write_whole
from brainlab.pseudonyms import key_id, keyed_hash

RECORD = ".dicom-import.json"
LABEL = re.compile(r"sub-0*(\d+)$")


class Register:
    """Labels of people, visits and images of one dataset. Raises InputError where another key made its record."""

    def __init__(self, root: Path, key: bytes) -> None:
        self.root, self._key = root, key
        self._people: dict[str, str] = {}
        self._visits: dict[str, str] = {}
        self._images: dict[str, dict[str, str]] = {}
        path = root / RECORD
        self.is_new = not path.exists()
        if self.is_new:
            return
        try:
            record = parse_json(read_text(path))
            made_by = record["key"]
            self._people, self._visits, self._images = (dict(record[name]) for name in ("people", "visits", "images"))
            texts = [
                *self._people.values(),
                *self._visits.values(),
                *(image["file"] for image in self._images.values()),
            ]
            if any(not isinstance(text, str) or ".." in text or text.startswith("/") for text in texts):
                raise ValueError("a path that leaves the dataset")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: needs the record of an import, got something else; choose another OUT"
            ) from error
        if made_by != key_id(key):
            raise InputError(
                f"{root}: was imported in another workspace, whose key tells its people apart; set BRAINLAB_WORKSPACE "
                "to that one, or choose another OUT"
            )

    def person(self, name: str) -> str:
        """Return the label of a person, a new number where there is none."""
        known = keyed_hash(f"person\n{name}", self._key)
        if known not in self._people:
            taken = [*self._people.values(), *_labels_in(self.root)]
            numbers = [int(match[1]) for label in taken if (match := LABEL.fullmatch(label))]
            self._people[known] = f"sub-{max(numbers, default=0) + 1:02d}"
        return self._people[known]

    def place(self, name: str) -> str:
        """Return by what people are put in order before they are numbered: it follows from nothing but the key."""
        return keyed_hash(f"place\n{name}", self._key)

    def visit(self, person: str, name: str) -> str:
        """Return the label of a visit of a person, by its label; the next number where there is none."""
        known = keyed_hash(f"visit\n{person}\n{name}", self._key)
        if known not in self._visits:
            theirs = [label.partition("/")[2] for label in self._visits.values() if label.startswith(f"{person}/")]
            theirs += [path.name for path in (self.root / person).glob("ses-*")]
            numbers = [int(match[1]) for label in theirs if (match := re.fullmatch(r"ses-0*(\d+)", label))]
            self._visits[known] = f"{person}/ses-{max(numbers, default=0) + 1:02d}"
        return self._visits[known].partition("/")[2]

    def image(self, series: str, part: str) -> dict[str, str] | None:
        """Return the `file` of a volume of a series, and the hash of its `images`; None where it is new."""
        return self._images.get(keyed_hash(f"series\n{series}\n{part}", self._key))

    def same_image(self, images: str) -> dict[str, str] | None:
        """Return the volume made of the same images, under whatever series and part it was imported; None if new."""
        return next((image for image in self._images.values() if image["images"] == images), None)

    def add_image(self, series: str, part: str, file: str, images: str) -> None:
        """Give a volume its file, a path below the root. images: hash of those that it is made of."""
        self._images[keyed_hash(f"series\n{series}\n{part}", self._key)] = {"file": file, "images": images}

    def forget(self, file: str) -> None:
        """Forget what a file was made of, under all parts that it had: other images are to have its name."""
        self._images = {part: image for part, image in self._images.items() if image["file"] != file}

    def images_hash(self, uids: Iterable[str]) -> str:
        """Return a keyed hash of which images make a volume."""
        return keyed_hash("\n".join(["images", *sorted(uids)]), self._key)

    def is_taken(self, stem: str) -> bool:
        """Whether a file name without its ending, below the root, belongs to an image that is there or is to come."""
        if any(image["file"] == f"{stem}.nii.gz" for image in self._images.values()):
            return True
        return any((self.root / f"{stem}{ending}").exists() for ending in (".nii.gz", ".nii", ".json"))

    def write(self) -> None:
        """Write the record, whole or not at all."""
        record: dict[str, Any] = {
            "about": "brainlab import-dicom: keyed hashes, by which a second import knows what is here",
            "key": key_id(self._key),
            "people": self._people,
            "visits": self._visits,
            "images": self._images,
        }
        write_whole(self.root / RECORD, json.dumps(record, indent=1) + "\n")

    def remove(self) -> None:
        """Remove the record, of an import that wrote nothing."""
        (self.root / RECORD).unlink(missing_ok=True)


def _labels_in(root: Path) -> list[str]:
    """Return the labels of people that a dataset has folders or rows of."""
    table = root / "participants.tsv"
    rows = read_text(table).splitlines() if table.is_file() else []
    return [*(path.name for path in root.glob("sub-*")), *(row.partition("\t")[0] for row in rows)]
