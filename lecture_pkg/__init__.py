"""Learn automatic differentiation with PyTorch: the companion package of the book."""

import lazy_loader

# the names, and where each lives, stand in __init__.pyi; nothing is imported before it is used
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
