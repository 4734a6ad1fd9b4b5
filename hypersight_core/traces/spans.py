"""Spans: named pieces of time, each within another. They cost nothing until `exporting` was begun.

Like logging these are functions and no argument of everybody's: what is counted is the same with and without.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType, TracebackType
from typing import ParamSpec, Protocol, Self, TypeVar

Value = str | int | float
Item = TypeVar("Item")
Result = TypeVar("Result")
Given = ParamSpec("Given")


class Span(Protocol):
    """A piece of time that is under way."""

    def say(self, **facts: Value) -> None:
        """Add facts: numbers and words, never an address with a password, never a picture."""
        ...


class Stage(Protocol):
    """Work done in many small turns, which makes one span: from the first to the last, with `busy_ms`."""

    def __enter__(self) -> Self:
        """Begin a turn."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End a turn."""
        ...

    def over(self, items: Iterable[Item]) -> Iterable[Item]:
        """Yield `items`; each is waited for in a turn."""
        ...

    def end(self, **facts: Value) -> None:
        """There are no more turns; without any there is no span."""
        ...


class Recorder(Protocol):
    """Keeps spans; `exporting` has the real one. Its methods are behind the functions of the same names."""

    def instant_ns(self) -> int: ...  # noqa: D102
    def root(self, name: str, since_ns: int, headers: Mapping[str, str]) -> AbstractContextManager[Span]: ...  # noqa: D102
    def span(self, name: str, since_ns: int) -> AbstractContextManager[Span]: ...  # noqa: D102
    def stage(self, name: str) -> Stage: ...  # noqa: D102
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    def here(self) -> object | None: ...  # noqa: D102
    def within(self, place: object) -> AbstractContextManager[object]: ...  # noqa: D102


class _Nothing:
    """Takes the place of spans and stages while nobody collects."""

    def say(self, **_facts: Value) -> None:
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def over(self, items: Iterable[Item]) -> Iterable[Item]:
        return items

    def end(self, **_facts: Value) -> None:
        return


NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_NOTHING = _Nothing()
_NOWHERE = nullcontext()
_recorder: Recorder | None = None


def record_to(recorder: Recorder | None) -> None:
    """Keep spans from now on; None: no more."""
    global _recorder  # noqa: PLW0603 - one a process, as the root logger
    _recorder = recorder


def instant_ns() -> int:
    """Return now, to be given to `root` or `span` as their beginning."""
    return 0 if _recorder is None else _recorder.instant_ns()


def root(
    name: str, *, since_ns: int = 0, headers: Mapping[str, str] = NO_HEADERS
) -> AbstractContextManager[Span]:
    """Begin a trace, or go on with the caller's.

    Args:
        since_ns: when it began; 0: now.
        headers: of a request; `traceparent` says which trace it belongs to.
    """
    return _NOTHING if _recorder is None else _recorder.root(name, since_ns, headers)


def span(name: str, *, since_ns: int = 0) -> AbstractContextManager[Span]:
    """Begin a span within the one under way; without one there is none."""
    return _NOTHING if _recorder is None else _recorder.span(name, since_ns)


def stage(name: str) -> Stage:
    """Begin a stage within the span under way."""
    return _NOTHING if _recorder is None else _recorder.stage(name)


def headers() -> Mapping[str, str]:
    """Return what a request carries so that its server goes on with the trace."""
    return NO_HEADERS if _recorder is None else _recorder.headers()


def here() -> object | None:
    """Return where we are, for `within` in another thread; None: in no span."""
    return None if _recorder is None else _recorder.here()


def within(place: object | None) -> AbstractContextManager[object]:
    """Go on in another thread where `here` was asked."""
    return _NOWHERE if _recorder is None or place is None else _recorder.within(place)


def carried(act: Callable[Given, Result]) -> Callable[Given, Result]:
    """Return `act` for another thread: what it does there is within the span under way here."""
    place = here()
    if place is None:
        return act

    def acting(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with within(place):
            return act(*args, **kwargs)

    return acting
