"""Where the emulator's own state lives: what moto's backends have no place for.

Everything here is per account and region and plain data, so that reset, snapshot and restore treat it as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from moto.core import DEFAULT_ACCOUNT_ID


class Scope(NamedTuple):
    """An account and a region."""

    account: str
    region: str


@dataclass
class Regional:
    """The extension's state of one account and region."""

    tokens: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)
    cluster_endpoints: dict[str, Any] = field(default_factory=dict)
    composite_alarms: dict[str, Any] = field(default_factory=dict)
    backup_selections: dict[str, Any] = field(default_factory=dict)
    scalable_target_tags: dict[str, dict[str, str]] = field(default_factory=dict)
    forced_failures: dict[tuple[str, str], str] = field(default_factory=dict)
    visible_at: dict[str, float] = field(default_factory=dict)
    bag: dict[str, Any] = field(default_factory=dict)


@dataclass
class Settings:
    """Switches of the admin interface."""

    consistency_seconds: float = 0.0
    iam_propagation_seconds: float = 0.0
    quota_factor: int = 1


class World:
    """All regional state and the switches."""

    def __init__(self) -> None:
        self.regions: dict[Scope, Regional] = defaultdict(Regional)
        self.settings = Settings()

    def of(self, backend: Any) -> Regional:
        """The regional state that belongs to a moto backend."""
        return self.regions[Scope(backend.account_id, backend.region_name)]

    def at(self, account: str = DEFAULT_ACCOUNT_ID, region: str = "us-east-1") -> Regional:
        """The regional state of an account and region."""
        return self.regions[Scope(account, region)]

    def clear(self) -> None:
        """Forget the state, keep the switches."""
        self.regions.clear()


WORLD = World()
