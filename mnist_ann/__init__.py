"""A feed-forward neural network that reads handwritten digits, built step by step in notebooks.

Importing this package costs milliseconds: each name below is imported from its module when it is first used, and
reading a digit never imports TensorFlow. The names are those that the notebooks export (`_modidx.py`, made by nbdev),
but for the commands of `mnist_ann.cli`, which bear the same names as the functions that they call.
"""
__version__ = "0.1.0"

import lazy_loader

from mnist_ann._modidx import d as _index

_public = {
    module.rpartition(".")[2]: [name.rpartition(".")[2] for name in names if name.count(".") == 2 and "._" not in name]
    for module, names in _index["syms"].items()
    if module != "mnist_ann.cli"
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, {"cli", *_public}, _public)
