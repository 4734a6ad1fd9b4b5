"""What a choice costs and is worth, for people: the same words on the command line and in the API.

Figures are those of `docs/BENCHMARKS.md`.
"""

MOSAIC_HELP = (
    "A mosaic of rows x columns frames is one detector call: fewer calls, smaller persons. With the "
    "reference detector on real footage (3.5 frames per second) it finds 87 % of the persons at 1x1, 66 % at "
    "2x2 and 41 % at 3x3; F1 of counted passings is 0.98, 0.97 and 0.88. Take as many rows as columns: 1x2 "
    "squeezes people (9 %, 0.51)"
)
JPEG_QUALITY_HELP = (
    "Quality of the JPEG the detector gets, 50 to 100. The reference detector finds the same from 75 to 95; "
    "75 sends 24 % fewer bytes than 85, 95 sends 73 % more"
)
MOTION_GATE_HELP = (
    "Whether frames on which nothing moved cost no detector call; the last answers hold on them, so whoever "
    "stands still stays. Real footage that stands still for 5 of 6 minutes took 76 % fewer calls (71 % by "
    "night), a busy walkway none fewer; counts were the same, presence within 0.1 persons or better"
)
BLUR_HELP = (
    "Whether persons are made unrecognizable in previews and snapshots, as far as the detector finds them; a "
    "picture without its detections is hidden whole. Faces that a processor of theirs broadcasts are not"
)
MOTION_RECHECK_HELP = (
    "With the motion gate: seconds after which the detector looks again although nothing moved, 1 to 300"
)
