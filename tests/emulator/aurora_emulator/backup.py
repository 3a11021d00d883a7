"""AWS Backup: vaults that are not empty, plans that are edited, the selections of a plan, and who may back up."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from moto.backup.models import BackupBackend
from moto.backup.responses import BackupResponse
from moto.backup.urls import url_paths
from moto.core.resource_tagging import TaggedResource
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from .errors import json_error
from .extend import add, around
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


def _role_may(backend: Any, arn: str) -> bool:
    """Can the service assume the role yet, and does the role bring any permission for backups?"""
    roles = iam_backends[backend.account_id]["aws"].roles.values()
    role = next((role for role in roles if role.arn == arn), None)
    if role is None or "backup.amazonaws.com" not in str(role.assume_role_policy_document):
        return False
    born = WORLD.at(backend.account_id, "global").visible_at.get(f"role:{role.id}", 0.0)
    return time.monotonic() >= born + WORLD.settings.iam_propagation_seconds


@add(BackupResponse)
def create_backup_selection(self: Any) -> str:
    """Assign resources to a plan; the creator's request id makes a repeat harmless."""
    plan, _ = _path(self)
    body = json.loads(self.body)
    request = body.get("CreatorRequestId")
    of_plan = [known for known in _selections(self).values() if known["BackupPlanId"] == plan]
    for known in of_plan:
        if request and known["CreatorRequestId"] == request:
            return _created(known)
    selection = body["BackupSelection"]
    if not selection.get("SelectionName") or not selection.get("IamRoleArn"):
        raise json_error("MissingParameterValueException", "SelectionName and IamRoleArn are required.")
    if any(known["BackupSelection"]["SelectionName"] == selection["SelectionName"] for known in of_plan):
        raise json_error("AlreadyExistsException", "Backup selection with the same name already exists")
    if not _role_may(self.backup_backend, selection["IamRoleArn"]):
        raise json_error(
            "InvalidParameterValueException", f"IAM Role {selection['IamRoleArn']} cannot be assumed by AWS Backup"
        )
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
            "CreatorRequestId": item["CreatorRequestId"],
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


def living(backend: Any) -> list[Any]:
    """The plans that nobody has deleted."""
    return [plan for plan in backend.plans.values() if plan.deletion_date is None]


@around(BackupBackend, "create_backup_plan")
def _create_plan(original: Any, self: Any, **kwargs: Any) -> Any:
    request = kwargs.get("creator_request_id")
    for plan in living(self):
        if request and plan.creator_request_id == request:
            return plan
    _check_vaults(self, kwargs["backup_plan"])
    # moto compares names, also with those of deleted plans; AWS does not.
    kept, self.plans = self.plans, {}
    try:
        made = original(self, **kwargs)
    finally:
        self.plans = {**kept, **self.plans}
    return made


def _check_vaults(backend: Any, plan: dict[str, Any]) -> None:
    for rule in plan["Rules"]:
        if rule["TargetBackupVaultName"] not in backend.vaults:
            raise json_error(
                "InvalidParameterValueException", f"Backup vault {rule['TargetBackupVaultName']} does not exist"
            )


@add(BackupResponse)
def update_backup_plan(self: Any) -> str:
    """Replace the document of a plan; moto makes the rest of a plan from it, as in a create."""
    name = self.path.strip("/").rsplit("/", 1)[-1]
    backend = self.backup_backend
    plan = backend.get_backup_plan(name, None)
    if plan.deletion_date is not None:
        raise json_error("ResourceNotFoundException", f"Failed reading Backup plan with provided version: {name}")
    document = json.loads(self.body)["BackupPlan"]
    _check_vaults(backend, document)
    fresh = type(plan)(backup_plan=document, creator_request_id=plan.creator_request_id, backend=backend)
    plan.backup_plan, plan.version_id = fresh.backup_plan, fresh.version_id
    return json.dumps(plan.to_dict())


