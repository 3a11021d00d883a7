"""The emulated account as it looks when ids, times and chance are left out: two runs of one stack compare equal.

Not what a Describe would answer but what moto holds: the tool under test has no say in what counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Any

from . import inventory

ADDRESS = "auroractl:address"
OID = "auroractl:id"
LINEAGE = "auroractl:lineage"
# How deep the attributes of a resource are followed; what lies deeper is moto's own business.
_DEPTH = 6
# Attributes that differ from run to run, or are moto's wiring.
_SKIPPED = re.compile(
    r"backend|created|creation|_time$|_at$|timestamp|_date|updated|start_|last_|modified_on|history|generator|tagger"
    r"|key_material|region$|events$|ip_address$|filter|^owner|^vpcs?$|^private_key"
    r"|streams$|^parent|public_ip|available_ip|eni|network_interface|unused|_subnet_ip|sequence|usage"
    r"|hosted_zone|url_identifier|manager$|^version_id$",
    re.IGNORECASE,
)
_NOISE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b(-[A-Za-z]{6}\b)?"), "<uuid>"),
    (re.compile(r"\b[a-z]{1,12}-[0-9a-f]{8,17}\b"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "<time>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b(?!/)"), "<ip>"),
    (re.compile(r"\b(cluster|db|dbi|key)-[A-Z0-9]{20,30}\b"), "<resource id>"),
    (re.compile(r"\bA[A-Z0-9]{20}\b"), "<unique id>"),
    (re.compile(r"\bscalable-target/\w+"), "scalable-target/<id>"),
    (re.compile(r"(?<=>)-[0-9a-f]{8}\b"), "-<id>"),
    # The end of a derived name, of a resource that carries no tags.
    (re.compile(r"-[a-z2-7]{8}\b(?=$|[^a-z0-9])"), "-<oid>"),
)


def take(account: str | None) -> list[dict[str, Any]]:
    """Every resource with type, address, status and attributes, in an order that depends on these alone."""
    items = [item for item in inventory.collect() if account is None or account in item["arn"]]
    names = _names(items) + ([(account, "<account>")] if account else [])
    models = {
        id(item.model): f"<{item['tags'].get(ADDRESS, item['type'])}>"
        for item in items
        if hasattr(item.model, "__dict__")
    }
    pictures = [_picture(item, _Painter(names, models)) for item in items]
    return sorted(pictures, key=lambda picture: json.dumps(picture, sort_keys=True))


def _names(items: Iterable[inventory.Item]) -> list[tuple[str, str]]:
    """What stands for what: the longest first, so that an id which is part of a name does not spoil it."""
    names: dict[str, str] = {}
    for item in items:
        tags = item["tags"]
        if ADDRESS not in tags:
            continue
        address = f"<{tags[ADDRESS]}>"
        names[tags[LINEAGE]] = "<lineage>"
        names[tags[OID]] = address
        if re.fullmatch(r"[a-z]+-[0-9a-f]{8,17}|[0-9a-f-]{36}", item["id"]):
            names[item["id"]] = address
        names[tags[OID][:8]] = address
    return sorted(names.items(), key=lambda pair: -len(pair[0]))


def _picture(item: inventory.Item, painter: _Painter) -> dict[str, Any]:
    return {
        "type": item["type"],
        "name": painter.text(item["tags"].get(ADDRESS) or item["id"]),
        "status": item["status"],
        "tags": painter.paint([f"{key}={value}" for key, value in item["tags"].items()], 1),
        "attributes": painter.attributes(item.model),
    }


class _Painter:
    """Turns what moto holds into JSON without chance."""

    def __init__(self, names: list[tuple[str, str]], models: dict[int, str]) -> None:
        self._names = names
        self._models = models
        self._path: list[int] = []

    def text(self, value: str) -> str:
        for old, new in self._names:
            value = value.replace(old, new)
        for pattern, new in _NOISE:
            value = pattern.sub(new, value)
        return value

    def attributes(self, model: Any) -> Any:
        if model is None or isinstance(model, dict):
            return self.paint(model, 1)
        return self._object(model, 1)

    def paint(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, date | datetime | bytes):
            return f"<{type(value).__name__}>"
        if isinstance(value, Enum):
            return self.paint(value.value, depth)
        if id(value) in self._models:
            return self._models[id(value)]
        if depth > _DEPTH or id(value) in self._path or callable(value):
            return "<...>"
        self._path.append(id(value))
        try:
            return self._compound(value, depth + 1)
        finally:
            self._path.pop()

    def _compound(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return self._map(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            parts = [self.paint(part, depth) for part in value]
            return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True))
        return self._object(value, depth)

    def _object(self, value: Any, depth: int) -> Any:
        return self._map(getattr(value, "__dict__", {}), depth)

    def _map(self, value: dict[Any, Any], depth: int) -> Any:
        kept = {key: part for key, part in value.items() if not _SKIPPED.search(str(key))}
        painted = [(self.text(str(key)), self.paint(part, depth)) for key, part in kept.items()]
        if len({key for key, _ in painted}) < len(painted):
            return sorted(([key, part] for key, part in painted), key=lambda part: json.dumps(part, sort_keys=True))
        return dict(sorted(painted))
