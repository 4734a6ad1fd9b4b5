"""Struct of arrays: one row per thing that is followed, kept small and fit for JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hypersight_core.errors import InvalidInput


@dataclass(slots=True)
class Rows:
    """Base of dataclasses whose fields are arrays with the same first axis."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, rows: NDArray[Any]) -> Self:
        """Return the rows that a mask or indices choose."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def joined(self, other: Self) -> Self:
        """Return these rows followed by those of `other`."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in (f.name for f in fields(self))}
        return type(self)(**{name: np.concatenate(pair) for name, pair in pairs.items()})

    def to_json(self) -> dict[str, list[Any]]:
        """Return flat lists of JSON values, one per field; NaN becomes null."""
        return {field.name: _values(getattr(self, field.name)) for field in fields(self)}

    def from_json(self, value: Mapping[str, Any], count: int) -> Self:
        """Return the `count` rows that `to_json` wrote; these rows say the types and shapes.

        Raises:
            InvalidInput: a field is missing or does not fit.
        """
        try:
            arrays = {f.name: _array(value[f.name], getattr(self, f.name), count) for f in fields(self)}
            return type(self)(**arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"saved {type(self).__name__.lower()} do not fit") from error


def _values(array: NDArray[Any]) -> list[Any]:
    flat: list[Any] = array.ravel().tolist()
    if array.dtype == np.float64:
        return [None if value != value else value for value in flat]
    return flat


def _array(values: list[Any], like: NDArray[Any], count: int) -> NDArray[Any]:
    if like.dtype == np.float64:
        values = [np.nan if value is None else value for value in values]
    return np.array(values, dtype=like.dtype).reshape(count, *like.shape[1:])
