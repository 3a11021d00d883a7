"""The names that AWS accepts for RDS resources, and the windows in its own spelling."""

from __future__ import annotations

import re

from .errors import rds_error

_IDENTIFIER = re.compile(r"^(?!.*--)[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$")
_GROUP = re.compile(r"^(?!.*--)[a-zA-Z](?:[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?$")
_SUBNET_GROUP = re.compile(r"^[a-zA-Z0-9_ .-]{1,255}$")
_BACKUP = re.compile(r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_MAINTENANCE = re.compile(rf"^{_DAY}:([01]\d|2[0-3]):[0-5]\d-{_DAY}:([01]\d|2[0-3]):[0-5]\d$")
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def check_identifier(parameter: str, value: str) -> None:
    """A cluster, instance, endpoint or snapshot identifier."""
    if not _IDENTIFIER.match(value):
        raise rds_error(
            "InvalidParameterValue",
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain "
            "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive "
            "hyphens.",
        )


def check_parameter_group(parameter: str, value: str) -> None:
    """The name of a parameter group; `default.…` is AWS's own."""
    if value.lower().startswith("default.") or not _GROUP.match(value):
        raise rds_error(
            "InvalidParameterValue",
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain "
            "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive "
            "hyphens.",
        )


def check_subnet_group(value: str) -> None:
    """The name of a DB subnet group."""
    if value.lower() == "default" or not _SUBNET_GROUP.match(value):
        raise rds_error(
            "InvalidParameterValue",
            "The parameter DBSubnetGroupName must be provided and must contain only letters, numbers, periods, "
            "underscores, spaces or hyphens, and must not be Default.",
        )


def check_windows(backup: str | None, maintenance: str | None) -> None:
    """Spelling of both windows, their length, and that they do not overlap."""
    if backup and not _BACKUP.match(backup):
        raise rds_error("InvalidParameterValue", f"Invalid backup window format: {backup}. Should be hh24:mi-hh24:mi.")
    if maintenance and not _MAINTENANCE.match(maintenance.lower()):
        raise rds_error(
            "InvalidParameterValue",
            f"Invalid maintenance window format: {maintenance}. Should be specified as a range "
            "ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC).",
        )
    if backup:
        _check_length("backup", *_minutes(backup), modulo=24 * 60)
    if maintenance:
        _check_length("maintenance", *_week_minutes(maintenance.lower()), modulo=7 * 24 * 60)
    if backup and maintenance and _overlap(_minutes(backup), _week_minutes(maintenance.lower())):
        raise rds_error("InvalidParameterValue", "The backup window and maintenance window must not overlap.")


def _minutes(window: str) -> tuple[int, int]:
    start, end = window.split("-")
    return _clock(start), _clock(end)


def _week_minutes(window: str) -> tuple[int, int]:
    start, end = window.split("-")
    return tuple(_DAYS.index(part[:3]) * 24 * 60 + _clock(part[4:]) for part in (start, end))  # type: ignore[return-value]


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _check_length(kind: str, start: int, end: int, modulo: int) -> None:
    if (end - start) % modulo < 30:
        raise rds_error("InvalidParameterValue", f"The {kind} window must be at least 30 minutes.")


def _overlap(backup: tuple[int, int], maintenance: tuple[int, int]) -> bool:
    day = 24 * 60
    start, length = maintenance[0] % day, (maintenance[1] - maintenance[0]) % (7 * day)
    backup_start, backup_length = backup[0], (backup[1] - backup[0]) % day
    return (start - backup_start) % day < backup_length or (backup_start - start) % day < length
