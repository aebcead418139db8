"""A feed-forward neural network that reads handwritten digits, built step by step in notebooks.

Importing this package costs milliseconds: each name in `__init__.pyi` is imported from its module when it is first used, and
reading a digit never imports TensorFlow. `nbs/stub.py` writes that file from what the notebooks export; editors and type
checkers read the same one.
"""
__version__ = "0.1.0"

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
