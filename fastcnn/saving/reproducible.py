"""What a description cannot bring back is refused before a file is written."""

from __future__ import annotations

from fastcnn.config.references import Described
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.layers.base.tracking import own_weights

__all__ = ["refuse_split_layers"]


def refuse_split_layers(model: LayerLike, described: Described) -> None:
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
                    f"cannot save model {model.name!r}: layer {layer.name!r} is used both by "
                    f"{outside} and inside {owner.name!r}, a {type(owner).__name__} whose "
                    "constructor would make another one when the file is loaded. Pass the layer to "
                    f"the constructor of {type(owner).__name__} and return it from get_config() "
                    "(fastcnn.keras.layers.serialize), build it with Model(inputs, outputs), "
                    "or save only the weights: save_weights(path)"
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
