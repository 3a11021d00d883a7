"""CloudWatch: composite alarms, and the alarm types that DescribeAlarms returns."""

from __future__ import annotations

import re
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.rds.models import rds_backends

from .errors import query_error
from .extend import add, around
from .world import WORLD

_CHILD = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*[\"']?([^\"')]+?)[\"']?\s*\)")


def _composites(self: Any) -> dict[str, dict[str, Any]]:
    return WORLD.of(self.cloudwatch_backend).composite_alarms


def alarm_arn(backend: Any, name: str) -> str:
    """The ARN of an alarm of either kind."""
    return f"arn:{backend.partition}:cloudwatch:{backend.region_name}:{backend.account_id}:alarm:{name}"


@around(CloudWatchResponse, "get_metric_statistics")
def _statistics(original: Any, self: Any) -> Any:
    """What was put; and the lag of readers, which AWS measures by itself as long as they are up."""
    result = original(self)
    wanted = (self._get_param("Namespace"), self._get_param("MetricName"))
    if wanted != ("AWS/RDS", "AuroraReplicaLag") or result.result["Datapoints"]:
        return result
    names = [item["Value"] for item in self._get_param("Dimensions", []) if item["Name"] == "DBInstanceIdentifier"]
    databases = rds_backends[self.current_account][self.region].databases
    reader = databases.get(names[0]) if len(names) == 1 else None
    if reader is not None and reader.state == "available" and not getattr(reader, "is_cluster_writer", True):
        point = {"Timestamp": self._get_param("EndTime"), "Unit": "Milliseconds"}
        point.update(dict.fromkeys(self._get_param("Statistics", []), 20.0))
        result.result["Datapoints"] = [point]
    return result


@add(CloudWatchResponse)
def put_composite_alarm(self: Any) -> ActionResult:
    """Make or overwrite a composite alarm; its children must exist."""
    backend, name, rule = self.cloudwatch_backend, self._get_param("AlarmName"), self._get_param("AlarmRule")
    for child in _CHILD.findall(rule or ""):
        if child.rsplit(":alarm:", 1)[-1] not in {**backend.alarms, **_composites(self)}:
            raise query_error("ValidationError", f"Could not save the composite alarm as alarm {child} does not exist")
    known = _composites(self).get(name)
    arn = alarm_arn(backend, name)
    now = utcnow()
    _composites(self)[name] = {
        "AlarmName": name,
        "AlarmArn": arn,
        "AlarmRule": rule,
        "AlarmDescription": self._get_param("AlarmDescription"),
        "ActionsEnabled": self._get_bool_param("ActionsEnabled", True),
        "AlarmActions": self._get_param("AlarmActions", []),
        "OKActions": self._get_param("OKActions", []),
        "InsufficientDataActions": self._get_param("InsufficientDataActions", []),
        "AlarmConfigurationUpdatedTimestamp": now,
        "StateUpdatedTimestamp": now,
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": f"{arn} was created and its alarm rule evaluates to INSUFFICIENT_DATA",
        "ActionsSuppressor": self._get_param("ActionsSuppressor"),
        "ActionsSuppressorWaitPeriod": self._get_int_param("ActionsSuppressorWaitPeriod"),
        "ActionsSuppressorExtensionPeriod": self._get_int_param("ActionsSuppressorExtensionPeriod"),
    }
    tags = self._get_param("Tags", [])
    if known is None and tags:
        backend.tagger.tag_resource(arn, tags)
    return EmptyResult()


@around(CloudWatchResponse, "put_metric_alarm")
def _put_alarm(original: Any, self: Any) -> Any:
    """Tags count only for a new alarm: AWS ignores them when it exists."""
    backend, name = self.cloudwatch_backend, self._get_param("AlarmName")
    arn = alarm_arn(backend, name)
    before = backend.tagger.get_tag_dict_for_resource(arn) if name in backend.alarms else None
    result = original(self)
    if before is not None:
        backend.tagger.delete_all_tags_for_resource(arn)
        backend.tagger.tag_resource(arn, backend.tagger.convert_dict_to_tags_input(before))
    return result


@around(CloudWatchResponse, "describe_alarms")
def _describe(original: Any, self: Any) -> Any:
    """Composite alarms appear only when AlarmTypes asks for them."""
    content: Any = original(self).result
    types = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
    names, prefix = self._get_param("AlarmNames", []), self._get_param("AlarmNamePrefix") or ""
    composites = [
        item for name, item in _composites(self).items() if (not names or name in names) and name.startswith(prefix)
    ]
    return ActionResult(
        {
            "MetricAlarms": content["MetricAlarms"] if "MetricAlarm" in types else [],
            "CompositeAlarms": composites if "CompositeAlarm" in types else [],
        }
    )


@around(CloudWatchResponse, "delete_alarms")
def _delete(original: Any, self: Any) -> Any:
    names = self._get_param("AlarmNames", [])
    composites = _composites(self)
    if sum(1 for name in names if name in composites) > 1:
        raise query_error("ValidationError", "Only one composite alarm can be deleted per call.")
    missing = [name for name in names if name not in composites and name not in self.cloudwatch_backend.alarms]
    for name in names:
        composites.pop(name, None)
        self.cloudwatch_backend.tagger.delete_all_tags_for_resource(alarm_arn(self.cloudwatch_backend, name))
    result = original(self)
    if missing and len(missing) == len(names):
        raise query_error("ResourceNotFound", f"Alarms {missing} do not exist")
    return result


@around(CloudWatchResponse, "tag_resource", "untag_resource")
def _tag(original: Any, self: Any) -> Any:
    arn = self._get_param("ResourceARN")
    backend = self.cloudwatch_backend
    if arn.rsplit(":alarm:", 1)[-1] not in _composites(self):
        return original(self)
    if self._get_param("Tags"):
        backend.tagger.tag_resource(arn, self._get_param("Tags"))
    if self._get_param("TagKeys"):
        backend.tagger.untag_resource_using_names(arn, self._get_param("TagKeys"))
    return EmptyResult()
