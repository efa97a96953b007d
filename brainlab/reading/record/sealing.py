"""Sealing a study: pixels under random ids, every reader's order, truth apart. Nothing changes afterwards."""

import hashlib
import json
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.files.delimited import in_words
from brainlab.reading.protocol.allotment import allot
from brainlab.reading.protocol.design import Protocol, Reader, content_sha256
from brainlab.reading.protocol.questions import SIDES
from brainlab.reading.record import chain
from brainlab.reading.record.arrangement import draw_arrangement
from brainlab.reading.record.order import draw_order
from brainlab.reading.record.salt import generator, new_salt
from brainlab.reading.record.store import TRUTH_SCHEMA, Store, file_sha256, need_state, record_state
from brainlab.reading.record.tokens import new_id
from brainlab.types import BoolArray, UInt8Array


@dataclass(frozen=True, eq=False)
class Case:
    """One stimulus with its truth, ready to be sealed.

    pixels: uint8, [height, width] of a slice or [X, Y, Z] of a volume, final; [m, ...] of m images side by side.
    voxel_size_mm: one per axis of one image. label: real or fake; of images side by side the place of the one that is
        looked for, of a ranking the sources at all places. source: name of the cohort, run or folder; of images side by
        side that of the fakes. detail: where exactly it came from.
    participant_hash: of a real case, under a key. seed: of a fake, with which its code was drawn under the salt.
    height: of an image that is to stand beside others, see `shared_heights`; it is not kept.
    """

    pixels: UInt8Array
    voxel_size_mm: tuple[float, ...]
    label: str
    source: str
    practice: bool = False
    disease_class: str | None = None
    participant_hash: str | None = None
    run_sha256: str | None = None
    seed: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    height: float = 0.0

    @property
    def kind(self) -> str:
        """`slice` or `volume`, alone or beside others."""
        return "slice" if len(self.voxel_size_mm) == 2 else "volume"

    @property
    def images(self) -> int:
        """How many images are shown side by side."""
        return self.pixels.shape[0] if self.pixels.ndim > len(self.voxel_size_mm) else 1


def seal(
    folder: Path, cases: Sequence[Case], checks: dict[str, Any], note: str = "", salt: bytes | None = None
) -> None:
    """Lock a draft: store the pixels under random ids, draw every reader's order, write truth apart, fix the protocol.

    checks: what the blinding checks found, kept for the report. note: recorded with the lock (an override's reason).
    salt: under which the cases were drawn; a new one if absent, where they were not drawn by lot.
    Raises InputError when the cases do not look alike: shape, voxel size and type must be the same for all.
    """
    store = Store(folder)
    salt = salt or new_salt()
    shuffled = list(cases)
    random.SystemRandom().shuffle(shuffled)
    ids = [new_id() for _ in shuffled]
    with store.write() as db:
        need_state(db, "draft", "lock the study")
        store.truth_path.unlink(missing_ok=True)  # of a lock that was interrupted
        try:
            text = db.execute("SELECT protocol_json FROM study").fetchone()[0]
            protocol = Protocol.from_json(text)
            fixed = _without_names(text)
            check_alike(cases, len(protocol.questions[0].places))
            _write_truth(store.truth_path, ids, shuffled, salt)
            _insert_stimuli(db, protocol, ids, shuffled)
            _insert_readers(db, protocol, ids, shuffled, salt)
            db.execute(
                "UPDATE study SET state = 'locked', protocol_json = ?, protocol_sha256 = ?, truth_sha256 = ?,"
                " checks_json = ?",
                (fixed, content_sha256(fixed), file_sha256(store.truth_path), json.dumps(checks)),
            )
            record_state(db, "locked", note)
            store.anchor_path.unlink(missing_ok=True)  # of a lock that was interrupted
            chain.anchor_seal(db, store.anchor_path)
        except BaseException:
            store.truth_path.unlink(missing_ok=True)
            raise
    store.fold()


def check_alike(cases: Sequence[Case], side_by_side: int = 0) -> None:
    """Raise InputError where cases are not of one shape, pixel size and type.

    side_by_side: images of each case where there are several.
    """
    if not any(not case.practice for case in cases):
        raise InputError("a study needs at least one case")
    first = cases[0]
    for case in cases:
        if case.pixels.dtype.name != "uint8" or len(case.voxel_size_mm) not in (2, 3):
            raise InputError(f"{case.source}: needs uint8 pixels in 2 or 3 dimensions, got {case.pixels.dtype}")
        images = case.pixels.shape[: case.pixels.ndim - len(case.voxel_size_mm)]
        if images != ((side_by_side,) if side_by_side else ()):
            needed = f"{side_by_side} images side by side" if side_by_side else "single images"
            raise InputError(f"{case.source}: needs {needed}, got {case.pixels.shape}")
        if case.pixels.shape != first.pixels.shape or case.voxel_size_mm != first.voxel_size_mm:
            raise InputError(
                f"all cases must look alike: needs shape {first.pixels.shape} at {first.voxel_size_mm} mm as in "
                f"{first.source}, got {case.pixels.shape} at {case.voxel_size_mm} mm in {case.source}"
            )


