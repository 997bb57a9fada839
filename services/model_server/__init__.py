"""The model server: answers predictions over HTTP with the tabular ONNX model that an alias points at.

It holds no feature code and knows nothing of the data: names, types, units and bounds come from the model.
"""

from services.model_server.app import create_app

__all__ = ["create_app"]
