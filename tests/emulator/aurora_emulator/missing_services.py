"""Services that moto lacks or hardly knows: CloudTrail's look-up, quotas, Performance Insights, price lists.

Each answers with what the emulator really knows: the calls that were made, the quotas it enforces or documents, zero
load for instances that exist, and list prices of Aurora's instance classes.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.rds.models import rds_backends
from moto.servicequotas.responses import ServiceQuotasResponse

from .errors import json_error
from .extend import add, around
from .rds_catalog import classes
from .world import WORLD

_KEPT = 500
_READS = ("Describe", "Get", "List", "Lookup", "Head", "Query")
_RDS_QUOTAS = {
    "L-952B80B8": ("DB clusters", 40.0),
    "L-7B6409FD": ("DB instances", 40.0),
    "L-48C6BF61": ("DB subnet groups", 50.0),
    "L-E4C808A8": ("DB cluster parameter groups", 50.0),
    "L-DE55804A": ("Parameter groups", 50.0),
}


@around(BaseResponse, "call_action")
def _record(original: Any, self: Any) -> Any:
    """Keep what CloudTrail would keep of mutating calls: name, service, time and caller."""
    result = original(self)
    action = self._get_action()
    if action and not action.startswith(_READS) and self.service_name:
        events = WORLD.at(self.current_account, self.region).bag.setdefault("events", [])
        events.append((action, self.boto3_service_name, time.time(), self.access_key, int(result[0])))
        del events[:-_KEPT]
    return result


def _event(entry: tuple[str, str, float, str, int]) -> dict[str, Any]:
    name, service, when, caller, status = entry
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}{when}"))
    source = f"{service}.amazonaws.com"
    detail = {
        "eventName": name,
        "eventSource": source,
        "eventID": identifier,
        "errorCode": None if status < 400 else "Client",
    }
    return {
        "EventId": identifier,
        "EventName": name,
        "ReadOnly": "false",
        "AccessKeyId": caller,
        "EventTime": when,
        "EventSource": source,
        "Username": caller,
        "Resources": [],
        "CloudTrailEvent": json.dumps(detail),
    }


@add(CloudTrailResponse)
def lookup_events(self: Any) -> str:
    """The mutating calls of this account and region, newest first."""
    kept = WORLD.at(self.current_account, self.region).bag.get("events", [])
    events = [_event(entry) for entry in reversed(kept)]
    for wanted in self._get_param("LookupAttributes") or []:
        events = [item for item in events if str(item.get(wanted["AttributeKey"])) == wanted["AttributeValue"]]
    limit = self._get_int_param("MaxResults") or 50
    return json.dumps({"Events": events[:limit]})


def _quota(code: str) -> dict[str, Any]:
    name, value = _RDS_QUOTAS[code]
    return {
        "ServiceCode": "rds",
        "ServiceName": "Amazon Relational Database Service (Amazon RDS)",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


@add(ServiceQuotasResponse)
def list_service_quotas(self: Any) -> str:
    """The quotas of RDS, and moto's of VPC."""
    service = json.loads(self.body)["ServiceCode"]
    if service == "rds":
        return json.dumps({"Quotas": [_quota(code) for code in _RDS_QUOTAS]})
    return json.dumps({"Quotas": self.backend.list_aws_default_service_quotas(service)})


@around(ServiceQuotasResponse, "get_service_quota")
def _get_quota(original: Any, self: Any) -> Any:
    body = json.loads(self.body)
    if body["ServiceCode"] == "rds" and body["QuotaCode"] in _RDS_QUOTAS:
        return json.dumps({"Quota": _quota(body["QuotaCode"])})
    return original(self)


def _resource_metrics(request: dict[str, Any], account: str, region: str) -> dict[str, Any]:
    """No load: the emulator runs no database."""
    known = {item.dbi_resource_id for item in rds_backends[account][region].databases.values()}
    if request["Identifier"] not in known:
        raise json_error("NotAuthorizedException", f"{request['Identifier']} is not known to Performance Insights.")
    start, end = float(request["StartTime"]), float(request["EndTime"])
    period = int(request.get("PeriodInSeconds") or 60)
    points = [{"Timestamp": start + period * (i + 1), "Value": 0.0} for i in range(int((end - start) // period))]
    return {
        "AlignedStartTime": start,
        "AlignedEndTime": end,
        "Identifier": request["Identifier"],
        "MetricList": [
            {"Key": {"Metric": query["Metric"]}, "DataPoints": points[:2000]} for query in request["MetricQueries"]
        ],
    }


def _products(request: dict[str, Any], _account: str, _region: str) -> dict[str, Any]:
    """List prices of Aurora PostgreSQL instance classes in us-east-1."""
    wanted = {item["Field"]: item["Value"] for item in request.get("Filters") or []}
    names = [name for name in classes() if wanted.get("instanceType") in (None, name)]
    return {"FormatVersion": "aws_v1", "PriceList": [price for name in names for price in _prices(name)]}


def _prices(name: str) -> list[str]:
    vcpu, memory, standard, optimized = classes()[name]
    kinds = {"Aurora PostgreSQL": standard, "Aurora PostgreSQL I/O-Optimized": optimized}
    return [
        json.dumps(
            {
                "product": {
                    "productFamily": "Database Instance",
                    "attributes": {
                        "instanceType": name,
                        "vcpu": str(int(vcpu)),
                        "memory": f"{memory} GiB",
                        "databaseEngine": "Aurora PostgreSQL",
                        "regionCode": "us-east-1",
                        "storage": kind,
                    },
                },
                "serviceCode": "AmazonRDS",
                "terms": {"OnDemand": {name: {"priceDimensions": {name: _dimension(price)}}}},
            }
        )
        for kind, price in kinds.items()
        if price is not None
    ]


def _dimension(price: float) -> dict[str, Any]:
    return {"unit": "Hrs", "pricePerUnit": {"USD": f"{price:.10f}"}}


Call = Callable[[dict[str, Any], str, str], dict[str, Any]]
_OWN: dict[tuple[str, str], Call] = {
    ("pi", "get_resource_metrics"): _resource_metrics,
    ("pricing", "get_products"): _products,
}


def answer(service: str, target: str, body: bytes, where: tuple[str, str]) -> tuple[str, dict[str, Any]] | None:
    """Answer a JSON call of a service that moto does not have; None when it is none of ours."""
    call = _OWN.get((service, camelcase_to_underscores(target.rsplit(".", 1)[-1])))
    if call is None:
        if service in ("pi", "pricing"):
            return "400 Bad Request", {"__type": "InvalidAction", "message": f"{target} is not emulated"}
        return None
    try:
        return "200 OK", call(json.loads(body or b"{}"), *where)
    except Exception as error:
        code = getattr(error, "error_type", "ValidationException")
        return "400 Bad Request", {"__type": code, "message": getattr(error, "message", str(error))}
