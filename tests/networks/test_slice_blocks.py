"""The slice VAE's blocks: sides, channels, and whose statistics they use."""

import torch

from brainlab.networks.slice_blocks import Down, SliceDecoder, SliceEncoder, StackNorm, Up


def test_blocks_halve_and_double():
    x = torch.rand(2, 3, 8, 4)
    assert Down(3, 6, by_stack=False)(x).shape == (2, 6, 4, 2)
    assert Up(3, 2, by_stack=False)(x).shape == (2, 2, 16, 8)


def test_a_last_block_may_be_negative_in_every_way():
    """Mean and spread of a code are sums of two normalised ways, without a LeakyReLU."""
    torch.manual_seed(0)
    block = Down(2, 4, by_stack=False, last=True)
    x = torch.randn(8, 2, 8, 8)
    both = block.long(x) + block.short(x)
    assert torch.equal(block(x), both)
    assert abs(both.mean().item()) < 1e-5


def test_norms_of_a_stack_use_its_own_statistics_once_trained():
    x = 5 + 3 * torch.randn(64, 2, 4, 4)
    own, kept = StackNorm(2, by_stack=True).eval(), StackNorm(2, by_stack=False).eval()
    assert abs(float(own(x).mean())) < 1e-3
    assert float(kept(x).mean()) > 4
    own.train()(x)
    assert float(own.running_mean.mean()) > 0.4


def test_the_networks_of_64_pixels_are_the_published_ones():
    """Counted from the listing in the authors' code: blocks of 16, 32, 64, 128 and, twice, 256 channels."""
    widths = (16, 16, 32, 64, 128, 256)
    with torch.device("meta"):
        encoder, decoder = SliceEncoder(widths, by_stack=False), SliceDecoder(widths, (256, 2, 2), by_stack=False)
        assert [part.shape for part in encoder(torch.empty(3, 1, 64, 64))] == [(3, 1024), (3, 1024)]
        assert decoder(torch.empty(3, 1024)).shape == (3, 1, 64, 64)

    def conv(inputs, outputs):
        return 9 * inputs * outputs + outputs

    def block(inputs, outputs):
        norms = 2 * inputs + 4 * outputs
        return conv(inputs, inputs) + 2 * conv(inputs, outputs) + norms

    pairs = [(16, 16), (16, 32), (32, 64), (64, 128), (128, 256), (128, 256)]
    assert sum(w.numel() for w in encoder.parameters()) == conv(1, 16) + 32 + sum(block(*pair) for pair in pairs)
    pairs = [(256, 128), (128, 64), (64, 32), (32, 16), (16, 16)]
    wanted = sum(block(*pair) for pair in pairs) + conv(16, 16) + 32 + conv(16, 1)
    assert sum(w.numel() for w in decoder.parameters()) == wanted
