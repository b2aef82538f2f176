"""What a description cannot bring back is refused before a file is written."""

from __future__ import annotations

from fastcnn.config.references import Described, is_ours
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.layers.base.tracking import all_layers, own_weights

__all__ = ["refuse_layers_of_losses", "refuse_what_is_lost"]


def refuse_what_is_lost(model: LayerLike, described: Described) -> None:
    """Refuse a model whose description could not bring back all that it shares.

    Args:
        model: What was described.
        described: What its description mentions, and where.

    Raises:
        ValueError: Says what would be lost, and how to avoid it.
    """
    _refuse_split_layers(model, described)
    _refuse_shared_variables(model, described)


def refuse_layers_of_losses(model: LayerLike, described: Described) -> None:
    """Refuse losses and metrics that hold layers with weights: no file has these.

    Args:
        model: What is to be saved.
        described: What the description of its losses and metrics mentions.

    Raises:
        ValueError: There is such a layer.
    """
    for layer in described.objects.values():
        if layer.weights:
            raise ValueError(
                f"cannot save or copy model {model.name!r}: a loss or metric holds layer "
                f"{layer.name!r}, whose weights are no part of the model and would be lost. Save "
                "the model before compile(), or only its weights: save_weights(path)"
            )


def _refuse_shared_variables(model: LayerLike, described: Described) -> None:
    """Refuse Variables that were put into layers after these were made."""
    owner: dict[int, LayerLike] = {}
    for layer in described.objects.values():
        for weight in own_weights(layer):
            other = owner.setdefault(id(weight), layer)
            foreign = is_ours(type(layer)) and not any(own is weight for own in layer._weights)
            # What has the other layer for an argument takes the weight from there.
            apart = other is not layer and not (_has(layer, other) or _has(other, layer))
            if not foreign and not apart:
                continue
            where = "was not made by it" if other is layer else f"is also one of {other.name!r}"
            raise ValueError(
                f"cannot save or copy model {model.name!r}: weight {weight.name!r} of layer "
                f"{layer.name!r} {where}, and a layer that is made of its description would have "
                "another. Share the layer, write a layer that takes the other one as an "
                "argument, assign values with weight.assign(...), or save only the weights: "
                "save_weights(path)"
            )


def _has(layer: LayerLike, other: LayerLike) -> bool:
    return any(part is other for part in all_layers(layer))


def _refuse_split_layers(model: LayerLike, described: Described) -> None:
    """Refuse a model whose shared layers would come back as several.

    Models describe their layers, each once. The constructor of any other layer makes those inside
    it anew, so one of these must not be used outside.

    Args:
        model: What is to be saved.
        described: What its description mentions, and where.

    Raises:
        ValueError: A layer would be split; says which, and how to avoid it.
    """
    maker: dict[int, LayerLike] = {}
    for owner in described.objects.values():
        for layer in _made_inside(owner, described):
            other = maker.setdefault(id(layer), owner)
            if other is not owner or id(layer) in described.objects:
                outside = "the model" if other is owner else f"{other.name!r}"
                raise ValueError(
                    f"cannot save or copy model {model.name!r}: layer {layer.name!r} is used both "
                    f"by {outside} and inside {owner.name!r}, a {type(owner).__name__} whose "
                    "constructor would make another one when the file is loaded. Pass the layer to "
                    f"the constructor of {type(owner).__name__}, which keeps it under the "
                    "argument's name, build it with Model(inputs, outputs), or save only the "
                    "weights: save_weights(path)"
                )


def _made_inside(owner: LayerLike, described: Described) -> list[LayerLike]:
    """Layers with weights that making ``owner`` makes, as its description does not mention them."""
    found: dict[int, LayerLike] = {}
    waiting = list(owner.sublayers)
    while waiting:
        layer = waiting.pop()
        if id(layer) in found or id(owner) in described.mentioned_by.get(id(layer), ()):
            continue
        found[id(layer)] = layer
        waiting += layer.sublayers
    return [layer for layer in found.values() if own_weights(layer)]
