"""The asset `camera`: one partition a camera, named by its number and what people call it."""

import dagster as dg

from hypersight_core.domain.cameras import Camera

GROUP = "cameras"
CAMERA = "camera"
LONGEST_NAME = 60
cameras = dg.DynamicPartitionsDefinition(name=CAMERA)

camera = dg.AssetSpec(
    CAMERA,
    partitions_def=cameras,
    group_name=GROUP,
    tags={"domain": GROUP},
    description=(
        "A camera, one partition each. The sensor cameras_seen looks every minute: a *materialization* says "
        "that the camera is watched, an *observation* that it is not, and the metadata say how it fares. "
        "What is wrong with which camera, and what to do, is in the checks. Cameras are added, edited and "
        "deleted on the page or through the API; nothing is to be materialized by hand."
    ),
)


def partition_key(one: Camera) -> str:
    """Return the name of a camera's partition; Dagster allows neither control characters nor `...` in it."""
    name = "".join(letter if letter.isprintable() else " " for letter in one.name).replace("...", "…")
    return f"{one.camera_id} {name[:LONGEST_NAME].strip()}"