def _write_truth(path: Path, ids: Sequence[str], cases: Sequence[Case], salt: bytes) -> None:
    """Write truth.db in one go, without side files, and make it read-only; nobody else reads it meanwhile."""
    path.touch(0o600)
    db = sqlite3.connect(path, isolation_level=None)
    try:
        schema = TRUTH_SCHEMA.read_text(encoding="utf-8")
        db.executescript(f"PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; {schema} BEGIN;")
        db.executemany(
            "INSERT INTO truth VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    stimulus,
                    case.label,
                    case.source,
                    case.disease_class,
                    case.participant_hash,
                    case.run_sha256,
                    case.seed,
                    json.dumps(case.detail),
                )
                for stimulus, case in zip(ids, cases, strict=True)
            ],
        )
        db.execute("INSERT INTO salt VALUES (1, ?)", (salt,))
        db.execute("COMMIT")
    finally:
        db.close()
    path.chmod(0o400)


def _insert_stimuli(db: sqlite3.Connection, protocol: Protocol, ids: Sequence[str], cases: Sequence[Case]) -> None:
    for position, question in enumerate(protocol.all_questions):
        db.execute(
            "INSERT INTO question VALUES (?, ?, ?, ?, ?, ?)",
            (
                question.key,
                position,
                question.kind,
                question.text,
                json.dumps(question.options),
                int(question.required),
            ),
        )
    for stimulus, case in zip(ids, cases, strict=True):
        pixels = case.pixels.tobytes()
        shape = {"shape": case.pixels.shape, "voxel_size_mm": case.voxel_size_mm}
        db.execute(
            "INSERT INTO stimulus VALUES (?, ?, ?, ?, ?)",
            (stimulus, case.kind, json.dumps(shape), hashlib.sha256(pixels).hexdigest(), pixels),
        )
        if case.practice and protocol.practice_feedback:
            told = _told(case)
            db.execute("INSERT INTO feedback VALUES (?, ?)", (stimulus, told))


def _without_names(protocol_json: str) -> str:
    """Return a protocol's JSON with readers by code alone: what is fixed at lock could not be erased later."""
    values = json.loads(protocol_json)
    for reader in values["readers"]:
        reader.pop("name", None)
    return json.dumps(values, indent=2, ensure_ascii=False)


def _told(case: Case) -> str:
    """What a reader is told after a practice case; where one of several images was shown is filled in later."""
    if case.images == 1:
        return f"This image was {case.label}."
    if case.label in SIDES:
        return f"The {{{SIDES.index(case.label)}}} image was real."
    real = [place for place, image in enumerate(case.detail["images"]) if image["label"] == "real"]
    if len(real) == 1:
        return f"Image {{{real[0]}}} was real."
    return f"Images {in_words([f'{{{place}}}' for place in real])} were real." if real else "No image was real."


def _insert_readers(
    db: sqlite3.Connection, protocol: Protocol, ids: Sequence[str], cases: Sequence[Case], salt: bytes
) -> None:
    """Write readers, their readings, the order of each and that of images within a case, under fresh random ids.

    Orders are drawn under the salt too: whoever could draw them again would see which ones were thrown away because
    labels and positions went together. (Of several images none is the label, so that none is thrown away.)
    """
    balanced = [case.label == "real" for case in cases]
    practice = [case.practice for case in cases]
    own = _allotted(protocol, cases, salt)
    for number, reader in enumerate(protocol.readers):
        _insert_reader(db, reader)
        for round_ in range(1, protocol.rounds + 1):
            reading = db.execute("INSERT INTO reading (reader, round) VALUES (?, ?)", (reader.code, round_)).lastrowid
            seed = (protocol.seed, number, round_, int.from_bytes(salt))
            order = draw_order(balanced, practice, protocol.repeats, seed, own[:, number])
            lot = generator(salt, "arrangements", number, round_)
            db.executemany(
                "INSERT INTO presentation (id, reading, position, stimulus, occurrence, phase, arrangement)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        new_id(),
                        reading,
                        position,
                        ids[showing.case],
                        showing.occurrence,
                        showing.phase,
                        draw_arrangement(cases[showing.case].images, lot),
                    )
                    for position, showing in enumerate(order, start=1)
                ],
            )


def _allotted(protocol: Protocol, cases: Sequence[Case], salt: bytes) -> BoolArray:
    """Return which reader reads which case, in every round the same: [cases, readers]; practice is for all."""
    reads = np.ones((len(cases), len(protocol.readers)), dtype=bool)
    counted = [place for place, case in enumerate(cases) if not case.practice]
    sources = [cases[place].source for place in counted]
    reads[counted] = allot(sources, len(protocol.readers), protocol.allocation, generator(salt, "allotment"))
    return reads


def _insert_reader(db: sqlite3.Connection, reader: Reader) -> None:
    db.execute("INSERT INTO reader (code, experience_years) VALUES (?, ?)", (reader.code, reader.experience_years))
    if reader.name:
        db.execute("INSERT INTO reader_name VALUES (?, ?)", (reader.code, reader.name))
