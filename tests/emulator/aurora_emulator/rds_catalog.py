"""What Aurora PostgreSQL offers: engine versions, instance classes, and the parameters of each family.

Reduced from what AWS reports, see the `about` of each data file. A value that this catalogue refuses is refused by AWS
as well; the reverse is not promised.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

ENGINE = "aurora-postgresql"
SERVERLESS = "db.serverless"
# Certificate authorities, each with its first and its last day.
AUTHORITIES = {
    "rds-ca-ecc384-g1": ("2021-05-24", "2121-05-24"),
    "rds-ca-rsa2048-g1": ("2021-05-24", "2061-05-24"),
    "rds-ca-rsa4096-g1": ("2021-05-24", "2121-05-24"),
}
DEFAULT_AUTHORITY = "rds-ca-rsa2048-g1"
_RANGE = re.compile(r"^(-?[0-9.]+(?:e[+-]?[0-9]+)?)-(-?[0-9.]+(?:e[+-]?[0-9]+)?)$")
# The oldest major version that a family of classes can no longer or not yet run; a small table, not AWS's whole one.
_OLD_CLASSES = re.compile(r"^db\.r4\.")
_NEWEST_CLASSES = re.compile(r"^db\.(r8g|r8gd|r8a)\.")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a family as DescribeEngineDefault*Parameters shows it."""

    name: str
    data_type: str
    apply_type: str
    modifiable: bool
    allowed: str
    scope: str
    default: str | None
    source: str
    description: str

    def accepts(self, value: str) -> bool:
        """Whether AWS would take the value; formulas are not evaluated."""
        if "{" in value or not self.allowed:
            return True
        if self.data_type in ("integer", "float"):
            return self._in_range(value)
        choices = {item.lower() for item in self.allowed.split(",")}
        return all(item.strip().lower() in choices for item in value.split(",") if item.strip())

    def _in_range(self, value: str) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        bounds = [_RANGE.match(part.strip()) for part in self.allowed.split(",")]
        if not all(bounds):
            return value in [part.strip() for part in self.allowed.split(",")]
        return any(float(bound[1]) <= number <= float(bound[2]) for bound in bounds if bound)


@lru_cache(maxsize=1)
def _engines() -> dict[str, Any]:
    return json.loads(resources.files(__package__).joinpath("data/engines.json").read_text("utf-8"))


@lru_cache(maxsize=1)
def _parameters() -> dict[str, list[list[Any]]]:
    text = resources.files(__package__).joinpath("data/parameters.json").read_text("utf-8")
    return json.loads(text)["parameters"]


@lru_cache(maxsize=16)
def family(name: str) -> dict[str, Parameter]:
    """The parameters of a family such as `aurora-postgresql16`; empty for a family that is not in the catalogue."""
    found = {}
    for parameter, variants in _parameters().items():
        for families, *row in variants:
            if name in [f"{ENGINE}{major}" for major in families.split()]:
                kind, apply, modifiable, allowed, scope, default, source, text = row
                found[parameter] = Parameter(
                    parameter, kind, apply, bool(modifiable), allowed, scope, default, source, text
                )
    return found


def family_of(version: str) -> str:
    """The parameter group family of an engine version."""
    return f"{ENGINE}{version.split('.')[0]}"


def rotates_without_restart(version: str) -> bool:
    """Whether a member loads a new server certificate as it runs. Where AWS draws the line is not documented."""
    return version_key(version) >= (13,)


def known_families() -> set[str]:
    """The families that can be used for a parameter group."""
    return {f"{ENGINE}{major}" for major in _engines()["versions"]}


def versions() -> list[str]:
    """The versions that can be created, oldest first."""
    minors = [minor for group in _engines()["versions"].values() for minor in group]
    return sorted(minors, key=version_key)


def default_version() -> str:
    """What AWS picks when no version is given: the long-term release of major 16."""
    return _engines()["versions"]["16"][-1]


def version_key(version: str) -> tuple[int, ...]:
    """Sort key of a version number."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def upgrade_targets(version: str) -> list[str]:
    """The versions that a cluster can be upgraded to."""
    return [target for target in versions() if version_key(target) > version_key(version)]


def is_minor_upgrade(old: str, new: str) -> bool:
    """Whether both versions share the major."""
    return old.split(".")[0] == new.split(".")[0]


def classes() -> dict[str, list[float]]:
    """Instance classes with vCPU and memory in GiB."""
    return _engines()["classes"]


def orderable(instance_class: str, version: str) -> bool:
    """Whether a class can run a version."""
    if instance_class == SERVERLESS:
        return True
    if instance_class not in classes():
        return False
    major = version_key(version)[0]
    if _OLD_CLASSES.match(instance_class):
        return major <= 13
    return not (_NEWEST_CLASSES.match(instance_class) and major <= 13)
