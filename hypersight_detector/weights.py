"""The reference networks: fetched as TensorFlow.js graphs, converted to ONNX once, cached."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import onnx

from hypersight_core.downloads import Progress, npm_file, silent
from hypersight_detector.models import ModelConfig
from hypersight_detector.tfjs import convert, weights_of

CONVERTER_VERSION = 1
"""Part of the cached files' names: count it up when the converter's result changes."""

HUMAN = (
    "@vladmandic/human",
    "3.3.6",
    "sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==",
)
"""npm package, version and integrity; MIT; ships the weights of many small networks."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One of its networks."""

    name: str
    outputs: tuple[str, ...]
    scale: float = 1.0
    offset: float = 0.0


PERSONS = Reference("centernet", ("tower_0/keypoints", "tower_0/wh"))
"""MobileNetV3-CenterNet on COCO's 80 classes, 512×512."""
FACES = Reference("blazeface", ("Identity", "Identity_1", "Identity_2", "Identity_3"), 1 / 127.5, -1.0)
"""BlazeFace for faces at some distance, 256×256."""


def persons(cache_dir: Path, progress: Progress = silent) -> ModelConfig:
    """Return the reference detector of persons, fetched and converted when it is not there yet.

    Raises:
        SetupFailed: it cannot be fetched.
    """
    return ModelConfig(_converted(PERSONS, cache_dir, progress), "centernet")


def faces(cache_dir: Path, progress: Progress = silent) -> ModelConfig:
    """Return the reference detector of faces, fetched and converted when it is not there yet.

    Raises:
        SetupFailed: it cannot be fetched.
    """
    path = _converted(FACES, cache_dir, progress)
    return ModelConfig(path, "blazeface", keep_proportions=True, min_score=0.5)


def _converted(reference: Reference, cache_dir: Path, progress: Progress) -> Path:
    target = cache_dir / "models" / f"{reference.name}-{HUMAN[1]}-{CONVERTER_VERSION}.onnx"
    if not target.exists():
        graph, blob = (
            npm_file(*HUMAN, f"models/{reference.name}.{kind}", cache_dir, progress).read_bytes()
            for kind in ("json", "bin")
        )
        description = json.loads(graph)
        model = convert(
            description["modelTopology"]["node"],
            weights_of(description["weightsManifest"], blob),
            reference.outputs,
            scale=reference.scale,
            offset=reference.offset,
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}.part")
        onnx.save(model, part)
        part.replace(target)
    return target
