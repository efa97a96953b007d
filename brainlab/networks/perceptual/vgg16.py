"""VGG16 (Simonyan and Zisserman 2015) without its classifier: the feature network of the DFC VAE, from a weights file.

Weights are not part of brainlab. A file of them, such as torchvision's `vgg16-397923af.pth`, is named by its path; the
names of its entries are torchvision's (`features.0.weight` and so on), what belongs to the classifier is not read.
"""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from brainlab.errors import InputError
from brainlab.files.lfs_pointer import refuse_pointer
from brainlab.networks.perceptual.feature_network import FeatureNetwork

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Maps of the convolutions between two poolings: configuration D of the paper's table 1."""
LOSS_LAYERS = (1, 6, 11)
"""relu1_1, relu2_1 and relu3_1, the three of VAE-123 (Hou et al. 2017, arXiv:1610.00291, section 4.1)."""
LAST_LAYER = 29
"""relu5_3, before the last pooling."""
MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue in [0, 1], to which inputs are brought."""
LEAST_SIDE = 16
"""Below it four poolings leave nothing."""
PREFIX = "features."


class VGG16Features(FeatureNetwork):
    """VGG16 of grey images, repeated as red, green and blue and standardised as ImageNet's."""

    mean: Tensor
    sd: Tensor
    trained_on = "ImageNet"
    length = BLOCKS[-1][-1]
    balanced = True

    def __init__(self, name: str = "VGG16", sha256: str = "") -> None:
        super().__init__()
        self.name, self.sha256 = name, sha256
        layers: list[nn.Module] = []
        inputs = 3
        for block in BLOCKS:
            for outputs in block:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
                inputs = outputs
            layers += [nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(SD).view(1, 3, 1, 1), persistent=False)
        self.freeze()

    @classmethod
    def load(cls, path: Path) -> "VGG16Features":
        """Read weights from a `.pth` or `.safetensors` file; no object other than tensors is built from it.

        Raises InputError where it cannot be read or is of another network.
        """
        network = cls(f"VGG16 ({path.name})", hashlib.sha256(path.read_bytes()).hexdigest())
        kept = {name: value for name, value in _read(path).items() if name.startswith(PREFIX)}
        try:
            network.load_state_dict(kept)
        except RuntimeError as error:  # names or shapes of another network
            raise InputError(
                f"{path}: needs the weights of VGG16 under torchvision's names, got others; name another file"
            ) from error
        return network.freeze()

    def levels(self, x: Tensor) -> tuple[Tensor, ...]:
        return self._at(x, LOSS_LAYERS)

    def pooled(self, x: Tensor) -> Tensor:
        return self._at(x, (LAST_LAYER,))[0].mean((2, 3))

    def _at(self, x: Tensor, layers: tuple[int, ...]) -> tuple[Tensor, ...]:
        """Return what the layers of such numbers give; nothing beyond the last of them is worked out."""
        if min(x.shape[2:]) < LEAST_SIDE:
            got = " x ".join(map(str, x.shape[2:]))
            raise InputError(f"VGG16 needs sides of {LEAST_SIDE} or more pixels, got {got}; take larger images")
        h, found = (x - self.mean) / self.sd, []  # [n, 3, X, Y]
        for number in range(layers[-1] + 1):
            h = self.features[number](h)
            if number in layers:
                found.append(h)
        return tuple(found)


def _read(path: Path) -> dict[str, Tensor]:
    refuse_pointer(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # reading a damaged pickle can end in any error
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"{path}: needs weights as .pth or .safetensors, got what cannot be read ({reason:.80}); name another file"
        ) from error
    if not isinstance(state, dict):
        raise InputError(f"{path}: needs a dictionary of weights, got {type(state).__name__}; name another file")
    return state
