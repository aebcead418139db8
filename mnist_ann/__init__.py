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
        _tell_lacking(error, name)
        raise
    if isfunction(found) and not hasattr(found, "__wrapped__") and found.__module__ != f"{__name__}.pictures":
        found = _refusing(found)
        setattr(sys.modules[found.__module__], name, found)  # one function under one name, so that it can be pickled
    return found


# what the extra `train` brings, under the names that are imported; tests/test_repository.py holds it to settings.ini
_TRAINS = {"IPython", "anywidget", "fastcore", "ipykernel", "ipywidgets", "keras", "matplotlib", "pandas", "scipy", "seaborn", "sklearn", "tensorflow", "traitlets"}


def _tell_lacking(error, name):
    "Raises `MnistAnnError` if what is not installed is something that only training and the chapters need."
    if (module := (error.name or "").partition(".")[0]) in _TRAINS:
        from mnist_ann.data import MnistAnnError
        raise MnistAnnError(f"{name} needs {module}, which is not installed. The extra `train` brings it: pip install 'mnist_ann[train]'") from error


def _refusing(function):
    "The same function; if it breaks down and an argument is to blame, that is said, as `MnistAnnError` (chapter 09)."
    @wraps(function)
    def refusing(*values, **named):
        try:
            return function(*values, **named)
        except MemoryError:
            raise
        except ModuleNotFoundError as error:
            _tell_lacking(error, function.__name__)
            raise
        except Exception as error:
            from mnist_ann.data import MnistAnnError
            from mnist_ann.files import _refusal
            if not isinstance(error, MnistAnnError) and (refusal := _refusal(function, values, named, error)):
                raise MnistAnnError(refusal) from error
            raise
    return refusing
