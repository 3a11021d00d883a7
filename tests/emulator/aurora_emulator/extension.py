"""Everything that changes moto, imported in the order in which it must take effect."""

from __future__ import annotations

from importlib import import_module

from . import rds_models

_MODULES = (
    "frugal",
    "rds_lifecycle",
    "rds_clusters",
    "rds_instances",
    "rds_groups",
    "rds_parameters",
    "rds_missing",
    "rds_endpoints",
    "rds_global",
    "rds_proxies",
    "rds_backups",
    "ec2_tags",
    "ec2_nat",
    "ec2_endpoints",
    "ec2_rules",
    "ec2_dependencies",
    "ec2_tokens",
    "ec2_flow_logs",
    "iam",
    "kms",
    "logs",
    "autoscaling",
    "cloudwatch",
    "sns",
    "backup",
    "tagging",
    "consistency",
    "missing_services",
    "s3",
)


def load() -> None:
    """Install the extension; calling it twice changes nothing, as modules are imported once."""
    rds_models.install()
    for name in _MODULES:
        import_module(f".{name}", __package__)
