"""What a choice costs and is worth, for people: the same words on the command line and in the API.

Figures are those of `docs/BENCHMARKS.md`.
"""

MOSAIC_HELP = (
    "A mosaic of rows x columns frames is one detector call: fewer calls, smaller persons. With the "
    "reference detector on real footage (3.5 frames per second) it finds 87 % of the persons at 1x1, 66 % at "
    "2x2 and 41 % at 3x3; F1 of counted passings is 0.98, 0.97 and 0.88. Take as many rows as columns: 1x2 "
    "squeezes people (9 %, 0.51)"
)
