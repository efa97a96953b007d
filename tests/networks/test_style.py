import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from brainlab.networks.style import (
    StyleCritic,
    StyleLayer,
    StyleSynthesis,
    adain,
    he_normal,
    mapping,
    minibatch_deviation,
)


def test_adain_is_the_paper_s_equation_10():
    torch.manual_seed(0)
    x, scale, shift = 3 + 2 * torch.randn(2, 3, 8, 6), torch.randn(2, 3), torch.randn(2, 3)
    out = adain(x, scale, shift)
    for image in range(2):
        for c in range(3):
            values = x[image, c]
            expected = scale[image, c] * (values - values.mean()) / values.std(correction=0) + shift[image, c]
            assert torch.allclose(out[image, c], expected, atol=1e-4)
            assert float(out[image, c].std(correction=0)) == pytest.approx(abs(float(scale[image, c])), rel=1e-4)


def test_what_came_before_leaves_no_mean_or_spread_behind():
    torch.manual_seed(0)
    x, scale, shift = torch.randn(1, 2, 6, 6), torch.ones(1, 2), torch.zeros(1, 2)
    assert torch.allclose(adain(5 * x + 7, scale, shift), adain(x, scale, shift), atol=1e-4)


def test_weights_have_the_spread_of_he_and_biases_are_0():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(64, 128, 3), nn.Linear(300, 500))
    he_normal(network)
    for layer, fan_in in ((network[0], 64 * 9), (network[1], 300)):
        assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.02)
        assert abs(layer.weight.mean().item()) < 0.03 * (2 / fan_in) ** 0.5
        assert not layer.bias.any()


def test_he_s_spread_is_that_of_every_layer_of_both_networks():
    torch.manual_seed(0)
    synthesis = StyleSynthesis(1, (4, 4), (64, 64), 64, haar=False)
    critic = StyleCritic(1, (4, 4), (64, 64), haar=False, group=4)
    for layer in [*synthesis.modules(), *critic.modules()]:
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.numel() > 4000:
            assert layer.weight.std().item() == pytest.approx((2 / layer.weight[0].numel()) ** 0.5, rel=0.06)


def test_the_first_images_of_a_small_gain_lie_within_the_range():
    spreads = []
    for gain in (1.0, 0.1):
        torch.manual_seed(0)
        spreads.append(
            StyleSynthesis(1, (4, 4), (32, 32), 16, haar=True, gain=gain)(torch.randn(32, 4, 16)).std().item()
        )
    assert spreads[0] > 2
    assert spreads[1] == pytest.approx(spreads[0] / 10)


def layer_of(channels=2, sides=(4, 4)):
    layer = StyleLayer(nn.Identity(), channels, 3, sides)
    nn.init.ones_(layer.strength)
    return layer


def test_noise_is_drawn_anew_in_training_and_fixed_after_it():
    torch.manual_seed(0)
    layer, x, w = layer_of(), torch.randn(2, 2, 4, 4), torch.randn(2, 3)
    assert not torch.equal(layer(x, w), layer(x, w))
    layer.eval()
    assert torch.equal(layer(x, w), layer(x, w))


def test_one_noise_image_goes_to_every_map_by_its_strength():
    torch.manual_seed(0)
    layer = layer_of().eval()
    nn.init.zeros_(layer.style.weight)
    nn.init.zeros_(layer.style.bias)
    with torch.no_grad():
        layer.strength.copy_(torch.tensor([0.0, 2.0]).view(2, 1, 1))
        x = torch.randn(1, 2, 4, 4)
        bent = leaky_relu(x + torch.cat([0 * layer.noise, 2 * layer.noise], dim=1), 0.2)
        assert torch.allclose(layer(x, torch.zeros(1, 3)), adain(bent, torch.ones(1, 2), torch.zeros(1, 2)))


def test_a_style_reaches_its_own_image_only():
    torch.manual_seed(0)
    synthesis = StyleSynthesis(1, (2, 2), (4, 4), 3, haar=False).eval()
    w = torch.randn(2, 4, 3)
    both = synthesis(w)
    assert torch.allclose(both[:1], synthesis(w[:1]), atol=1e-5)
    assert not torch.allclose(both[0], both[1], atol=1e-2)


