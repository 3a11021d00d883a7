"""Pages as RDS makes them: MaxRecords from 20 to 100, and a Marker that is opaque to the client."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from .errors import rds_error


def page(response: Any, key: str, items: list[Any]) -> ActionResult:
    """One page of `items` under `key`, as the request's MaxRecords and Marker ask for it."""
    size = int(response.params.get("MaxRecords") or 100)
    if not 20 <= size <= 100:
        raise rds_error("InvalidParameterValue", f"Invalid value {size} for MaxRecords. Must be between 20 and 100")
    start = _start(response.params.get("Marker"))
    result: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        result["Marker"] = f"page-{start + size}"
    return ActionResult(result)


def _start(marker: str | None) -> int:
    if not marker:
        return 0
    prefix, _, number = marker.partition("-")
    if prefix != "page" or not number.isdigit():
        raise rds_error("InvalidParameterValue", "The value of Marker is not valid.")
    return int(number)
