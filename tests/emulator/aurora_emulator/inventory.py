"""What lives in the emulated account: for counting orphans and duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.backup.models import backup_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.rds.models import rds_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends

from .world import WORLD, Scope


class Item(dict[str, Any]):
    """Type, id, ARN, tags and status of a resource; `model` is the object behind it."""

    model: Any = None


def _item(kind: str, name: str, arn: str, tags: dict[str, str], model: Any, status: str = "available") -> Item:
    item = Item(type=kind, id=name, arn=arn, tags=tags, status=status)
    item.model = model
    return item


def collect() -> list[Item]:
    """Every resource that somebody created, with type, id, ARN, tags and status; AWS's own defaults are left out."""
    return [
        item
        for source in _SOURCES
        for item in source()
    ]


def _each(backends: Any) -> Iterator[Any]:
    for regions in list(backends.values()):
        yield from list(dict.values(regions))


def _all_ec2() -> Iterator[Item]:
    for backend in _each(ec2_backends):
        prefix = f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}"
        for kind, name, status, model in _ec2(backend):
            tags = dict(backend.tags.get(name, {}))
            yield _item(f"ec2:{kind}", name, f"{prefix}:{kind}/{name}", tags, model, status)


def _ec2(backend: Any) -> Iterator[tuple[str, str, str, Any]]:
    default = {vpc.id for vpc in backend.vpcs.values() if vpc.is_default in (True, "true")}
    yield from (("vpc", name, "available", item) for name, item in backend.vpcs.items() if name not in default)
    for subnets in backend.subnets.values():
        yield from (("subnet", item.id, "available", item) for item in subnets.values() if item.vpc_id not in default)
    for item in backend.internet_gateways.values():
        yield "internet-gateway", item.id, "attached" if item.vpc else "detached", item
    addresses = (item for item in backend.addresses if item.allocation_id)
    yield from (("elastic-ip", item.allocation_id, _used(item), item) for item in addresses)
    yield from (("natgateway", item.id, item.state, item) for item in backend.nat_gateways.values())
    yield from (("vpc-endpoint", item.id, item.state, item) for item in backend.vpc_end_points.values())
    yield from (("vpc-flow-log", item.id, item.flow_log_status, item) for item in backend.flow_logs.values())
    for item in backend.route_tables.values():
        if not item.main_association_id and item.vpc_id not in default:
            yield "route-table", item.id, "available", item
    for groups in backend.groups.values():
        for group in groups.values():
            # One that AWS made counts from when somebody has marked it as his own.
            if group.name != "default" or backend.tags.get(group.id):
                yield "security-group", group.id, "available", group


def _used(address: Any) -> str:
    return "associated" if address.association_id else "free"


def _all_rds() -> Iterator[Item]:
    for backend in _each(rds_backends):
        for kind, resources in _rds(backend):
            for item in resources:
                status = getattr(item, "state", None) or getattr(item, "status", "available")
                tags = {tag["Key"]: tag["Value"] for tag in item.get_tags()}
                yield _item(f"rds:{kind}", item.resource_id, item.arn, tags, item, str(status))


def _rds(backend: Any) -> Iterator[tuple[str, list[Any]]]:
    yield "cluster", list(backend.clusters.values())
    yield "db", list(backend.databases.values())
    yield "subgrp", list(backend.subnet_groups.values())
    yield "cluster-pg", _own(backend.db_cluster_parameter_groups)
    yield "pg", _own(backend.db_parameter_groups)
    yield "cluster-snapshot", [item for item in backend.cluster_snapshots.values() if item.snapshot_type == "manual"]
    yield "cluster-endpoint", list(WORLD.of(backend).cluster_endpoints.values())
    yield "global-cluster", list(backend.global_clusters.values())
    yield "db-proxy", list(backend.db_proxies.values())
    yield "es", list(backend.event_subscriptions.values())


def _own(groups: Any) -> list[Any]:
    return [item for name, item in groups.items() if not name.startswith("default.")]


