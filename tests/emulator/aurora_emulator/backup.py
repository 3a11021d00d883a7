"""AWS Backup: the selections of a plan."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import unquote

from moto.backup.responses import BackupResponse

from .errors import json_error
from .extend import add
from .world import WORLD

_DATE = "CreationDate"


def _path(self: Any) -> tuple[str, str]:
    """Plan and selection of `/backup/plans/PLAN/selections/SELECTION`."""
    parts = [unquote(part) for part in self.path.strip("/").split("/")]
    plan = parts[parts.index("plans") + 1]
    if plan not in self.backup_backend.plans:
        raise json_error("ResourceNotFoundException", f"Failed reading Backup plan with provided version: {plan}")
    return plan, parts[-1]


def _selections(self: Any) -> dict[str, Any]:
    return WORLD.of(self.backup_backend).backup_selections


def _named(self: Any) -> dict[str, Any]:
    plan, name = _path(self)
    found = _selections(self).get(name)
    if found is None or found["BackupPlanId"] != plan:
        raise json_error("ResourceNotFoundException", f"Cannot find Backup selection {name}")
    return found


@add(BackupResponse)
def create_backup_selection(self: Any) -> str:
    """Assign resources to a plan; the creator's request id makes a repeat harmless."""
    plan, _ = _path(self)
    body = json.loads(self.body)
    request = body.get("CreatorRequestId")
    for known in _selections(self).values():
        if request and known["CreatorRequestId"] == request and known["BackupPlanId"] == plan:
            return _created(known)
    selection = body["BackupSelection"]
    if not selection.get("SelectionName") or not selection.get("IamRoleArn"):
        raise json_error("MissingParameterValueException", "SelectionName and IamRoleArn are required.")
    made = {
        "SelectionId": str(uuid.uuid4()),
        "BackupPlanId": plan,
        _DATE: time.time(),
        "CreatorRequestId": request,
        "BackupSelection": selection,
    }
    _selections(self)[made["SelectionId"]] = made
    return _created(made)


def _created(selection: dict[str, Any]) -> str:
    return json.dumps({name: selection[name] for name in ("SelectionId", "BackupPlanId", _DATE)})


@add(BackupResponse)
def get_backup_selection(self: Any) -> str:
    """One selection."""
    return json.dumps(_named(self))


@add(BackupResponse)
def list_backup_selections(self: Any) -> str:
    """The selections of a plan."""
    plan, _ = _path(self)
    listed = [
        {
            "SelectionId": item["SelectionId"],
            "SelectionName": item["BackupSelection"]["SelectionName"],
            "BackupPlanId": plan,
            _DATE: item[_DATE],
            "IamRoleArn": item["BackupSelection"]["IamRoleArn"],
        }
        for item in _selections(self).values()
        if item["BackupPlanId"] == plan
    ]
    return json.dumps({"BackupSelectionsList": listed})


@add(BackupResponse)
def delete_backup_selection(self: Any) -> str:
    """Remove a selection."""
    del _selections(self)[_named(self)["SelectionId"]]
    return "{}"
