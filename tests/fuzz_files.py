"""Damaged files: real pictures, weights and IDX files are mutated at random, and read.

Whatever is in a file, reading it must give a value or a `MnistAnnError`, in bounded time and memory: never another
exception, a crash of the process, or a hang. In the tests 300 files are read, in CI 2,000; for more:

    python tests/fuzz_files.py --inputs 100000
"""
import argparse
import faulthandler
import io
import resource
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from PIL import Image

import mnist_ann as ma

ROOT = Path(__file__).parents[1]
HANG = 120  # seconds that no file may take; a weights file is given up after 60
MEMORY = 4 * 2**30  # bytes of address space that the process may use
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


def seeds(folder):
    "Undamaged files: for each the suffix, the bytes, and what reads it."
    digit = Image.fromarray(np.pad(255 - ma.load_mnist()[1].images[0], 12, constant_values=255))
    pictures = {"png": digit, "jpg": digit.convert("RGB"), "gif": digit.convert("P"), "bmp": digit.convert("1"), "webp": digit.convert("RGBA"),
                "tif": Image.fromarray(np.asarray(digit).astype(np.uint16) * 257)}
    for suffix, picture in pictures.items():
        picture.save(file := io.BytesIO(), {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix))
        yield suffix, file.getvalue(), ma.predict
    if find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.from_pillow(digit.convert("RGB")).save(file := io.BytesIO())
        yield "heic", file.getvalue(), ma.predict
    digit.convert("P").save(file := io.BytesIO(), "gif", save_all=True, append_images=[digit.convert("P").rotate(90)])
    yield "gif", file.getvalue(), ma.predict
    digit.save(file := io.BytesIO(), "tiff", compression="tiff_deflate")
    yield "tif", file.getvalue(), ma.read_number
    yield "png", (ROOT / "samples/5-tablet.png").read_bytes(), ma.predict
    yield "jpg", (ROOT / "samples/7-pen.jpg").read_bytes(), ma.read_number
    for sizes in ((784, 10), (784, 3, 2, 10)):  # each is read by a process of its own
        ma.save_weights(ma.initialize(sizes), folder / "w.h5")
        yield "h5", (folder / "w.h5").read_bytes(), ma.load_network
    ma.save_weights(ma.initialize((784, 3, 10)), folder / "w.weights.h5")
    yield "weights.h5", (folder / "w.weights.h5").read_bytes(), ma.load_network
    few = ma.load_mnist()[1][:3]
    np.savetxt(folder / "d.csv", np.column_stack([few.labels, few.images.reshape(3, 784)]), "%d", ",")
    np.savez(folder / "d.npz", images=few.images, labels=few.labels)
    np.savez_compressed(folder / "e.npz", x_train=few.images, y_train=few.labels)
    for name in ("d.csv", "d.npz", "e.npz"):
        yield Path(name).suffix[1:], (folder / name).read_bytes(), ma.load_digits
    for name, array in (("a.idx", np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)), ("b.idx", np.arange(9, dtype=np.float32)), ("c.gz", np.arange(99, dtype=np.uint8))):
        ma.write_idx(folder / name, array)
        yield Path(name).suffix[1:], (folder / name).read_bytes(), ma.read_idx


def mutated(content, others, rng):
    "The bytes with one to four random changes, half of them near the beginning, where headers are."
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if not data:
            break
        place = int(rng.integers(min(len(data), 128) if rng.random() < 0.5 else len(data)))
        length = int(2 ** rng.uniform(0, 8))
        match rng.integers(7):
            case 0:
                data[place] ^= 1 << int(rng.integers(8))
            case 1:
                width = int(rng.choice([1, 2, 4, 8]))
                number = int(rng.choice(len(NUMBERS)))
                data[place:place + width] = (NUMBERS[number] % 256**width).to_bytes(width, "big" if rng.random() < 0.5 else "little")
            case 2:
                data[place:place + length] = rng.integers(0, 256, length, np.uint8).tobytes()
            case 3:
                del data[place:place + length]
            case 4:
                data[place:place] = data[place:place + length]
            case 5:
                other = others[rng.integers(len(others))]
                start = int(rng.integers(len(other)))
                data[place:place + length] = other[start:start + length]
            case 6 if rng.random() < 0.3:
                del data[place:]
    return bytes(data)


def with_checksums(png):
    "The bytes of a PNG with the checksum of each chunk set right, as far as they are chunks, so that its decoder looks further."
    data, place = bytearray(png), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place:place + 4], "big")
        if end + 4 > len(data):
            break
        data[end:end + 4] = zlib.crc32(data[place + 4:end]).to_bytes(4, "big")
        place = end + 4
    return bytes(data)


def fuzz(inputs, seed, keep):
    "Read so many mutated files. Prints what came out; returns the number of failures, whose files are kept in `keep`."
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes, failures, slowest = Counter(), 0, 0.0
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(folder)
        corpus = list(seeds(folder))
        for k in range(inputs):
            rng = np.random.default_rng((seed, k))
            suffix, content, read = corpus[k % len(corpus)]
            content = mutated(content, [other for _, other, _ in corpus], rng)
            content = with_checksums(content) if suffix == "png" and rng.random() < 0.7 else content
            path = folder / f"input.{suffix}"
            path.write_bytes(content)
            (keep / "last").write_bytes(content)  # what a crash of the process leaves
            faulthandler.dump_traceback_later(HANG, exit=True)
            started = perf_counter()
            try:
                read(path)
                outcomes[suffix, "read"] += 1
            except ma.MnistAnnError:
                outcomes[suffix, "refused"] += 1
            except Exception as error:
                failures += 1
                (keep / f"{k}.{suffix}").write_bytes(content)
                print(f"input {k}, {suffix}: {type(error).__name__}: {str(error)[:200]}", flush=True)
            slowest = max(slowest, perf_counter() - started)
            faulthandler.cancel_dump_traceback_later()
            if (k + 1) % 10_000 == 0:
                print(f"{k + 1:,} inputs, {failures} failures so far", flush=True)
    for suffix in sorted({suffix for suffix, _ in outcomes}):
        print(f"{suffix}: {outcomes[suffix, 'read']:,} read, {outcomes[suffix, 'refused']:,} refused")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{inputs:,} inputs, {failures} failures; the slowest took {slowest:.2f} s, memory {peak:,.0f} MB at most")
    return failures


@pytest.mark.parametrize("inputs", [300, pytest.param(2000, marks=pytest.mark.long)])
def test_damaged_files_are_read_or_refused(tmp_path, inputs):
    program = subprocess.run([sys.executable, __file__, "--inputs", str(inputs), "--keep", str(tmp_path)], capture_output=True, text=True, timeout=1200)
    print(program.stdout)
    assert program.returncode == 0, f"{program.stdout}{program.stderr}\nthe file is in {tmp_path}"
    assert f"{inputs:,} inputs, 0 failures" in program.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "mnist_ann_fuzz", help="folder for the files that fail")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    sys.exit(min(1, fuzz(options.inputs, options.seed, options.keep)))
