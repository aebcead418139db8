"""What the folder deploy says to Kubernetes and to Slurm, as far as it can be tried here.

The manifest is held against the operator's schema, the script is run with stand-ins for Slurm's commands.
Both start the command of chapter 13, which is run here, too.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cluster import PATIENCE, QUIET, ROOT

import mnist_ann as ma
from mnist_ann.tuning import _free_ports

pytestmark = pytest.mark.scale

COMMAND = re.compile(r"python -c '(import mnist_ann as ma; print\(ma\.predict_dataset\(\"(/[\w/]+)\", \"(/[\w/]+)\"\)\))'")


def manifest():
    import yaml

    return yaml.safe_load((ROOT / "deploy/rayjob.yaml").read_text(encoding="utf-8"))


def test_the_manifest_fits_the_schema_of_the_operator():
    from jsonschema import ValidationError, validate

    schema, found = json.loads((ROOT / "deploy/rayjob.schema.json").read_text(encoding="utf-8")), manifest()
    validate(found, schema)
    for change in (lambda m: m["spec"].update(entryPoint="x"), lambda m: m["spec"].update(shutdownAfterJobFinishes="yes"), lambda m: m["metadata"].pop("name"),
                   lambda m: m["spec"]["rayClusterSpec"].pop("headGroupSpec"), lambda m: m["spec"]["rayClusterSpec"]["workerGroupSpecs"][0].pop("groupName")):
        change(wrong := manifest())
        with pytest.raises(ValidationError):
            validate(wrong, schema)


def test_the_manifest_holds_together():
    import ray

    spec = manifest()["spec"]["rayClusterSpec"]
    pods = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    for pod in (group["template"]["spec"] for group in pods):
        container, = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]
        source, target = COMMAND.search(manifest()["spec"]["entrypoint"]).groups()[1:]
        assert all(path.startswith(f"{container['volumeMounts'][0]['mountPath']}/") for path in (source, target))
    text = (ROOT / "deploy/rayjob.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\d+\.\d+\.\d+(?=\"|-py)", text)) == {spec["rayVersion"]}, "the image and the manifest name one version of Ray"
    assert spec["rayVersion"].split(".")[0] == ray.__version__.split(".")[0]


STAND_INS = {
    "scontrol": "echo here",
    "hostname": "echo 127.0.0.1",
    "srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
}


def test_the_script_for_slurm_reads_digits(tmp_path):
    "With one node, which is this machine; the nodes that join it are the other test's (test_reading)."
    text = (ROOT / "deploy/ray.slurm").read_text(encoding="utf-8")
    _, source, target = COMMAND.search(text).groups()
    assert COMMAND.search(manifest()["spec"]["entrypoint"]).group() == COMMAND.search(text).group(), "one command for both"
    (tmp_path / "bin").mkdir()
    for name, body in STAND_INS.items():
        (path := tmp_path / "bin" / name).write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)
    (tmp_path / "digits").mkdir()
    ma.write_idx(tmp_path / "digits/a-idx3-ubyte", ma.load_mnist()[1].images[:500])
    port, = _free_ports(1)
    text = re.sub(r"^port=.*$", f"port={port}", text, flags=re.M).replace(source, str(tmp_path / "digits")).replace(target, str(tmp_path / "answers"))
    (script := tmp_path / "ray.slurm").write_text(text)
    path = os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **QUIET, "PATH": path, "PYTHONPATH": str(ROOT), "SLURM_JOB_NODELIST": "here", "SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2"}
    for _ in range(3):  # on a busy machine Ray may not start at once; the script says so, and ends
        done = subprocess.run(["bash", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)
        if "Ray has not started" not in done.stdout:
            break
    assert done.returncode == 0 and "500 rows in 1 files" in done.stdout, done.stdout[-3000:]
    digits = pd.read_parquet(tmp_path / "answers").digit.to_numpy()
    assert (digits == ma.load_pretrained().predict(ma.load_mnist()[1].images[:500])).mean() > 0.99 and np.ptp(digits) == 9
