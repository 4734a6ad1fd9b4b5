"""A camera made of a file: loops it as a live HLS stream, and misbehaves when told to."""

from hypersight.simulator.camera import CameraSimulator
from hypersight.simulator.server import Fault

__all__ = ["CameraSimulator", "Fault"]
