"""A method's entry: everything that commands, pages and the training need to know of it without knowing its class."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

from brainlab.cohort.views import View
from brainlab.config import apply_flags
from brainlab.errors import InputError
from brainlab.methods.conditions import ConditionalConfig
from brainlab.methods.recipe import Network, Recipe
from brainlab.ranges import Count, CountOrNone, Share, flag

C = TypeVar("C")

Ability = Literal["sample", "encode", "reconstruct", "walk", "stack", "styles", "condition", "translate"]
"""What a run of a method can do.

sample: draw images; all can that do not translate.  encode: give a code to an image.  reconstruct: give an image back
from its code.  walk: its codes are vectors whose neighbours decode to similar images, so that sliders and interpolation
make sense.  stack: code a volume slice by slice,
the slices joined by a Gaussian, so that its coordinates can be moved.  styles: show a code by a style at each level of
its network, so that levels can be mixed and images projected.  condition: draw what is asked for.  translate: make one
sequence from others.
"""

_LACKING: dict[Ability, str] = {
    "sample": "draws no images",
    "encode": "has no encoder",
    "reconstruct": "does not reconstruct",
    "walk": "has no codes to move along",
    "stack": "has no Gaussian over slices",
    "styles": "has no styles",
    "condition": "draws nothing on request",
    "translate": "does not translate",
}


def lacking(ability: Ability) -> str:
    """Say what a run without an ability lacks, for every message of commands and pages.

    >>> lacking("walk")
    "has no codes to move along (ability 'walk')"
    """
    return f"{_LACKING[ability]} (ability '{ability}')"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What every training needs, whatever the method.

    epochs: one epoch sees each training image once (a last incomplete batch is left out).
    stop_after: epochs after which training ends although its schedule is made for `epochs`; None trains them all.
    batch_size: images in one step.
    ema_decay: of the moving average of the weights, which is kept as the trained run.
    look_every: epochs between two looks at the diagnostics, or more as training goes on; the first epoch has one too.
        Looking takes time where images take many passes of a network.
    early_stopping: end once the error on held-out images has risen from strip to strip so many times in a row (Wei,
        section 2.2.3: 3); None trains all epochs.  strip: epochs in a strip.
    """

    epochs: Count = 16
    stop_after: CountOrNone = None
    batch_size: Count = 16
    ema_decay: Share = 0.995
    look_every: Count = 1
    early_stopping: CountOrNone = None
    strip: Count = 5

    def asked(self, args: Namespace) -> "Schedule":
        """Return the schedule with the flags that were given; an earlier stop of its own goes with its own epochs."""
        asked = apply_flags(self, args)
        if args.epochs is not None and args.stop_after is None:
            return replace(asked, stop_after=None)
        return asked


@dataclass(frozen=True, kw_only=True)
class Preset(Generic[C]):
    """A named instance of a method. config: its settings. schedule: how long it is trained here.

    recipe: name of the preparation recipe of the images that it is made for: the paper's, or where no paper of brain
        images is behind it, that of the images by which its settings were found; None where any will do.
    source: where in the literature it is from. budget: how long it was trained there, in words; empty where it is from
        nowhere, or the authors do not say.
    """

    config: C
    schedule: Schedule = field(default_factory=Schedule)
    recipe: str | None = None
    source: str = ""
    budget: str = ""

    @property
    def published_in(self) -> str:
        """What its source is, for sentences: a paper, or a thesis where it says so."""
        return "thesis" if "thesis" in self.source else "paper"


def no_batch_rule(config: Any, images: int) -> None:
    """Take batches of any size."""


def any_length(config: Any, schedule: Schedule) -> str | None:
    """Take trainings of any length without a word."""
    return None


def all_have_effect(config: Any) -> Mapping[str, str]:
    """Use every setting, whatever the others are."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Method(Generic[C]):
    """One way to generate or translate images. An instance named `METHOD` stands at the foot of the method's own file.

    name: as `config.json` keeps it.  title: as pages and cards print it.
    config: frozen keyword-only dataclass of the method's own settings; its fields are the command line's flags.
    network: a config's generator or translator with fresh weights; raises InputError on settings that do not fit
        together.
    recipe: a config's recipe, with the network in it.
    view: what the method reads of a prepared dataset.
    abilities: what its runs can do; `condition` only where their settings name any (`abilities_of`).
    presets: named settings, by name; no two methods share a name.
    small: configs of a few thousand weights, for slices and for volumes where it claims both: for `check_method`.
    check_batch: raises InputError, naming a flag, where the method cannot learn from so many images at once, or at all
        for want of something beside them.
    schedule_warning: what to say of a training that would end before the method begins; None of any other.
    without_effect: settings that others leave without effect, and by which: `{"folds": "with --paper-exact"}`; a flag
        for one is refused.
    changeable: settings that may change when a run is resumed, so that one that diverged can go on.
    """

    name: str
    title: str
    config: type[C]
    network: Callable[[C], Network]
    recipe: Callable[[C], Recipe]
    view: Callable[[C], View]
    abilities: frozenset[Ability] = frozenset()
    presets: Mapping[str, Preset[C]] = field(default_factory=dict)
    small: tuple[C, ...] = ()
    check_batch: Callable[[C, int], None] = no_batch_rule
    schedule_warning: Callable[[C, Schedule], str | None] = any_length
    without_effect: Callable[[C], Mapping[str, str]] = all_have_effect
    changeable: tuple[str, ...] = ("learning_rate",)

    def abilities_of(self, config: C) -> frozenset[Ability]:
        """Return what runs of these settings can do: those that learn no conditions draw nothing on request."""
        learns = isinstance(config, ConditionalConfig) and bool(config.conditions)
        drawn: frozenset[Ability] = frozenset() if "translate" in self.abilities else frozenset({"sample"})
        return (self.abilities if learns else self.abilities - {"condition"}) | drawn

    def refuse_without_effect(self, config: C, asked: Iterable[str]) -> None:
        """Raise InputError, naming its flag, on the first of the settings asked for that has no effect in a config."""
        idle = self.without_effect(config)
        for name in asked:
            if name in idle:
                raise InputError(f"{flag(name)}: has no effect {idle[name]}; leave it out")