@pytest.mark.parametrize(("haar", "size"), [(False, (8, 12)), (True, (16, 24))])
def test_each_size_doubles_the_one_before(haar, size):
    synthesis = StyleSynthesis(2, (2, 3), (6, 5, 4), 3, haar=haar)
    image = synthesis(torch.randn(3, 6, 3))
    assert image.shape == (3, 2, *size)
    assert StyleCritic(2, (2, 3), (6, 5, 4), haar=haar, group=4)(image).shape == (3,)


def test_a_style_reaches_its_own_layer_and_none_before_it():
    torch.manual_seed(0)
    synthesis = StyleSynthesis(1, (2, 3), (4, 4), 3, haar=False).eval()
    assert synthesis.sizes == ("2x3", "2x3", "4x6", "4x6")
    maps = []
    for layer in synthesis.layers:
        layer.register_forward_hook(lambda _, inputs, out: maps.append(out.clone()))
    styles = torch.randn(1, 4, 3)
    synthesis(styles)
    before = maps.copy()
    for level in range(4):
        maps.clear()
        changed = styles.clone()
        changed[:, level] += 1
        synthesis(changed)
        same = [torch.equal(one, other) for one, other in zip(maps, before, strict=True)]
        assert same == [True] * level + [False] * (4 - level)


def test_a_style_for_each_layer_is_asked_for():
    synthesis = StyleSynthesis(1, (2, 2), (4, 4), 3, haar=False)
    with pytest.raises(ValueError, match="shorter"):
        synthesis(torch.randn(1, 3, 3))


def test_parameters_are_counted_by_hand():
    """Widths 3 and 2 at 2 x 2 and 4 x 4 pixels, styles of 5 numbers, one channel."""
    count = lambda network: sum(weights.numel() for weights in network.parameters())  # noqa: E731
    style = {c: 5 * 2 * c + 2 * c + c for c in (3, 2)}  # weights, biases, and the strength of the noise
    conv = lambda i, o: 9 * i * o + o  # noqa: E731
    synthesis = StyleSynthesis(1, (2, 2), (3, 2), 5, haar=False)
    assert count(synthesis) == 3 * 4 + 2 * style[3] + conv(3, 3) + 2 * style[2] + conv(3, 2) + conv(2, 2) + 2 + 1
    critic = StyleCritic(1, (2, 2), (3, 2), haar=False, group=4)
    assert count(critic) == (2 + 2) + conv(2, 2) + conv(2, 3) + conv(4, 3) + (3 * 4 * 3 + 3) + 4
    assert count(mapping(5, 2)) == 2 * (25 + 5)


def test_the_deviation_is_that_over_a_group_averaged():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 2, 2)
    found = minibatch_deviation(x, 4)
    assert found.shape == (8, 1, 2, 2)
    for i in range(8):
        group = x[[j for j in range(8) if j % 2 == i % 2]]  # two groups of four
        assert torch.allclose(found[i], group.std(0, correction=0).mean(), atol=1e-4)


@pytest.mark.parametrize(("n", "size"), [(6, 3), (5, 1), (2, 2)])
def test_groups_are_the_largest_that_fit(n, size):
    torch.manual_seed(0)
    x = torch.randn(n, 1, 2, 2)
    found = minibatch_deviation(x, 4)
    group = x[:: n // size]
    assert torch.allclose(found[0], group.std(0, correction=0).mean(), atol=1e-3)


def test_images_that_are_alike_do_not_deviate():
    assert minibatch_deviation(torch.rand(1, 3, 2, 2).expand(4, -1, -1, -1), 4).max() < 1e-3


def test_the_critic_sees_the_deviation():
    torch.manual_seed(0)
    x = torch.rand(4, 1, 8, 8)
    for group, moves in ((4, True), (0, False)):
        critic = StyleCritic(1, (4, 4), (4, 4), haar=False, group=group)
        alone = torch.cat([critic(part) for part in x.split(1)])
        assert torch.allclose(critic(x), alone, atol=1e-6) != moves
