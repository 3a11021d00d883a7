"""Database proxies: creating, available, deleting, and unknown names."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.exceptions import DBProxyNotFoundFault
from moto.rds.models import RDSBackend, rds_backends

from .clock import TIMELINE, action
from .durations import seconds
from .errors import rds_error
from .extend import around

Target = tuple[str, str, str]


def _target(proxy: Any) -> Target:
    return (proxy.account_id, proxy.region, proxy.unique_id)


@around(RDSBackend, "create_db_proxy")
def _create(original: Any, self: Any, **kwargs: Any) -> Any:
    proxy = original(self, **kwargs)
    ec2 = ec2_backends[self.account_id][self.region_name]
    if len({ec2.get_subnet(name).availability_zone for name in proxy.vpc_subnet_ids}) < 2:
        self.db_proxies.pop(proxy.db_proxy_name)
        raise rds_error("InvalidSubnet", "A DB proxy needs subnets in at least two Availability Zones.")
    proxy.status = "creating"
    TIMELINE.schedule(seconds("db-proxy.create"), "proxy-settles", _target(proxy), "creating")
    return proxy


def _named(backend: Any, name: str) -> Any:
    proxy = backend.db_proxies.get(name)
    if proxy is None:
        raise DBProxyNotFoundFault(name)
    return proxy


@around(RDSBackend, "delete_db_proxy")
def _delete(_original: Any, self: Any, proxy_name: str) -> Any:
    proxy = _named(self, proxy_name)
    if proxy.status == "deleting":
        raise rds_error("InvalidDBProxyStateFault", f"DB proxy {proxy_name} is being deleted.")
    TIMELINE.cancel(_target(proxy))
    proxy.status = "deleting"
    TIMELINE.schedule(seconds("db-proxy.delete"), "proxy-settles", _target(proxy), "deleting")
    return proxy


@around(RDSBackend, "register_db_proxy_targets")
def _register(original: Any, self: Any, db_proxy_name: str, *args: Any, **kwargs: Any) -> Any:
    proxy = _named(self, db_proxy_name)
    if proxy.status != "available":
        raise rds_error("InvalidDBProxyStateFault", f"DB proxy {db_proxy_name} is {proxy.status}.")
    return original(self, db_proxy_name, *args, **kwargs)


@around(RDSBackend, "describe_db_proxy_targets", "describe_db_proxy_target_groups")
def _describe(original: Any, self: Any, proxy_name: str) -> Any:
    _named(self, proxy_name)
    return original(self, proxy_name)


@action("proxy-settles")
def _settles(target: Target, state: str) -> None:
    proxies = rds_backends[target[0]][target[1]].db_proxies
    proxy = next((item for item in proxies.values() if item.unique_id == target[2]), None)
    if proxy is None or proxy.status != state:
        return
    if state == "deleting":
        del proxies[proxy.db_proxy_name]
    else:
        proxy.status = "available"
