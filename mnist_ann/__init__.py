"""A feed-forward neural network that reads handwritten digits, built step by step in notebooks.

Importing this package costs milliseconds: each name in `__init__.pyi` is imported from its module when it is first used, and
reading a digit never imports TensorFlow. `nbs/stub.py` writes that file from what the notebooks export; editors and type
checkers read the same one.
"""
__version__ = "0.1.0"

import sys
from functools import wraps
from inspect import isfunction

import lazy_loader

try:
    _load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
except ValueError as error:  # a program that was frozen without the package's data
    raise ImportError("mnist_ann/__init__.pyi is missing. Install the package again, or freeze it whole: pyinstaller --collect-all mnist_ann.") from error


def __getattr__(name):
    "A public name. A function that breaks down says which argument is wrong; those of `pictures` name the picture themselves."
    try:
        found = _load(name)
    except ModuleNotFoundError as error:
        raise _lacking(error, name) from error
    if isfunction(found) and not hasattr(found, "__wrapped__") and found.__module__ != f"{__name__}.pictures":
        found = _refusing(found)
        setattr(sys.modules[found.__module__], name, found)  # one function under one name, so that it can be pickled
    return found


def _lacking(error, name):
    "What to say when something is not installed that only training and the chapters need."
    from mnist_ann.data import MnistAnnError
    module = (error.name or "").partition(".")[0]
    return error if module in ("", __name__) else MnistAnnError(f"{name} needs {module}, which is not installed. The extra `train` brings it: pip install 'mnist_ann[train]'")


def _refusing(function):
    "The same function; if it breaks down and an argument is to blame, that is said, as `MnistAnnError` (chapter 09)."
    @wraps(function)
    def refusing(*values, **named):
        try:
            return function(*values, **named)
        except MemoryError:
            raise
        except ModuleNotFoundError as error:
            raise _lacking(error, function.__name__) from error
        except Exception as error:
            from mnist_ann.data import MnistAnnError
            from mnist_ann.files import _refusal
            if not isinstance(error, MnistAnnError) and (refusal := _refusal(function, values, named, error)):
                raise MnistAnnError(refusal) from error
            raise
    return refusing
