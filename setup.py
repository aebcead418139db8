"Everything here is read from settings.ini, as nbdev has it; the pretrained weights travel into the wheel."
from configparser import ConfigParser
from pathlib import Path
from shutil import copyfile

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

config = ConfigParser(delimiters=["="])
config.read(Path(__file__).with_name("settings.ini"), encoding="utf-8")
cfg = config["DEFAULT"]
first, last = (int(cfg[key].split(".")[1]) for key in ("min_python", "max_python"))

extras = {extra: cfg[f"{extra}_requirements"].split() for extra in ("train", "dev", "bench", "export", "heic")}
extras["scale"] = extras["train"] + cfg["scale_requirements"].split()


class BuildWithWeights(build_py):
    "Copies trained_model_weights.h5, which lives at the top of the checkout, into the package."

    def run(self):
        super().run()
        if not self.editable_mode:
            copyfile("trained_model_weights.h5", Path(self.build_lib, "mnist_ann", "trained_model_weights.h5"))


setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    keywords=cfg["keywords"].split(),
    license="Apache-2.0 AND CC-BY-SA-3.0",
    license_files=["LICENSE", "mnist_ann/mnist/README.md"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Education",
        "Natural Language :: English",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(first, last + 1)),
    ],
    python_requires=f">=3.{first},<3.{last + 1}",
    packages=find_packages(include=["mnist_ann", "mnist_ann.*"]),
    package_data={"mnist_ann": ["mnist/*", "static/*", "*.mplstyle", "*.pyi", "py.typed"]},
    install_requires=cfg["requirements"].split(),
    extras_require={**extras, "all": extras["train"] + extras["export"] + extras["heic"]},
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"]},
    cmdclass={"build_py": BuildWithWeights},
    zip_safe=False,
)
