"""Networks without memory for their weights: shapes and sizes at no cost."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


@contextlib.contextmanager
def outlined() -> Iterator[None]:
    """Build networks in this context on the device `meta`: tensors have shapes and no values, so none is drawn."""
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Draw nothing: to draw from a normal on `meta`, torch loads its compiler, which takes a second."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in (torch.Tensor.normal_, nn.init.normal_, nn.init.kaiming_normal_):
            return (*args, *given.values())[0]
        return (torch.empty if func is torch.randn else func)(*args, **given)
