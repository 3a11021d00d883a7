"""Parameters of groups: defaults of the family, values that were set, their validation, and resetting them."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

from .errors import rds_error
from .extend import add, around
from .rds_catalog import Parameter, family, known_families
from .rds_lifecycle import cluster_awaits_restart, instance_awaits_restart
from .rds_paging import page

_LIMIT = 20


def _shown(parameter: Parameter, overrides: dict[str, Any]) -> dict[str, Any]:
    override = overrides.get(parameter.name, {})
    shown = {
        "ParameterName": parameter.name,
        "ParameterValue": override.get("ParameterValue", parameter.default),
        "Description": parameter.description or None,
        "Source": "user" if override else parameter.source,
        "ApplyType": parameter.apply_type,
        "DataType": parameter.data_type,
        "AllowedValues": parameter.allowed or None,
        "IsModifiable": parameter.modifiable,
        "ApplyMethod": override.get("ApplyMethod", "pending-reboot"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _listed(family_name: str, scope: str, overrides: dict[str, Any]) -> list[dict[str, Any]]:
    catalogue = family(family_name)
    known = [_shown(item, overrides) for item in catalogue.values() if scope in item.scope or item.name in overrides]
    unknown = [{**values, "Source": "user"} for name, values in overrides.items() if name not in catalogue]
    return known + unknown


def _filtered(self: Any, parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    source = self.params.get("Source")
    if source:
        parameters = [item for item in parameters if item.get("Source") == source]
    for wanted in self.params.get("Filters", []):
        if wanted["Name"] == "parameter-name":
            parameters = [item for item in parameters if item["ParameterName"] in wanted["Values"]]
    return parameters


def _cluster_group(self: Any) -> Any:
    name = self.params["DBClusterParameterGroupName"]
    return self.backend.describe_db_cluster_parameter_groups(name)[0]


def _instance_group(self: Any) -> Any:
    name = self.params["DBParameterGroupName"]
    return self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]


@add(RDSResponse)
def describe_db_cluster_parameters(self: Any) -> ActionResult:
    """Defaults of the family with what was set on top; `Source=user` gives only the latter."""
    group = _cluster_group(self)
    return page(self, "Parameters", _filtered(self, _listed(group.db_parameter_group_family, "c", group.parameters)))


@add(RDSResponse)
def describe_db_parameters(self: Any) -> ActionResult:
    """The instance-level twin."""
    group = _instance_group(self)
    return page(self, "Parameters", _filtered(self, _listed(group.family, "i", group.parameters)))


def _engine_defaults(self: Any, scope: str) -> ActionResult:
    name = self.params["DBParameterGroupFamily"]
    if name not in known_families():
        raise rds_error("InvalidParameterValue", f"ParameterGroupFamily {name} is not a valid parameter group family")
    result = page(self, "Parameters", _filtered(self, _listed(name, scope, {})))
    content: Any = result.result
    return ActionResult({"EngineDefaults": {"DBParameterGroupFamily": name, **content}})


@add(RDSResponse)
def describe_engine_default_cluster_parameters(self: Any) -> ActionResult:
    """The family's cluster parameters."""
    return _engine_defaults(self, "c")


@add(RDSResponse)
def describe_engine_default_parameters(self: Any) -> ActionResult:
    """The family's instance parameters."""
    return _engine_defaults(self, "i")


def _checked(family_name: str, scope: str, parameters: list[Any]) -> list[dict[str, Any]]:
    if len(parameters) > _LIMIT:
        raise rds_error("InvalidParameterValue", f"The number of parameters exceeds the limit of {_LIMIT} parameters.")
    return [_checked_one(family(family_name), scope, dict(item.original_dict())) for item in parameters]


def _checked_one(catalogue: dict[str, Parameter], scope: str, given: dict[str, Any]) -> dict[str, Any]:
    given["ParameterName"] = name = given["ParameterName"].lower()
    if not catalogue:
        return given
    parameter = catalogue.get(name)
    if parameter is None or scope not in parameter.scope:
        raise rds_error("InvalidParameterValue", f"Could not find parameter with name: {name}")
    if not parameter.modifiable:
        raise rds_error("InvalidParameterValue", f"The parameter {name} cannot be modified.")
    value = given.get("ParameterValue")
    if value is not None and not parameter.accepts(str(value)):
        raise rds_error(
            "InvalidParameterValue",
            f"The parameter value {value} for parameter {name} is not in the allowed values: {parameter.allowed}",
        )
    if given.get("ApplyMethod") == "immediate" and parameter.apply_type == "static":
        raise rds_error("InvalidParameterCombination", f"cannot use immediate apply method for static parameter {name}")
    return given


def _static(family_name: str, names: list[str]) -> bool:
    catalogue = family(family_name)
    return any(name in catalogue and catalogue[name].apply_type == "static" for name in names)


def _mark_cluster(backend: Any, group: Any, names: list[str]) -> None:
    if not _static(group.db_parameter_group_family, names):
        return
    for cluster in backend.clusters.values():
        if cluster.parameter_group == group.name:
            cluster_awaits_restart(cluster)


def _mark_instances(backend: Any, group: Any, names: list[str]) -> None:
    if not _static(group.family, names):
        return
    for instance in backend.databases.values():
        if instance.db_parameter_group_name == group.name:
            instance_awaits_restart(instance)


@around(RDSResponse, "modify_db_cluster_parameter_group")
def _modify_cluster_group(_original: Any, self: Any) -> ActionResult:
    group = _cluster_group(self)
    _refuse_default(group.name)
    given = _checked(group.db_parameter_group_family, "c", self.params.get("Parameters", []))
    self.backend.modify_db_cluster_parameter_group(group.name, given)
    _mark_cluster(self.backend, group, [item["ParameterName"] for item in given])
    return ActionResult({"DBClusterParameterGroupName": group.name})


@around(RDSResponse, "modify_db_parameter_group")
def _modify_group(_original: Any, self: Any) -> ActionResult:
    group = _instance_group(self)
    _refuse_default(group.name)
    given = _checked(group.family, "i", self.params.get("Parameters", []))
    self.backend.modify_db_parameter_group(group.name, given)
    _mark_instances(self.backend, group, [item["ParameterName"] for item in given])
    return ActionResult({"DBParameterGroupName": group.name})


def _refuse_default(name: str) -> None:
    if name.startswith("default."):
        raise rds_error("InvalidParameterValue", f"The parameter group {name} cannot be modified.")


def _reset(self: Any, group: Any, family_name: str, scope: str) -> list[str]:
    _refuse_default(group.name)
    if self.params.get("ResetAllParameters"):
        if self.params.get("Parameters"):
            raise rds_error(
                "InvalidParameterCombination", "ResetAllParameters and Parameters cannot be specified together."
            )
        names = list(group.parameters)
    else:
        names = [item["ParameterName"] for item in _checked(family_name, scope, self.params.get("Parameters", []))]
    for name in names:
        group.parameters.pop(name, None)
    return names


@add(RDSResponse)
def reset_db_cluster_parameter_group(self: Any) -> ActionResult:
    """Back to the engine's defaults."""
    group = _cluster_group(self)
    _mark_cluster(self.backend, group, _reset(self, group, group.db_parameter_group_family, "c"))
    return ActionResult({"DBClusterParameterGroupName": group.name})


@add(RDSResponse)
def reset_db_parameter_group(self: Any) -> ActionResult:
    """Back to the engine's defaults."""
    group = _instance_group(self)
    _mark_instances(self.backend, group, _reset(self, group, group.family, "i"))
    return ActionResult({"DBParameterGroupName": group.name})
