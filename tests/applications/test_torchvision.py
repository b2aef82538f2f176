"""Known networks compute what torchvision's do, with the same weights."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fastcnn import Model, applications, layers

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
torchvision = pytest.importorskip("torchvision", reason="torchvision is not installed")

NETWORKS = {
    "ConvNeXtTiny": "convnext_tiny",
    "MobileNetV2": "mobilenet_v2",
    "ResNet18": "resnet18",
    "ResNet34": "resnet34",
    "ResNet50": "resnet50",
    "SqueezeNet": "squeezenet1_1",
    "VGG11": "vgg11",
    "VGG16": "vgg16",
}


def in_our_order(model: Model, module: torch.nn.Module) -> list[torch.nn.Module]:
    """The modules with weights, as ``model.layers`` has theirs."""
    found = {name: each for name, each in module.named_modules() if next(each.children(), None)
             is None and (list(each.parameters(recurse=False)))}  # fmt: skip
    if not isinstance(module, torchvision.models.ResNet):
        return list(found.values())

    # A shortcut's convolution comes after the branch there, and is named 0 here.
    def place(layer: layers.Layer) -> str:
        name = layer.name.replace("predictions", "fc")
        if match := re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(conv|bn)", name):
            stage, block, number, kind = match.groups()
            at = f"layer{int(stage) - 1}.{int(block) - 1}"
            if number == "0":
                return f"{at}.downsample.{int(kind == 'bn')}"
            return f"{at}.{kind}{number}"
        return {"conv1_conv": "conv1", "conv1_bn": "bn1"}.get(name, name)

    return [found[place(layer)] for layer in model.layers if layer.weights]


def weights_of(layer: layers.Layer, module: torch.nn.Module) -> list[np.ndarray]:
    """``module``'s weights as ``layer.set_weights`` takes them."""
    state = {name: value.detach().numpy() for name, value in module.state_dict().items()}
    if isinstance(layer, layers.BatchNormalization):
        return [state[key] for key in ("weight", "bias", "running_mean", "running_var")]
    weight = state["weight"]
    if isinstance(layer, layers.DepthwiseConv2D):
        weight = weight.transpose(2, 3, 0, 1)
    elif isinstance(layer, layers.Conv2D):
        weight = weight.transpose(2, 3, 1, 0)
    elif isinstance(layer, layers.Dense):
        weight = weight.T
        if layer.name == "fc1":  # after Flatten, which walks channels first there
            weight = weight.reshape(512, 7, 7, -1).transpose(1, 2, 0, 3).reshape(weight.shape)
    return [weight, *([state["bias"]] if "bias" in state else [])]


def copy_weights(model: Model, module: torch.nn.Module) -> None:
    pairs = list(in_our_order(model, module))
    ours = [layer for layer in model.layers if layer.weights]
    if isinstance(module, torchvision.models.ConvNeXt):
        scales = [p.detach().numpy().reshape(-1) for n, p in module.named_parameters()
                  if n.endswith("layer_scale")]  # fmt: skip
        pairs = [each for each in pairs if not hasattr(each, "layer_scale")]
        for layer in [each for each in ours if isinstance(each, layers.LayerScale)]:
            layer.set_weights([scales.pop(0)])
        ours = [each for each in ours if not isinstance(each, layers.LayerScale)]
    assert len(ours) == len(pairs)
    for layer, part in zip(ours, pairs, strict=True):
        layer.set_weights(weights_of(layer, part))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_logits(name, rng):
    torch.manual_seed(0)
    module = getattr(torchvision.models, NETWORKS[name])(weights=None)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1)
                part.running_var.uniform_(0.5, 2)
                part.weight.uniform_(0.5, 1.5)
                part.bias.normal_(0, 0.1)
        for key, value in module.named_parameters():
            if key.endswith("layer_scale"):
                value.uniform_(-0.3, 0.3)
    module.eval()
    more = {"include_preprocessing": False} if name == "ConvNeXtTiny" else {}
    model = getattr(applications, name)(classifier_activation=None, **more)
    copy_weights(model, module)
    x = rng.standard_normal((2, 224, 224, 3), np.float32)
    with torch.inference_mode():
        want = module.double()(torch.from_numpy(x.transpose(0, 3, 1, 2)).double()).numpy()
    got = model.predict(x, verbose=0)
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-4 * np.abs(want).max())
