"""Struct of arrays: one column per thing that is followed, kept small and fit for JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hypersight_core.errors import InvalidInput


@dataclass(slots=True)
class Rows:
    """Base of dataclasses whose fields are arrays with the same last axis: the things that are followed."""

    @classmethod
    @cache
    def names(cls) -> tuple[str, ...]:
        """Return the names of the arrays."""
        return tuple(field.name for field in fields(cls))

    def __len__(self) -> int:
        return int(getattr(self, self.names()[0]).shape[-1])

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return the things that indices choose."""
        return type(self)(*[getattr(self, name).take(rows, axis=-1) for name in self.names()])

    def without(self, rows: NDArray[np.int64]) -> Self:
        """Return all but the things that indices choose."""
        is_kept = np.ones(len(self), dtype=bool)
        is_kept[rows] = False
        return self.take(is_kept.nonzero()[0])

    def joined(self, other: Self) -> Self:
        """Return these things followed by those of `other`."""
        return type(self)(
            *[np.concatenate((getattr(self, name), getattr(other, name)), axis=-1) for name in self.names()]
        )

    def to_json(self) -> dict[str, list[Any]]:
        """Return flat lists of JSON values, one per field; NaN becomes null."""
        return {name: _values(getattr(self, name)) for name in self.names()}

    def from_json(self, value: Mapping[str, Any], count: int) -> Self:
        """Return the `count` things that `to_json` wrote; these say the types and shapes.

        Raises:
            InvalidInput: a field is missing or does not fit.
        """
        try:
            arrays = {name: _array(value[name], getattr(self, name), count) for name in self.names()}
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
    return np.array(values, dtype=like.dtype).reshape(*like.shape[:-1], count)
