"""The learning rate of a step: how it rises at the beginning of a training and falls until its end."""

import torch


def set_learning_rate(
    optimiser: torch.optim.Optimizer, peak: float, step: int, total_steps: int, *, cosine: bool, warm_up: int = 50
) -> None:
    """Set the rate of one step: a linear rise over `warm_up` steps, then constant or a half cosine down to zero."""
    fraction = min(1.0, step / max(1, total_steps))
    fall = 0.5 * float(1 + torch.cos(torch.tensor(torch.pi * fraction, dtype=torch.float64))) if cosine else 1.0
    for group in optimiser.param_groups:
        group["lr"] = peak * min(1.0, (step + 1) / warm_up) * fall
