"""Emulated time and what is due in it.

Every duration in this package is in seconds of AWS time. The factor says how many of them pass per second of wall
time, so a 15-minute creation can take 15 seconds, or none. A change of factor re-bases the clock: nothing that was
already under way jumps.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(order=True)
class Transition:
    """One state change that is due at `due`; plain data, so that it can be pickled into a snapshot."""

    due: float
    sequence: int
    action: str = field(compare=False)
    target: Any = field(compare=False)
    args: tuple[Any, ...] = field(compare=False, default=())


Action = Callable[..., None]
_ACTIONS: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    """Register a function under the name by which transitions refer to it (functions do not belong in snapshots)."""

    def register(function: Action) -> Action:
        _ACTIONS[name] = function
        return function

    return register


class Timeline:
    """The emulated clock and the heap of transitions, advanced at the start of every request."""

    def __init__(self, factor: float = 0.0) -> None:
        self._factor = factor
        self._emulated = 0.0
        self._wall = time.monotonic()
        self._heap: list[Transition] = []
        self._lazy: list[Transition] = []
        self._sequence = itertools.count()

    @property
    def instant(self) -> bool:
        """Whether everything that is scheduled is due at the next request."""
        return self._factor <= 0 or math.isinf(self._factor)

    @property
    def factor(self) -> float:
        """Seconds of AWS time per second of wall time; 0 means instant."""
        return 0.0 if self.instant else self._factor

    def now(self) -> float:
        """The emulated time in seconds since the start."""
        if self.instant:
            return self._emulated
        return self._emulated + (time.monotonic() - self._wall) * self._factor

    def set_factor(self, factor: float) -> None:
        """Change the speed from here on."""
        self._emulated = self.now()
        self._wall = time.monotonic()
        self._factor = factor

    def schedule(self, delay: float, action_name: str, target: Any, *args: Any) -> float:
        """Let `action_name(target, *args)` happen `delay` seconds from now; returns the time at which it is due."""
        due = self.now() + delay
        heapq.heappush(self._heap, Transition(due, next(self._sequence), action_name, target, args))
        return due

    def forget_later(self, delay: float, action_name: str, target: Any, *args: Any) -> None:
        """As `schedule`, for tombstones: never hurried by instant mode, where time stands still between requests."""
        transition = Transition(self.now() + delay, next(self._sequence), action_name, target, args)
        heapq.heappush(self._lazy, transition)

    def advance(self) -> None:
        """Run what is due, in order of time; in instant mode that is everything, chains included."""
        while self._heap and (self.instant or self._heap[0].due <= self.now()):
            transition = heapq.heappop(self._heap)
            if self.instant:
                self._emulated = max(self._emulated, transition.due)
            _ACTIONS[transition.action](transition.target, *transition.args)
        while self._lazy and not self.instant and self._lazy[0].due <= self.now():
            transition = heapq.heappop(self._lazy)
            _ACTIONS[transition.action](transition.target, *transition.args)

    def cancel(self, target: Any) -> None:
        """Forget every transition of one target (it failed, or something else was decided for it)."""
        self._heap = [item for item in self._heap if item.target != target]
        heapq.heapify(self._heap)

    def clear(self) -> None:
        """Forget everything that was scheduled."""
        self._heap = []
        self._lazy = []

    def dump(self) -> tuple[float, list[Transition], list[Transition]]:
        """What a snapshot keeps: the emulated time and the transitions."""
        return self.now(), list(self._heap), list(self._lazy)

    def load(self, state: tuple[float, list[Transition], list[Transition]]) -> None:
        """Continue from a snapshot; the speed stays as it is."""
        self._emulated, self._heap, self._lazy = state[0], list(state[1]), list(state[2])
        self._wall = time.monotonic()
        heapq.heapify(self._heap)
        heapq.heapify(self._lazy)
        last = max((item.sequence for item in self._heap + self._lazy), default=-1)
        self._sequence = itertools.count(last + 1)


TIMELINE = Timeline()
