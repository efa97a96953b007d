import pytest
import torch

from brainlab.errors import InputError
from brainlab.networks.translation.cf_generator import CFGenerator
from brainlab.networks.translation.unet_generator import UNetGenerator

BUILDERS = {
    "u-net": lambda **options: UNetGenerator(3, 2, **options),
    "cf": lambda **options: CFGenerator(3, 2, **options),
}
FACTOR = {"u-net": 8, "cf": 16}


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def unit(inputs: int, outputs: int) -> int:
    """Return the parameters of a convolution of kernel 3 with bias and of batch normalisation after it."""
    return 27 * inputs * outputs + 3 * outputs


def pair(inputs: int, outputs: int) -> int:
    return unit(inputs, outputs) + unit(outputs, outputs)


def test_the_u_net_has_the_parameters_that_the_thesis_describes():
    down = pair(4, 32) + pair(64, 64) + pair(128, 128) + unit(32, 64) + unit(64, 128) + unit(128, 256)
    up = sum(unit(2 * a, a) + pair(2 * a, a) for a in (128, 64, 32))
    assert count(UNetGenerator(4)) == down + pair(256, 256) + up + 27 * 32 + 1


def test_the_cf_generator_has_the_parameters_that_the_thesis_describes():
    attention = 4 * 64 * 8 + 1
    down = unit(4, 16) + sum(unit(a, 2 * a) + unit(2 * a, 2 * a) for a in (16, 32, 64, 128))
    up = sum(unit(2 * a, a) + unit(2 * a, a) for a in (128, 64, 32, 16))
    assert count(CFGenerator(4)) == down + up + 2 * attention + 27 * 16 + 1


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("repeats", [(1, 2), (1, 2, 1)])
def test_an_image_comes_out_in_the_size_of_the_inputs(name, repeats):
    size = tuple(FACTOR[name] * times for times in repeats)
    network = BUILDERS[name](dims=len(size))
    assert network(torch.rand(2, 3, *size)).shape == (2, 1, *size)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_side_that_cannot_be_halved_so_often_is_refused(name):
    factor = FACTOR[name]
    with pytest.raises(InputError, match=f"needs sides that divide by {factor}, got {factor} x {factor + 4}"):
        BUILDERS[name](dims=2)(torch.rand(1, 3, factor, factor + 4))


@pytest.mark.parametrize("name", BUILDERS)
def test_every_parameter_learns_once_attention_counts(name):
    torch.manual_seed(0)
    network = BUILDERS[name](dims=2)
    for key, parameter in network.named_parameters():
        if key.endswith("gamma"):
            torch.nn.init.ones_(parameter)
    network(torch.rand(2, 3, 32, 32)).square().sum().backward()
    assert [key for key, parameter in network.named_parameters() if not parameter.grad.abs().sum()] == []


@pytest.mark.parametrize("name", BUILDERS)
def test_dropout_drops_while_training_and_never_after(name):
    torch.manual_seed(0)
    network, x = BUILDERS[name](dims=2), torch.rand(2, 3, 32, 32)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_attention_lets_a_corner_see_the_opposite_one():
    torch.manual_seed(0)
    network = CFGenerator(1, 2, dims=2).eval()

    def reach() -> int:
        x = torch.rand(1, 1, 256, 256, requires_grad=True)
        network(x)[0, 0, 0, 0].backward()
        return int((x.grad[0, 0].abs().sum(0) > 0).sum())

    local = reach()
    for attention in (network.attend_down, network.attend_up):
        torch.nn.init.ones_(attention.gamma)
    assert local < 256
    assert reach() == 256
