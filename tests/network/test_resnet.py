"""The variant with a ResNet-50 encoder and stored noise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gpen_engine.faces.facexlib_networks import ready_torchvision
from gpen_engine.network import GpenConfig, ResnetGpen
from gpen_engine.network.resnet import Mapper, ResNet50

CONFIG = GpenConfig(64, 128, 1, 0.125, style_layers=0, concat=False)


@pytest.fixture(scope="module")
def network() -> ResnetGpen:
    torch.manual_seed(6)
    built = ResnetGpen(CONFIG).eval().requires_grad_(False)
    for name, parameter in built.named_parameters():
        if name.endswith("noise.weight"):
            parameter.fill_(0.2)
    return built


def faces(count: int) -> Tensor:
    source = torch.Generator().manual_seed(5)
    return torch.rand(count, 3, 64, 64, generator=source) * 2 - 1


def test_the_encoder_is_torchvisions_with_its_batch_norms_folded() -> None:
    ready_torchvision()
    from torchvision.models import resnet50

    torch.manual_seed(0)
    whole = resnet50(weights=None, num_classes=512).eval()
    for module in whole.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.3, 0.7)
            torch.nn.init.normal_(module.bias, std=0.1)
    folded = {}
    modules = dict(whole.named_modules())
    for name, conv in modules.items():
        if isinstance(conv, torch.nn.Conv2d):
            # conv1 is followed by bn1, downsample.0 by downsample.1
            head, _, last = name.rpartition(".")
            follower = f"{head}.1" if last == "0" else name.replace("conv", "bn")
            norm = modules[follower]
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            folded[f"{name}.weight"] = conv.weight * scale[:, None, None, None]
            folded[f"{name}.bias"] = norm.bias - norm.running_mean * scale
    folded |= {"fc.weight": whole.fc.weight, "fc.bias": whole.fc.bias}

    encoder = ResNet50(512).eval()
    encoder.load_state_dict(folded)  # strict: the names are torchvision's
    with torch.inference_mode():
        expected = whole(faces(2))
        assert (encoder(faces(2)) - expected).norm() < 1e-5 * expected.norm()


def test_the_mapper_is_layer_norm_and_two_linear_layers_with_an_activation_between() -> None:
    torch.manual_seed(1)
    mapper = Mapper(512)
    torch.nn.init.normal_(mapper.norm.weight)
    torch.nn.init.normal_(mapper.norm.bias)
    z = 5 * torch.randn(2, 512) + 3
    centred = z - z.mean(1, keepdim=True)
    normed = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    hidden = mapper.first(normed * mapper.norm.weight + mapper.norm.bias)
    hidden = 2**0.5 * torch.where(hidden > 0, hidden, 0.2 * hidden)
    torch.testing.assert_close(mapper(z), mapper.second(hidden))


def test_one_noise_map_a_convolution() -> None:
    with torch.device("meta"):
        large = ResnetGpen(GpenConfig(512, 2048, 2, 1, style_layers=0, concat=False))
        assert large(torch.empty(1, 3, 512, 512)).shape == (1, 3, 2048, 2048)
    shapes = {key: list(t.shape) for key, t in large.state_dict().items() if "noise_" in key}
    sides = [4, *(s for s in (8, 16, 32, 64, 128, 256, 512, 1024, 2048) for _ in range(2))]
    assert shapes == {
        f"generator.noises.noise_{i}": [1, 1, side, side] for i, side in enumerate(sides)
    }


def test_the_noise_is_stored_so_no_seed_changes_it(network: ResnetGpen) -> None:
    with torch.inference_mode():
        first = network(faces(2), seed=1)
        assert first.shape == (2, 3, 128, 128)
        assert torch.equal(network(faces(2), seed=2), first)
        for noise in network.generator.noises.buffers():
            noise.neg_()
        assert not torch.equal(network(faces(2), seed=1), first)
        for noise in network.generator.noises.buffers():
            noise.neg_()


def test_the_photo_matters_and_a_batch_equals_single_faces(network: ResnetGpen) -> None:
    """To rounding, as in ``Gpen``."""
    with torch.inference_mode():
        together = network(faces(3))
        apart = torch.cat([network(image[None]) for image in faces(3)])
    assert (together - apart).norm() < 1e-5 * apart.norm()
    assert (together[0] - together[1]).norm() > 1e-3 * together[0].norm()


@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 2e-2), (torch.float32, 0)])
def test_half_precision_is_near(dtype: torch.dtype, bound: float, network: ResnetGpen) -> None:
    copy = ResnetGpen(CONFIG).eval()
    copy.load_state_dict(network.state_dict())
    copy.set_precision(dtype)
    assert copy.generator.conv1.conv.weight.dtype == dtype
    assert copy.encoder.conv1.weight.dtype == torch.float32
    with torch.inference_mode():
        expected = network(faces(1))
        assert (copy(faces(1)) - expected).norm() <= bound * expected.norm()


def test_a_configuration_of_the_other_network_is_refused() -> None:
    with pytest.raises(ValueError, match="concat=False"):
        ResnetGpen(GpenConfig(64, 64, 1, 0.125))
