"""Several processes that train one network: what they draw, share and agree on, so that together they are as one.

Each learns from its own share of a step's images (every second of two processes), and all hold the same weights.
Noise is drawn for the images of all processes, of which each keeps that of its own, and batch normalisation takes the
statistics of all: a training on two devices then is, but for rounding, the training on one with the same batch. With
one process all functions return what they were given.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from brainlab.errors import TrainingStoppedError

_LIKE = {torch.randn_like: torch.randn, torch.rand_like: torch.rand}
_INTEGERS: Callable[..., Tensor] = torch.randint
_DROPOUT = (functional.dropout, functional.dropout2d, functional.dropout3d)


def processes() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


@contextlib.contextmanager
def ending_together() -> Iterator[None]:
    """Say in one line that another process has ended, in place of what the network between them says of it.

    Raises TrainingStoppedError.
    """
    try:
        yield
    except RuntimeError as error:
        if processes() > 1 and (isinstance(error, distributed.DistError) or "gloo" in str(error)):
            raise TrainingStoppedError(
                "another process of this training has ended; go on from the last checkpoint with --resume"
            ) from error
        raise


def as_first_process(values: Tensor) -> Tensor:
    """Give every process the first one's values, in place, and return them."""
    if processes() > 1:
        _exchanged(values, lambda shared: distributed.broadcast(shared, 0))
    return values


def sum_over_processes(values: Tensor) -> Tensor:
    """Add up the values of all processes, in place, and return them."""
    if processes() > 1:
        _exchanged(values, distributed.all_reduce)
    return values


def average_over_processes(values: Sequence[Tensor]) -> None:
    """Give every process the mean of all for each of some floating-point tensors, in place, by one message."""
    if processes() > 1 and values:
        exact = any(value.dtype == torch.float64 for value in values)
        parts = [value.flatten().to(torch.float64 if exact else torch.float32) for value in values]
        flat = sum_over_processes(torch.cat(parts)) / processes()
        for value, part in zip(values, flat.split([value.numel() for value in values]), strict=True):
            value.copy_(part.view_as(value))


def mean_of_processes(value: float) -> float:
    """Return the mean of a number over all processes."""
    if processes() == 1:
        return value
    return float(sum_over_processes(torch.tensor(value, dtype=torch.float64))) / processes()


def largest_of_processes(value: int) -> int:
    """Return the largest of a number over all processes."""
    if processes() == 1:
        return value
    shared = torch.tensor(value)
    _exchanged(shared, lambda values: distributed.all_reduce(values, distributed.ReduceOp.MAX))
    return int(shared)


@contextlib.contextmanager
def as_one(images: int) -> Iterator[None]:
    """Draw and normalise in this context as one process with all images would.

    images: in this process' share; all processes have as many, and come with the same state of random numbers.
    What else a network does with a batch as a whole, such as StyleGAN's deviation within groups, it does in each share.
    """
    if processes() == 1:
        yield
        return
    with _AsOne(images, distributed.get_rank(), distributed.get_world_size()):
        yield


def _exchanged(values: Tensor, exchange: Callable[[Tensor], Any]) -> None:
    """Exchange tensors in place where they lie; between GPUs those of the processor go over them."""
    over_gpus = distributed.get_backend() == "nccl" and values.device.type == "cpu"
    shared = values.cuda() if over_gpus else values
    exchange(shared)
    if over_gpus:
        values.copy_(shared)


class _AsOne(TorchFunctionMode):
    """Every draw of [images, ...] or of a multiple of it is that of all processes, of which own rows are kept."""

    def __init__(self, images: int, rank: int, count: int) -> None:
        super().__init__()
        self.images, self.rank, self.count = images, rank, count

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if given.get("generator") is not None:  # whoever brings random numbers shares them out
            return func(*args, **given)
        if func in _LIKE:
            like = {"dtype": args[0].dtype, "device": args[0].device}
            return self._own(lambda shape: _LIKE[func](*shape, **like | given), args[0].shape)
        if func in (torch.randn, torch.rand):
            sides = args[0] if len(args) == 1 and not isinstance(args[0], int) else args
            return self._own(lambda shape: func(*shape, **given), sides)
        if func is _INTEGERS:
            within, sides = args[:-1], args[-1]
            return self._own(lambda shape: _INTEGERS(*within, shape, **given), sides)
        if func in _DROPOUT and _drops(*args, **given):
            return self._apart(lambda: func(*args, **given))
        if func is functional.batch_norm:
            return _normalised(*args, **given)
        return func(*args, **given)

    def _own(self, draw: Callable[[Sequence[int]], Tensor], sides: Sequence[int]) -> Tensor:
        """Return this process' rows of a draw of [n, ...] for each process; of no images, the draw itself."""
        if not sides:
            return draw(sides)
        first, *others = sides
        # Two images to each of ours, such as one real and one fake, are all real ones of all processes before all fake.
        blocks = max(1, first // self.images) if first % self.images == 0 else 1
        drawn = draw((first * self.count, *others)).view(blocks, -1, *others)
        return drawn[:, self.rank :: self.count].reshape(first, *others)

    def _apart(self, draw: Callable[[], Tensor]) -> Tensor:
        """Draw within a kernel of torch that draws for what it is given: from other numbers in each process."""
        seed = int(torch.randint(2**62, ()))
        with torch.random.fork_rng():
            torch.manual_seed(seed + self.rank)
            return draw()


def _drops(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> bool:
    """Whether a call of dropout draws at all."""
    return training and p > 0


def _normalised(
    x: Tensor,
    running_mean: Tensor | None,
    running_variance: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Batch normalisation of x [n, channels, ...] by the mean and variance over all processes' images.

    torch.nn.SyncBatchNorm does it on GPUs alone.
    """
    if not training:
        return functional.batch_norm(x, running_mean, running_variance, weight, bias, False, momentum, eps)
    over = [0, *range(2, x.ndim)]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    with torch.autocast(x.device.type, enabled=False):
        exact = x if x.dtype == torch.float64 else x.float()
        mean = _Sum.apply(exact.mean(over)) / processes()
        centred = exact - mean.view(shape)
        variance = _Sum.apply(centred.square().mean(over)) / processes()
        if running_mean is not None and running_variance is not None:
            values = processes() * x.numel() / x.shape[1]
            running_mean.lerp_(mean.detach().to(running_mean.dtype), momentum)
            unbiased = variance.detach() * values / (values - 1)
            running_variance.lerp_(unbiased.to(running_variance.dtype), momentum)
        normal = centred * (variance + eps).rsqrt().view(shape)
        if weight is not None and bias is not None:
            normal = normal * weight.view(shape) + bias.view(shape)
    return normal.to(x.dtype)


class _Sum(torch.autograd.Function):
    """The sum over processes, whose gradient is that of all of them."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        return sum_over_processes(values.clone())

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0])
