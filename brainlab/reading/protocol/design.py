"""The protocol of a reading study: what is shown, to whom, how, and what is asked. A protocol is plain JSON."""

import dataclasses
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from brainlab.config import from_dict
from brainlab.errors import InputError
from brainlab.files.json_text import parse_json
from brainlab.reading.protocol.allocation import Allocation, most_cases
from brainlab.reading.protocol.composition import cases_of
from brainlab.reading.protocol.harmonisation import Harmonisation
from brainlab.reading.protocol.questions import CUE, GROUP_KINDS, VERDICT, Question
from brainlab.reading.protocol.validation import KIND_LABELS, protocol_faults

PROTOCOL_VERSION = 1
SEEDS = 2**31

TRIAL_TITLE = "Ten cases to try"
"""Of a study that whoever looks at the desk for the first time reads; its result is shown without ceremony."""

INSTRUCTIONS = (
    "You will see one image at a time. Decide whether it is real (acquired from a person) or fake (made by a "
    "computer). You can take back your last answer. Please read alone and do not discuss the images until the study "
    "is closed."
)
PAIR_INSTRUCTIONS = (
    "You will see two images at a time, one real (acquired from a person) and one fake (made by a computer). Decide "
    "which of the two is real. You can take back your last answer. Please read alone and do not discuss the images "
    "until the study is closed."
)
GROUP_INSTRUCTIONS = (
    "You will see {images} images at a time, of which one is {wanted} and the others are {others}. Decide which one is "
    "{wanted}. Real images were acquired from a person, fake ones made by a computer. You can take back your last "
    "answer. Please read alone and do not discuss the images until the study is closed."
)
RANKING_INSTRUCTIONS = (
    "You will see {images} images at a time. Rank them from the one that looks most real (acquired from a person) to "
    "the one that looks most like an image made by a computer. You can take back your last answer. Please read alone "
    "and do not discuss the images until the study is closed."
)
OTHER_INSTRUCTIONS = (
    "You will see one image at a time. Please answer the questions beside it. You can take back your last answer. "
    "Please read alone and do not discuss the images until the study is closed."
)
CONSENT = (
    "Your answers and reading times are stored under a code, without your name, and are used for research only. "
    "You may stop at any time and withdraw your answers. The images are not for diagnosis."
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where cases come from.

    kind: `cohort` (real cases of a prepared dataset), `run` (samples of a run) or `folder` (image files of any origin).
    name: of the cohort or run, or the folder's path.
    n: number of cases in the study itself; practice cases come on top.
    label: `real` or `fake`; None follows the kind (cohort real, run fake), a folder must say.
    truncation: radius by which a run's latent draws are scaled; 1.0 draws from the prior.
    """

    kind: Literal["cohort", "run", "folder"]
    name: str
    n: int
    label: Literal["real", "fake"] | None = None
    truncation: float = 1.0

    @property
    def truth(self) -> str:
        """`real` or `fake`."""
        return self.label or KIND_LABELS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A reader, known in the study by a code; the name is kept apart and can be erased."""

    code: str
    name: str = ""
    experience_years: float | None = None


def new_seed() -> int:
    """Return a seed for a new study; two designs hardly ever share one."""
    return secrets.randbelow(SEEDS)


PARTS: dict[str, type[Allocation] | type[Harmonisation]] = {"allocation": Allocation, "harmonisation": Harmonisation}
"""Parts that a protocol may have."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Everything that is fixed when a study is locked.

    title: for the researcher; readers see `reader_title`, so that the title cannot unblind.
    sources, readers: where cases come from, and who reads. questions: the first is required and gives the figures.
    instructions, consent: what readers are told and agree to. seed: of the readers' orders, together
        with the salt of the lock, which alone decides what is shown; a new one if absent.
    stimulus: `slice` shows one plane of one volume, `volume` three linked planes.
    plane, slice_range: plane of the slices, and the part of that axis they are drawn from (0 first, 1 last slice).
    classes: disease classes of the real cases; empty takes all.
    harmonisation: how images of differing size, format or range are made alike; None takes them as they are, and
        refuses sizes that differ.
    confidence: ask for 1 (guess) to 5 (certain) with every verdict. cue: ask for an optional free text.
    window: `fixed`, or `adjustable` by the reader. window_low, window_high: intensities shown as black and white.
    background_floor: intensities below are background in every image, real or fake, below half of it also inside the
        brain (see rendering): a decoder leaves a faint skirt around its brains, a stripped scan ends at once.
    interpolation, magnification: how pixels are enlarged at lock; magnification 0 takes about 384 pixels for slices and
        leaves volumes on their grid, where the viewer enlarges with the same interpolation.
    repeats_share: hidden repeats for intra-reader agreement, as a share of the cases that a reader reads.
    practice: cases before the study, excluded from every figure. practice_feedback: tell the truth after each.
    time_cap_s: seconds per case, None without limit. rest_break_every: cases between breaks, 0 for none.
    dark_pause_s: seconds of a dark screen before each case, so that no image is compared with the one before it by
        flicker; 0 for none.
    allocation: how a pool too large for each reader is shared out among them; None gives every case to every reader.
    rounds, washout_weeks: number of readings of the same cases, and the least time between them.
    equivalence_margin: half width of 'indistinguishable from chance', in accuracy, fixed before anyone reads.
    """

    title: str
    sources: tuple[Source, ...]
    readers: tuple[Reader, ...]
    reader_title: str = "Image reading"
    instructions: str = INSTRUCTIONS
    consent: str = CONSENT
    stimulus: Literal["slice", "volume"] = "slice"
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    slice_range: tuple[float, float] = (0.4, 0.7)
    classes: tuple[str, ...] = ()
    harmonisation: Harmonisation | None = None
    questions: tuple[Question, ...] = (VERDICT,)
    confidence: bool = True
    cue: bool = False
    window: Literal["fixed", "adjustable"] = "fixed"
    window_low: float = 0.0
    window_high: float = 1.0
    background_floor: float = 0.08
    interpolation: Literal["linear", "nearest"] = "linear"
    magnification: int = 0
    repeats_share: float = 0.1
    practice: int = 6
    practice_feedback: bool = False
    time_cap_s: float | None = None
    rest_break_every: int = 50
    dark_pause_s: float = 0.0
    seed: int = field(default_factory=new_seed)
    allocation: Allocation | None = None
    rounds: int = 1
    washout_weeks: float = 4.0
    equivalence_margin: float = 0.1
    version: int = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        for fault in protocol_faults(self):
            raise InputError(f"protocol: {fault}")

    @property
    def all_questions(self) -> tuple[Question, ...]:
        """The questions of a case, the optional cue included."""
        return (*self.questions, CUE) if self.cue else self.questions

    @property
    def grouped(self) -> bool:
        """Whether a case is several images side by side."""
        return bool(self.questions) and self.questions[0].kind in GROUP_KINDS

    @property
    def cases(self) -> int:
        """Number of different cases in the study itself; several images side by side are one."""
        return cases_of(self.questions[0], [(source.name, source.truth, source.n) for source in self.sources])

    @property
    def cases_each(self) -> int:
        """Number of different cases that a reader reads: all, or the largest share of a pool (see `allocation`)."""
        return most_cases(self.allocation, self.cases, len(self.readers))

    @property
    def repeats(self) -> int:
        """Number of hidden repeats of each reader."""
        return round(self.cases_each * self.repeats_share)

    def to_json(self) -> str:
        """Return the protocol as readable JSON."""
        return json.dumps(self.to_values(), indent=2, ensure_ascii=False)

    def to_values(self) -> dict[str, Any]:
        """Return the protocol as plain values; parts that it has not leave no trace in its hash."""
        values = dataclasses.asdict(self)
        for part in PARTS:
            if values[part] is None:
                del values[part]
        return values

    @classmethod
    def from_json(cls, text: str) -> "Protocol":
        """Read a protocol; raises InputError naming what is missing, unknown or out of range."""
        try:
            values = parse_json(text)
        except ValueError as error:
            raise InputError(f"protocol: not JSON ({error})") from error
        if not isinstance(values, dict):
            raise InputError(f"protocol: needs one JSON object, got {type(values).__name__}")
        return cls.from_values(values)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "Protocol":
        """Build a protocol from parsed JSON."""
        if values.get("version", PROTOCOL_VERSION) != PROTOCOL_VERSION:
            raise InputError(f"protocol: needs version {PROTOCOL_VERSION}, got {values['version']}")
        values = dict(values)
        try:
            for name, kind in (("sources", Source), ("readers", Reader), ("questions", Question)):
                if name in values:
                    if not isinstance(values[name], list) or not all(isinstance(item, dict) for item in values[name]):
                        raise InputError(f"protocol: {name}: needs a list of JSON objects")
                    values[name] = [from_dict(kind, item) for item in values[name]]
            for name, part in PARTS.items():
                if (chosen := values.get(name)) is not None:
                    if not isinstance(chosen, dict):
                        raise InputError(f"protocol: {name}: needs a JSON object, or null")
                    values[name] = from_dict(part, chosen)
            if values.get("questions"):
                values.setdefault("instructions", usual_instructions(values["questions"][0]))
            return from_dict(cls, values)
        except (TypeError, AttributeError, ValueError) as error:
            raise InputError(f"protocol: {re.sub(r'[A-Za-z.]*__init__[()]+ ', '', str(error))}") from error

    def sha256(self) -> str:
        """Hash of the protocol's content."""
        return content_sha256(self.to_json())

    def again(self, seed: int) -> "Protocol":
        """Return the same design for another study: another seed, readers by code alone."""
        readers = tuple(dataclasses.replace(reader, name="") for reader in self.readers)
        return dataclasses.replace(self, seed=seed, readers=readers)


def usual_instructions(first: Question) -> str:
    """What readers are told where nobody wrote anything else: it follows the first question."""
    if first.kind == "pair":
        return PAIR_INSTRUCTIONS
    if first.kind == "ranking":
        return RANKING_INSTRUCTIONS.format(images=first.images)
    if first.kind == "alternatives":
        others = "fake" if first.wanted == "real" else "real"
        return GROUP_INSTRUCTIONS.format(images=first.images, wanted=first.wanted, others=others)
    return INSTRUCTIONS if first.options == VERDICT.options else OTHER_INSTRUCTIONS


def content_sha256(protocol_json: str) -> str:
    """Hash of a protocol's JSON, independent of its layout.

    A later brainlab may give protocols more fields; the hash of a stored one stays what it was.
    """
    canonical = json.dumps(json.loads(protocol_json), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def preset(name: str) -> Protocol:
    """Return a named protocol with a new seed. `dwi-2020`: 50 real, 50 of each of four generators, two readers."""
    if name not in PRESETS:
        raise InputError(f"--preset: unknown protocol {name}; known are {', '.join(PRESETS)}")
    return PRESETS[name].again(new_seed())


PRESETS = {
    "dwi-2020": Protocol(
        title="Real or generated: 50 real images and 50 of each of four generators (after Ungría Hirte et al. 2020)",
        sources=(
            Source(kind="cohort", name="simulated-dwi", n=50),
            *(Source(kind="run", name=f"dwi-{name}-small", n=50) for name in ("vae", "dfc-vae", "ivae", "stylegan")),
        ),
        readers=(Reader(code="R1", experience_years=7), Reader(code="R2", experience_years=7)),
    )
}
"""Named protocols. `dwi-2020` is the design of the DWI paper's subjective evaluation (section 3.4)."""
