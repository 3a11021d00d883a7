"""How long things take on AWS, in seconds.

Measured figures come from public logs of real applies (cluster 32-43 s, first instance 358-393 s, further instances
about 266 s after the first one is up, NAT gateway 95-125 s to create and 53-62 s to delete). The others are typical
values that no log confirms; tests depend on their order of magnitude only.
"""

from __future__ import annotations

DEFAULTS: dict[str, float] = {
    "db-cluster.create": 40.0,
    "db-cluster.modify": 30.0,
    "db-cluster.upgrade": 600.0,
    "db-cluster.snapshot": 60.0,
    "db-cluster.failover": 30.0,
    "db-cluster.delete": 60.0,
    "db-cluster.start": 300.0,
    "db-cluster.stop": 300.0,
    "db-cluster.restore": 900.0,
    "db-cluster.secret": 30.0,
    "db-instance.create-first": 370.0,
    "db-instance.create-next": 270.0,
    "db-instance.modify": 60.0,
    "db-instance.scale": 300.0,
    "db-instance.reboot": 30.0,
    "db-instance.delete": 240.0,
    "db-instance.mark": 20.0,
    "db-cluster-endpoint.create": 30.0,
    "db-cluster-endpoint.modify": 30.0,
    "db-cluster-endpoint.delete": 30.0,
    "db-proxy.create": 480.0,
    "db-proxy.modify": 60.0,
    "db-proxy.delete": 480.0,
    "global-cluster.modify": 30.0,
    "nat-gateway.create": 110.0,
    "nat-gateway.delete": 57.0,
    "nat-gateway.tombstone": 3600.0,
    "vpc-endpoint.create-interface": 75.0,
    "vpc-endpoint.create-gateway": 5.0,
    "vpc-endpoint.delete-interface": 75.0,
    "vpc-endpoint.delete-gateway": 5.0,
    "vpc-endpoint.tombstone": 10.0,
}

_current = dict(DEFAULTS)


def seconds(name: str) -> float:
    """The duration of one kind of work."""
    return _current[name]


def override(values: dict[str, float]) -> dict[str, float]:
    """Replace some durations; an unknown name is an error, so that a typing mistake does not pass silently."""
    unknown = sorted(set(values) - set(DEFAULTS))
    if unknown:
        raise KeyError(f"unknown durations: {', '.join(unknown)}")
    _current.update({name: float(value) for name, value in values.items()})
    return dict(_current)


def reset() -> None:
    """Back to the table."""
    _current.clear()
    _current.update(DEFAULTS)
