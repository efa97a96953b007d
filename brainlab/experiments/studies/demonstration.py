"""Studies for whoever looks at the study desk for the first time: one that is finished, and ten cases to try.

The readers of the finished one are scripts, which its title says. They look at the pixels as a reader would, through a
reader's session, and know nothing else: what is sharper than most images of the study they call real, each with an eye
of their own, so that blurred fakes are found and sharp ones are not.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from brainlab.experiments.studies.locking import Watch, lock_study
from brainlab.images.laplacian import laplacian_variance
from brainlab.images.pictures import to_unit
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import TRIAL_TITLE, Protocol, Reader
from brainlab.reading.record.store import Store
from brainlab.reading.room.session import ReaderSession

DEMONSTRATION = "Demonstration: read by three scripts, not by people"
CASES, TRIAL_CASES = 60, 10
READER = "You"
ACTOR = "the demonstration itself"


@dataclass(frozen=True, kw_only=True)
class Script:
    """A scripted reader. noise: of its eye, in standard deviations of sharpness; strict: how much sharper than the
    middle image it wants a real one, in the same units."""

    code: str
    noise: float
    strict: float


SCRIPTS = (
    Script(code="Script-1", noise=0.4, strict=0.0),
    Script(code="Script-2", noise=0.7, strict=0.2),
    Script(code="Script-3", noise=1.5, strict=-0.3),
)
SURE = 0.4
"""Standard deviations of sharpness from the middle that make a script one step surer."""

MEDIAN_MS = 4000


def demonstration(design: Protocol, watch: Watch | None = None) -> Path:
    """Return the folder of the finished study of this workspace; made from `design`'s sources where there is none."""
    if made := _made():
        return made
    protocol = replace(
        resized(design, CASES),
        title=DEMONSTRATION,
        readers=tuple(Reader(code=script.code) for script in SCRIPTS),
        practice=0,
        rest_break_every=0,
        repeats_share=0.2,
    )

    def finish(folder: Path) -> None:
        lock_study(folder, override="a demonstration without readers", watch=watch)
        for link, script in zip(lifecycle.issue_links(folder), SCRIPTS, strict=True):
            _read(folder, link.token, script, protocol.seed)
        lifecycle.close(folder)
        lifecycle.unblind(folder, ACTOR, "read by scripts")

    return _whole(protocol, finish)


def trial(design: Protocol, base_url: str, watch: Watch | None = None) -> tuple[str, lifecycle.Link]:
    """Lock ten cases of `design`'s sources for one reader; returns the study's id and the link to it."""
    protocol = replace(
        resized(design, TRIAL_CASES),
        title=TRIAL_TITLE,
        readers=(Reader(code=READER),),
        practice=0,
        repeats_share=0.0,
    )
    links: list[lifecycle.Link] = []

    def finish(folder: Path) -> None:
        lock_study(folder, override="ten cases to try", watch=watch)
        links.extend(lifecycle.issue_links(folder, base_url))

    return _whole(protocol, finish).name, links[0]


def resized(design: Protocol, cases: int) -> Protocol:
    """Return a design with so many cases, half of them real where there are sources of both kinds."""
    labels = [source.truth for source in design.sources]
    shares = [cases // len(set(labels)) / labels.count(label) for label in labels]
    ends = np.cumsum(shares).round().astype(int)
    numbers = np.diff(ends, prepend=0)
    sources = tuple(replace(s, n=int(n)) for s, n in zip(design.sources, numbers, strict=True) if n > 0)
    return replace(design, sources=sources)


def _whole(protocol: Protocol, finish: Callable[[Path], object]) -> Path:
    """Make a study that nobody sees before it is finished; nothing stays of one that was interrupted."""
    hidden = lifecycle.study_folder(lifecycle.create_study(protocol, listed=False))
    try:
        finish(hidden)
        Store(hidden).fold()
        return hidden.rename(hidden.with_name(hidden.name[1:]))
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise


def _made() -> Path | None:
    """Return the demonstration that this workspace has."""
    for status in lifecycle.list_studies():
        if status.title == DEMONSTRATION and status.state == "unblinded":
            return lifecycle.study_folder(status.study)
    return None


def _read(folder: Path, token: str, script: Script, seed: int) -> None:
    """Read all cases as a script does."""
    random = np.random.default_rng([seed, SCRIPTS.index(script)])
    middle, spread = _sharpness_of_all(folder)
    session = ReaderSession.open(folder, token, f"the only tab of {script.code}")
    session.acquire_lease()
    for event in ("welcome_done", "consent_given"):
        session.record_event(event)
    while case := session.current():
        pixels, shape = session.pixels(case.id)
        seen = (_sharpness(pixels, shape) - middle) / spread - script.strict + script.noise * random.normal()
        session.answer(
            case.id,
            "real" if seen > 0 else "fake",
            confidence=int(np.clip(1 + abs(seen) / SURE, 1, 5)),
            idempotency_key=case.answer_key,
            active_ms=int(MEDIAN_MS * np.exp(0.4 * random.normal())),
        )


def _sharpness_of_all(folder: Path) -> tuple[float, float]:
    """Return the median of the images' sharpness, and its standard deviation."""
    with Store(folder).read() as db:
        rows = db.execute("SELECT pixels, shape_json FROM stimulus").fetchall()
    found = np.array([_sharpness(row["pixels"], json.loads(row["shape_json"])["shape"]) for row in rows])
    return float(np.median(found)), float(found.std()) or 1.0


def _sharpness(pixels: bytes, shape: Sequence[int]) -> float:
    """Log of the variance of the Laplacian within the image."""
    image = to_unit(np.frombuffer(pixels, np.uint8).reshape(shape))
    return float(np.log(laplacian_variance([image])[0] + 1e-6))
