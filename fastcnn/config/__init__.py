"""Objects as JSON data and back by name."""

from fastcnn.config.objects import (
    Configurable,
    Registry,
    custom_object,
    custom_object_scope,
    deserialize,
    lookup,
    refuse,
    register,
    registered,
    reserve,
    serialize,
)

__all__ = [
    "Configurable",
    "Registry",
    "custom_object",
    "custom_object_scope",
    "deserialize",
    "lookup",
    "refuse",
    "register",
    "registered",
    "reserve",
    "serialize",
]
