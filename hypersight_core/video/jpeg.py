"""JPEG by libjpeg-turbo."""

import numpy as np
import simplejpeg

from hypersight_core.errors import InvalidInput
from hypersight_core.video.picture import Pixels

USUAL_QUALITY = 85


def encode_jpeg(bgr: Pixels, quality: int = USUAL_QUALITY) -> bytes:
    """Return `bgr`, shape `(height, width, 3)`, as JPEG with 4:2:0 colours.

    Args:
        quality: 1 to 100.
    """
    coded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(bgr), quality=quality, colorspace="BGR", colorsubsampling="420", fastdct=True
    )
    return coded


def decode_jpeg(jpeg: bytes) -> Pixels:
    """Return the pixels of a JPEG, shape `(height, width, 3)`, BGR.

    Raises:
        InvalidInput: it is no JPEG.
    """
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colorspace="BGR")
    except ValueError as error:
        raise InvalidInput(f"no JPEG: {error}") from error
    return pixels
