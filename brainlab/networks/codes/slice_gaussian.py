"""A Gaussian over the slices of a volume: what joins slices that are coded one by one to a volume.

Volokitin et al. 2020, section 2.1. For each of L dimensions of a slice's code apart, its course over the T slices of a
volume is Gaussian, y_l = A_l z + mu_l with z ~ N(0, 1), where mean and covariance are those of N training volumes:
A_l A_l^T = X_l^T X_l / N, X_l [N, T] the centred courses. (The paper prints the root of the singular values; its code,
as here, has them as they are.)
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from brainlab.errors import InputError

AT_ONCE = 64
"""Dimensions whose covariances are held at once: of 256 slices 34 MB in 64 bits."""


class SliceGaussian(nn.Module):
    """Mean and root of the covariance over slices. Before `fit` slices are independent, each standard normal.

    Buffers: `mean` [T, L]; `root` [L, T, T], A above.
    """

    mean: Tensor
    root: Tensor

    def __init__(self, slices: int, latent_dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(slices, latent_dim))
        self.register_buffer("root", torch.zeros(latent_dim, slices, slices))
        # `torch.eye` would load PyTorch's compiler where a preset is only outlined.
        self.root.diagonal(dim1=1, dim2=2).fill_(1)

    @torch.no_grad()
    def fit(self, codes: Iterable[Tensor]) -> None:
        """Take mean and covariance from codes of training volumes, in parts [n, T, L] of any length.

        A covariance's eigenvectors, scaled by the roots of its eigenvalues, are the right singular vectors of X scaled
        by its singular values over the root of N, and take T x T numbers where the whole SVD takes N x N, too.
        Raises InputError for fewer than two volumes.
        """
        courses = torch.cat([part.float().cpu() for part in codes])  # [N, T, L]
        if len(courses) < 2:
            raise InputError(f"a Gaussian over slices needs 2 training volumes or more, got {len(courses)}")
        mean = courses.mean(0, dtype=torch.float64)
        self.mean.copy_(mean)
        for start in range(0, courses.shape[2], AT_ONCE):
            some = slice(start, start + AT_ONCE)
            centred = (courses[:, :, some].double() - mean[:, some]).permute(2, 0, 1)  # [l, N, T]
            values, vectors = torch.linalg.eigh(centred.mT @ centred / len(courses))
            self.root[some] = (vectors * values.clamp(min=0).sqrt()[:, None]).to(self.root)

    def courses(self, noise: Tensor) -> Tensor:
        """Return the codes of the slices of volumes from standard normal numbers: [n, T, L] -> [n, T, L]."""
        return self.mean + torch.einsum("lts,nsl->ntl", self.root, noise)