def _all_kms() -> Iterator[Item]:
    for backend in _each(kms_backends):
        for key in backend.keys.values():
            if any(alias.startswith("alias/aws/") for alias in key.aliases):
                continue
            tags = backend.tagger.get_tag_dict_for_resource(key.id)
            yield _item("kms:key", key.id, key.arn, tags, key, key.key_state)
            for name in key.aliases:
                arn = f"arn:{backend.partition}:kms:{backend.region_name}:{backend.account_id}:{name}"
                yield _item("kms:alias", name, arn, {}, {"target": key.id}, key.key_state)


def _all_iam() -> Iterator[Item]:
    for backend in _each(iam_backends):
        for role in backend.roles.values():
            yield _item("iam:role", role.name, role.arn, {tag["Key"]: tag["Value"] for tag in role.tags}, role)
            for arn in role.managed_policies:
                yield _item("iam:attachment", f"{role.name}/{arn}", f"{role.arn}/{arn}", {}, None)
            for name, document in role.policies.items():
                yield _item("iam:policy", f"{role.name}/{name}", f"{role.arn}/{name}", {}, {"document": document})


def _all_scaling() -> Iterator[Item]:
    for backend in _each(applicationautoscaling_backends):
        tags = WORLD.regions[Scope(backend.account_id, backend.region_name)].scalable_target_tags
        for targets in backend.targets.values():
            for item in targets.values():
                yield _item("application-autoscaling:target", item.resource_id, item.arn, tags.get(item.arn, {}), item)
        for policy in backend.policies.values():
            yield _item("application-autoscaling:policy", policy.policy_name, policy.policy_arn, {}, policy)


def _all_logs() -> Iterator[Item]:
    for backend in _each(logs_backends):
        for group in backend.groups.values():
            tags = backend.tagger.get_tag_dict_for_resource(group.arn)
            yield _item("logs:log-group", group.name, group.arn, tags, group)


def _all_sns() -> Iterator[Item]:
    for backend in _each(sns_backends):
        for topic in backend.topics.values():
            yield _item("sns:topic", topic.name, topic.arn, _tag_dict(topic), topic)
        for subscription in backend.subscriptions.values():
            yield _item("sns:subscription", subscription.arn, subscription.arn, {}, subscription)


def _tag_dict(topic: Any) -> dict[str, str]:
    return dict(getattr(topic, "_tags", None) or {})


def _all_alarms() -> Iterator[Item]:
    for backend in _each(cloudwatch_backends):
        composites = WORLD.of(backend).composite_alarms
        for name, alarm in {**backend.alarms, **composites}.items():
            arn = f"arn:{backend.partition}:cloudwatch:{backend.region_name}:{backend.account_id}:alarm:{name}"
            if not name.startswith("TargetTracking-"):
                yield _item("cloudwatch:alarm", name, arn, backend.tagger.get_tag_dict_for_resource(arn), alarm)


def _secrets() -> Iterator[Item]:
    for backend in _each(secretsmanager_backends):
        for secret in list(backend.secrets.values()):
            if not secret.name.startswith("rds!"):
                tags = {tag["Key"]: tag["Value"] for tag in secret.tags or []}
                yield _item("secretsmanager:secret", secret.name, secret.arn, tags, secret)


def _backups() -> Iterator[Item]:
    for backend in _each(backup_backends):
        for vault in backend.vaults.values():
            tags = backend.tagger.get_tag_dict_for_resource(vault.backup_vault_arn)
            yield _item("backup:backup-vault", vault.backup_vault_name, vault.backup_vault_arn, tags, vault)
        for plan in backend.plans.values():
            if plan.deletion_date is None:
                tags = backend.tagger.get_tag_dict_for_resource(plan.backup_plan_arn)
                yield _item("backup:backup-plan", plan.backup_plan_id, plan.backup_plan_arn, tags, plan)
        for name, selection in WORLD.of(backend).backup_selections.items():
            arn = f"arn:aws:backup:{backend.region_name}:{backend.account_id}:backup-selection:{name}"
            yield _item("backup:selection", name, arn, {}, dict(selection["BackupSelection"]))


_SOURCES = (
    _all_ec2,
    _all_rds,
    _all_kms,
    _all_iam,
    _all_scaling,
    _all_logs,
    _all_sns,
    _all_alarms,
    _secrets,
    _backups,
)
