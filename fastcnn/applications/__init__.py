"""Well-known networks, by Keras' names and arguments where Keras has them.

All take images channels-last and return an ordinary :class:`fastcnn.Model`; ``include_top=False``
leaves out the classifier. Names of layers are stable: those of Keras where it has the network.
"""

from fastcnn.applications.convnext import ConvNeXtTiny
from fastcnn.applications.efficientnet_lite import EfficientNetLite0
from fastcnn.applications.lenet import LeNet5
from fastcnn.applications.mobilenet_v2 import MobileNetV2
from fastcnn.applications.resnet import ResNet18, ResNet18CIFAR, ResNet34, ResNet50
from fastcnn.applications.resnet_cifar import ResNet20, ResNet32, ResNet44, ResNet56
from fastcnn.applications.squeezenet import SqueezeNet
from fastcnn.applications.textbook import TextbookCNN
from fastcnn.applications.vgg import VGG11, VGG16

__all__ = [
    "VGG11",
    "VGG16",
    "ConvNeXtTiny",
    "EfficientNetLite0",
    "LeNet5",
    "MobileNetV2",
    "ResNet18",
    "ResNet18CIFAR",
    "ResNet20",
    "ResNet32",
    "ResNet34",
    "ResNet44",
    "ResNet50",
    "ResNet56",
    "SqueezeNet",
    "TextbookCNN",
]
