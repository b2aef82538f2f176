"""Pictures in files under Keras' module path."""

from fastcnn.keras.preprocessing import image

__all__ = ["image"]
