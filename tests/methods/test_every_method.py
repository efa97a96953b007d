"""Every method holds what commands, pages, metrics and studies take for granted."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from brainlab.experiments import method_checks
from brainlab.experiments.method_checks import check_method
from brainlab.experiments.method_error import MethodError
from brainlab.generators import flow, introvae, slice_vae, stylegan, vae
from brainlab.methods.generator import Posterior
from brainlab.runs.files import read_settings
from brainlab.runs.methods import methods
from brainlab.translation import cgan, fcn


@pytest.mark.parametrize("name", methods())
def test_a_method_holds_what_all_must(name, tissue_workspace):
    check_method(name)


def test_both_methods_are_checked_for_slices_and_for_volumes():
    for method in (vae.METHOD, introvae.METHOD):
        assert {len(method.network(config).sample_shape) for config in method.small} == {3, 4}


class Forgetful(vae.VAERecipe):
    """Draws a number of its own that no checkpoint holds."""

    def step(self, batch, progress):
        self.seen = getattr(self, "seen", 0) + 1
        return super().step(dataclasses.replace(batch, image=batch.image / (1 + self.seen)), progress)


class TooBright(vae.VAE):
    def decode(self, z):
        return 2 * super().decode(z) + 0.5


class Restless(vae.VAE):
    def decode(self, z):
        return (super().decode(z) + 0.01 * torch.rand(1)).clamp(0, 1)


class Flat(vae.VAE):
    def encode(self, x):
        return Posterior(super().encode(x).mean[:, :2])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unranged(vae.VAEConfig):
    boldness: float = 2.0


class Elsewhere(stylegan.StyleGenerator):
    def decode(self, z):
        return super().decode(0.9 * z)


class Offset(stylegan.StyleGenerator):
    def style(self, z):
        return super().style(z) + 1


class OneForAll(stylegan.StyleGenerator):
    def from_styles(self, styles):
        return super().from_styles(styles[:, :1].expand_as(styles))


class NoWayBack(stylegan.StyleGenerator):
    def from_styles(self, styles):
        return super().from_styles(styles.detach()).detach()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": Elsewhere}, "a code's image must be that of its style at every level, bit for bit"),
        ({"network": Offset}, "a code of zeros must have the mean style"),
        ({"network": OneForAll}, "the style of level 1 must change the image"),
        ({"network": NoWayBack}, "images need gradients to their styles"),
        ({"abilities": frozenset({"walk"})}, "styles is the ability of what is StyleBased"),
        ({"abilities": frozenset({"styles"})}, "what has styles can be walked"),
    ],
)
def test_a_style_based_method_that_does_not_hold_it_is_told(monkeypatch, changes, message):
    made = dataclasses.replace(stylegan.METHOD, **changes)
    monkeypatch.setattr(method_checks, "methods", lambda: {"stylegan": made})
    with pytest.raises(MethodError, match=message):
        check_method("stylegan")


class Brighter(slice_vae.SlicePrior):
    def draw(self, n, noise, truncation=1.0):
        return super().draw(n, noise, truncation) + 1


class DrawnElsewhere(slice_vae.SliceVAE):
    def __init__(self, config):
        super().__init__(config)
        self.prior = Brighter(self.gaussian)


class CutElsewhere(slice_vae.SliceVAE):
    def __init__(self, config):
        super().__init__(config)
        self.plane = "axial"


class Unmoved(slice_vae.SliceVAE):
    def decode(self, z):
        return super().decode(self.gaussian.mean.expand_as(z))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"abilities": frozenset({"encode", "reconstruct"})}, "stack is the ability of what is Stacked"),
        ({"network": DrawnElsewhere}, "a draw must be what its Gaussian over slices makes of the noise"),
        ({"network": CutElsewhere}, "codes need a row for each slice along the normal of its plane"),
        ({"network": Unmoved}, "the strongest slice coordinate must change the image"),
    ],
)
def test_a_method_of_stacks_that_does_not_hold_it_is_told(monkeypatch, changes, message):
    made = dataclasses.replace(slice_vae.METHOD, small=slice_vae.METHOD.small[:1], **changes)
    monkeypatch.setattr(method_checks, "methods", lambda: {"slice-vae": made})
    monkeypatch.setattr("brainlab.runs.run.read_settings", lambda folder: read_settings(folder)._replace(method=made))
    measured = {name: {"value": 1.0} for name in ("isd", "mse")}
    monkeypatch.setattr(method_checks, "evaluate_run", lambda *_, **__: measured)
    with pytest.raises(MethodError, match=message):
        check_method("slice-vae")


class Nearsighted(fcn.FCN):
    def __init__(self, config):
        super().__init__(config)
        self.reach -= 1


class ByItsMean(cgan.CGAN):
    def translate(self, x):
        made = super().translate(x)
        return made - made.mean(dim=(2, 3, 4), keepdim=True)


class Loud(cgan.CGAN):
    def translate(self, x):
        return super().translate(x) + x[-1:, :1]


@pytest.mark.parametrize(
    ("method", "network", "message"),
    [
        (fcn.METHOD, Nearsighted, "a voxel's reach is more than"),
        (cgan.METHOD, ByItsMean, "a far end of a patch changes what it makes"),
        (cgan.METHOD, Loud, "no scan may change what is made of another"),
    ],
)
def test_a_translator_that_does_not_hold_what_it_says_is_told(monkeypatch, method, network, message):
    made = dataclasses.replace(method, network=network, small=method.small[:1])
    monkeypatch.setattr(method_checks, "methods", lambda: {method.name: made})
    with pytest.raises(MethodError, match=message):
        check_method(method.name)


class Deaf(flow.Flow):
    def decode(self, z, condition=None, guidance=1.0):
        return super().decode(z)


class Presuming(flow.Flow):
    def decode(self, z, condition=None, guidance=1.0):
        return super().decode(z if condition else 0.9 * z, condition, guidance)


class OneEared(flow.Flow):
    def encode(self, x, condition=None):
        return super().encode(x)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": Deaf}, "class must change the image of a code"),
        ({"network": Presuming}, "told nothing must be what is not conditioned, bit for bit"),
        ({"network": OneEared}, "class must change the code of an image"),
        ({"abilities": frozenset({"encode", "reconstruct"})}, "condition is the ability of a ConditionalConfig"),
    ],
)
def test_a_method_that_cannot_be_asked_as_it_says_is_told(monkeypatch, changes, message):
    made = dataclasses.replace(flow.METHOD, small=flow.METHOD.small[1:], **changes)
    monkeypatch.setattr(method_checks, "methods", lambda: {"flow": made})
    monkeypatch.setattr("brainlab.runs.run.read_settings", lambda folder: read_settings(folder)._replace(method=made))
    measured = {name: {"value": 1.0} for name in ("isd", "mse")}
    monkeypatch.setattr(method_checks, "evaluate_run", lambda *_, **__: measured)
    with pytest.raises(MethodError, match=message):
        check_method("flow")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": TooBright}, r"images must lie in \[0, 1\]"),
        ({"network": Restless}, "the same codes must give the same images"),
        ({"network": Flat}, "shape of the codes"),
        ({"recipe": Forgetful}, "stopped and resumed"),
        ({"abilities": frozenset()}, "encode is the ability"),
        ({"abilities": frozenset({"reconstruct"})}, "encode is the ability"),
        ({"config": Unranged, "small": (Unranged(**vae.SMALL, sample_shape=(1, 8, 8)),)}, "boldness needs a range"),
        ({"small": ()}, "needs small configs"),
        ({"presets": {}}, "needs a preset"),
    ],
)
def test_a_method_that_does_not_hold_it_is_told(monkeypatch, changes, message):
    made = dataclasses.replace(vae.METHOD, **changes)
    if "config" in changes:
        made = dataclasses.replace(made, presets={"vae-8": SimpleNamespace(config=made.small[0])})
    monkeypatch.setattr(method_checks, "methods", lambda: {"vae": made})
    monkeypatch.setattr("brainlab.experiments.training_plan.find_preset", lambda _: (made, vae.METHOD.presets["vae-8"]))
    with pytest.raises(MethodError, match=message):
        check_method("vae")
