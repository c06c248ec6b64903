"""The embedded domain: illustrated portraits, their renderer and the training of their models."""
