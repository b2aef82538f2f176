"""The networks that ``bench.nets`` measures, made with fastcnn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastcnn
from fastcnn import Model, applications, layers, optimizers

__all__ = ["WORKLOADS", "Workload", "images"]


@dataclass(frozen=True)
class Workload:
    """One network, its images and whether it is trained.

    Attributes:
        make: Builds the network; its last layer gives logits, or probabilities in training.
        size: Rows and columns of the images, which have three channels.
        batch: Images in one call.
        train: Whether a call is a training step instead of inference.
    """

    make: Callable[[], Model]
    size: int
    batch: int
    train: bool = False

    def model(self) -> Model:
        """The network with the same new weights each time.

        Statistics of normalization are those of a few images: with none, what comes out of a deep
        network would be as good as zero and prove nothing.
        """
        fastcnn.set_random_seed(0)
        model = self.make()
        norms = [each for each in model.layers if isinstance(each, layers.BatchNormalization)]
        if norms and not self.train:
            momenta = [norm.momentum for norm in norms]
            for norm in norms:
                norm.momentum = 0.0
            x = np.random.default_rng(2).random((4, self.size, self.size, 3), np.float32)
            model.compile(optimizers.SGD(0.0), "mse")
            model.train_on_batch(x, model.predict_on_batch(x))
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
        return model


def images(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """One batch: float32 images channels-last, and classes."""
    rng = np.random.default_rng(1)
    shape = (workload.batch, workload.size, workload.size, 3)
    return rng.random(shape, np.float32), rng.integers(0, 10, workload.batch)


def _network(name: str, **arguments: Any) -> Callable[[], Model]:
    return lambda: getattr(applications, name)(classifier_activation=None, **arguments)


def _trained(name: str, size: int) -> Callable[[], Model]:
    """With ten classes and without dropout, so that the losses of all libraries are the same."""

    def make() -> Model:
        x = layers.Input((size, size, 3))
        features = getattr(applications, name)(include_top=False, pooling="avg", input_tensor=x)
        return Model(x, layers.Dense(10, activation="softmax")(features.outputs[0]))

    return make


def _textbook(size: int) -> Callable[[], Model]:
    return lambda: applications.TextbookCNN(input_shape=(size, size, 3))


WORKLOADS = {
    "resnet18/b1": Workload(_network("ResNet18"), 224, 1),
    "resnet18/b32": Workload(_network("ResNet18"), 224, 32),
    "mobilenetv2/b1": Workload(_network("MobileNetV2"), 224, 1),
    "mobilenetv2/b32": Workload(_network("MobileNetV2"), 224, 32),
    "resnet50/b1": Workload(_network("ResNet50"), 224, 1),
    "resnet50/b32": Workload(_network("ResNet50"), 224, 32),
    "vgg16/b1": Workload(_network("VGG16"), 224, 1),
    "vgg16/b8": Workload(_network("VGG16"), 224, 8),
    "textbook32/b1": Workload(_textbook(32), 32, 1),
    "textbook32/b32": Workload(_textbook(32), 32, 32),
    "textbook224/b1": Workload(_textbook(224), 224, 1),
    "textbook224/b32": Workload(_textbook(224), 224, 32),
    "train/textbook32/b32": Workload(_textbook(32), 32, 32, train=True),
    "train/textbook224/b32": Workload(_textbook(224), 224, 32, train=True),
    "train/resnet18_cifar/b64": Workload(_trained("ResNet18CIFAR", 32), 32, 64, train=True),
    "train/mobilenetv2_96/b32": Workload(_trained("MobileNetV2", 96), 96, 32, train=True),
}