@around(BackupBackend, "delete_backup_plan")
def _delete_plan(original: Any, self: Any, backup_plan_id: str) -> Any:
    selections = WORLD.of(self).backup_selections.values()
    if any(item["BackupPlanId"] == backup_plan_id for item in selections):
        raise json_error(
            "InvalidRequestException", "Related backup plan selections must be deleted prior to backup plan deletion"
        )
    return original(self, backup_plan_id)


@around(BackupBackend, "create_backup_vault")
def _create_vault(original: Any, self: Any, **kwargs: Any) -> Any:
    if not re.fullmatch(r"[a-zA-Z0-9_-]{2,50}", kwargs["backup_vault_name"]):
        raise json_error("InvalidParameterValueException", "Invalid backup vault name")
    if arn := kwargs.get("encryption_key_arn"):
        key = kms_backends[self.account_id][self.region_name].keys.get(arn.rpartition("/")[2])
        if not arn.startswith("arn:") or key is None or key.key_state != "Enabled":
            raise json_error("InvalidParameterValueException", f"The KMS key {arn} does not exist or is not usable")
    return original(self, **kwargs)


@around(BackupBackend, "describe_backup_vault")
def _describe_vault(original: Any, self: Any, backup_vault_name: str) -> Any:
    """A vault that is not there is answered as one that the caller may not see."""
    if backup_vault_name not in self.vaults:
        raise json_error("AccessDeniedException", "Insufficient privileges to perform this action.")
    return original(self, backup_vault_name)


@around(BackupBackend, "delete_backup_vault")
def _delete_vault(original: Any, self: Any, backup_vault_name: str) -> Any:
    vault = self.vaults.get(backup_vault_name)
    if vault is None:
        raise json_error("ResourceNotFoundException", f"Backup vault {backup_vault_name} not found")
    if vault.num_of_recovery_points:
        raise json_error(
            "InvalidRequestException",
            f"Backup vault {backup_vault_name} cannot be deleted because it contains recovery points.",
        )
    return original(self, backup_vault_name)


@add(BackupResponse)
def start_backup_job(self: Any) -> str:
    """A recovery point in a vault, made at once."""
    body = json.loads(self.body)
    vault = self.backup_backend.vaults.get(body["BackupVaultName"])
    if vault is None:
        raise json_error("ResourceNotFoundException", f"Backup vault {body['BackupVaultName']} not found")
    vault.num_of_recovery_points += 1
    return json.dumps({"BackupJobId": str(uuid.uuid4()), _DATE: time.time()})


@add(BackupResponse)
def list_tags(self: Any) -> str:
    """The tags of a vault or plan. SDKs differ in whether a slash ends the path; moto reads those alone that end with one."""
    arn = unquote(self.path.strip("/").rsplit("/", 1)[-1])
    return json.dumps({"Tags": self.backup_backend.list_tags(resource_arn=arn)})


def _settings(self: Any) -> dict[str, bool]:
    place = WORLD.at(self.current_account, self.region).bag
    return place.setdefault("backup-opt-in", {"Aurora": True, "RDS": True})


@add(BackupResponse)
def describe_region_settings(self: Any) -> str:
    """Which services AWS Backup may back up here."""
    return json.dumps({"ResourceTypeOptInPreference": _settings(self), "ResourceTypeManagementPreference": {}})


@add(BackupResponse)
def update_region_settings(self: Any) -> str:
    """Opt in to services, or out."""
    _settings(self).update(json.loads(self.body).get("ResourceTypeOptInPreference") or {})
    return "{}"


@around(BackupBackend, "iter_tagged_resources")
def _tagged(original: Any, self: Any) -> Iterator[TaggedResource]:
    yield from original(self)
    for plan in living(self):
        tags = self.tagger.get_tag_dict_for_resource(plan.backup_plan_arn)
        yield TaggedResource(arn=plan.backup_plan_arn, tags=tags, resource_type="backup:backup-plan")


_DISPATCH = url_paths["{0}/backup/plans/?$"]
url_paths.setdefault("{0}/account-settings$", _DISPATCH)
url_paths.setdefault("{0}/backup-jobs$", _DISPATCH)
