"""How the extension hooks into moto's classes: one decorator, so that every change to moto can be found by its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

Replacement = Callable[..., Any]


def around(cls: type, *names: str) -> Callable[[Replacement], Replacement]:
    """Put a function around methods of a moto class; it receives the original method first, then `self`."""

    def install(function: Replacement) -> Replacement:
        for name in names:
            _wrap(cls, name, function)
        return function

    return install


def _wrap(cls: type, name: str, function: Replacement) -> None:
    original = getattr(cls, name)

    @wraps(original)
    def replacement(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(original, self, *args, **kwargs)

    setattr(cls, name, replacement)


def add(cls: type) -> Callable[[Replacement], Replacement]:
    """Add (or replace outright) a method of a moto class under the function's own name."""

    def install(function: Replacement) -> Replacement:
        setattr(cls, function.__name__, function)
        return function

    return install
