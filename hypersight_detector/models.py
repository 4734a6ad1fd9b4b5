"""A network with its pictures' way in and its boxes' way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from hypersight_core.errors import InvalidInput, SetupFailed
from hypersight_detector.layouts import LAYOUTS, Boxes

Picture = NDArray[np.uint8]
"""Shape `(height, width, 3)`, RGB."""

RANGES = {"0-255": (1.0, 0.0), "0-1": (1 / 255, 0.0), "-1-1": (1 / 127.5, -1.0)}
"""What a network wants its pixels to be: scale and offset by name."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which network to run, and how to read it.

    Raises:
        InvalidInput: layout or range are none that we know.
    """

    path: Path
    layout: str
    """One of `hypersight_detector.layouts.LAYOUTS`."""
    value_range: str = "0-255"
    """One of `RANGES`; ignored when the network takes bytes."""
    keep_proportions: bool = False
    """Pad the picture to a square instead of stretching it."""
    is_bgr: bool = False
    min_score: float = 0.1
    """Weaker boxes are not reported."""

    def __post_init__(self) -> None:
        """Refuse names nobody knows."""
        if self.layout not in LAYOUTS:
            raise InvalidInput(f"layout {self.layout!r} is none of: {', '.join(LAYOUTS)}")
        if self.value_range not in RANGES:
            raise InvalidInput(f"value range {self.value_range!r} is none of: {', '.join(RANGES)}")


MAX_PIXELS = 150_000_000
"""More than the largest mosaic anybody sends; a few kilobytes may announce thirty times that."""


def decoded(jpeg: bytes, side_px: int) -> tuple[Picture, tuple[int, int]]:
    """Decode a JPEG, reduced while decoding where it is far larger than `side_px`.

    Returns:
        The picture, and width and height as they were sent, in pixels.

    Raises:
        InvalidInput: these bytes are no JPEG picture.
    """
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
        if height * width > MAX_PIXELS:
            raise InvalidInput(f"a picture of {width}×{height} pixels is no JPEG picture anybody needs")
        picture = simplejpeg.decode_jpeg(
            jpeg,
            "RGB",
            fastdct=True,
            min_height=min(side_px, height),
            min_width=min(side_px, width),
            min_factor=1,
        )
    except ValueError as error:
        raise InvalidInput("the body is no JPEG picture") from error
    return picture, (width, height)


class Model:
    """One ONNX network; safe to call from one thread at a time.

    Raises:
        SetupFailed: the file cannot be loaded, or its inputs and outputs are not those of the layout.
    """

    def __init__(self, config: ModelConfig, *, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = ort.InferenceSession(
                str(config.path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no common base class of its errors
            raise SetupFailed(
                f"{config.path} cannot be loaded: {error}", hint="give the path of an ONNX detector"
            ) from error
        self._config = config
        try:
            (source,) = self._session.get_inputs()
            self._name, self._is_bytes = source.name, source.type == "tensor(uint8)"
            self._is_nhwc = source.shape[-1] == 3
            self.side_px = int(source.shape[1] if self._is_nhwc else source.shape[2])
            self._takes_batches = not isinstance(source.shape[0], int)
            self.find([np.zeros((self.side_px, self.side_px, 3), np.uint8)])
        except Exception as error:  # whatever a network of another kind makes of a black picture
            raise SetupFailed(
                f"{config.path} cannot be read as {config.layout}: {error}",
                hint=f"name the layout of its outputs, one of: {', '.join(LAYOUTS)}",
            ) from error

    def find(self, pictures: Sequence[Picture]) -> list[Boxes]:
        """Return what is on each picture, in coordinates relative to that picture."""
        squares = [self._square(picture) for picture in pictures]
        batches = [squares] if self._takes_batches else [[square] for square in squares]
        found = [boxes for batch in batches for boxes in self._run(np.stack(batch))]
        return [self._unpadded(boxes, picture) for boxes, picture in zip(found, pictures, strict=True)]

    def _run(self, batch: NDArray[np.uint8]) -> list[Boxes]:
        config = self._config
        values: NDArray[np.uint8] | NDArray[np.float32] = batch[..., ::-1] if config.is_bgr else batch
        if not self._is_bytes:
            scale, offset = RANGES[config.value_range]
            values = values.astype(np.float32) * np.float32(scale) + np.float32(offset)
        if not self._is_nhwc:
            values = values.transpose(0, 3, 1, 2)
        outputs = self._session.run(None, {self._name: np.ascontiguousarray(values)})
        return LAYOUTS[config.layout](outputs, self.side_px, config.min_score)

    def _square(self, picture: Picture) -> Picture:
        height, width = self._fitted(picture)
        is_smaller = height <= picture.shape[0] and width <= picture.shape[1]
        # 768×576 to 512×512: plain means 2.1 ms, the wider bilinear filter 2.8 ms.
        way = Image.Resampling.BOX if is_smaller else Image.Resampling.BILINEAR
        image = Image.fromarray(picture).resize((width, height), way)
        if (width, height) == (self.side_px, self.side_px):
            return np.asarray(image)
        square = np.zeros((self.side_px, self.side_px, 3), np.uint8)
        square[:height, :width] = np.asarray(image)
        return square

    def _fitted(self, picture: Picture) -> tuple[int, int]:
        """Return height and width of the picture inside the square, which starts at its top left."""
        if not self._config.keep_proportions:
            return self.side_px, self.side_px
        height, width = picture.shape[:2]
        scale = self.side_px / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))

    def _unpadded(self, boxes: Boxes, picture: Picture) -> Boxes:
        height, width = self._fitted(picture)
        share = np.array([width, height, width, height], np.float32) / self.side_px
        return Boxes(np.clip(boxes.corners_rel / share, 0.0, 1.0), boxes.scores, boxes.classes)
