"""The coarse grid over the frame by which it is kept where people were; needs no numpy."""

from dataclasses import dataclass
from datetime import datetime

COLUMNS, ROWS = 32, 18
"""Of the grid, whatever the frame's proportions; cell 0 is its top left corner, cells count row by row."""
CELLS = COLUMNS * ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTime:
    """For how long persons stood in one cell within one hour; two persons at once count twice."""

    hour_at: datetime
    """A full hour in UTC."""
    cell: int
    """0 to `CELLS` - 1."""
    person_ms: int
    """Whole milliseconds, so that sums are exact in any order."""
