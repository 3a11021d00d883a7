"""The admin interface: speed, snapshots, inventory, failures."""

from __future__ import annotations

import socket
import urllib.error
from pathlib import Path
from typing import Any

import pytest
import stack

pytestmark = pytest.mark.gap


def test_snapshot_and_restore(aws: Any, emulator: Any, tmp_path: Path) -> None:
    """The whole state goes back: resources, states, tokens, what is scheduled."""
    net = stack.whole_cluster(aws)
    stack.gateway(aws, net.vpc)
    emulator.admin("speed", factor=1)
    made = stack.nat(aws, net, ClientToken="once", AllocationId=_address(aws))
    before = emulator.admin("inventory")
    file = tmp_path / "state"
    name = emulator.admin("snapshot", path=str(file))["id"]
    emulator.admin("speed", factor=0)
    aws("ec2").delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    aws("rds").delete_db_cluster(DBClusterIdentifier="orders", SkipFinalSnapshot=True)
    assert emulator.admin("inventory") != before
    emulator.admin("speed", factor=1)
    emulator.admin("restore", id=name)
    assert emulator.admin("inventory") == before
    emulator.reset()
    emulator.admin("restore", path=str(file))
    assert aws("ec2").describe_nat_gateways()["NatGateways"][0]["State"] == "available"
    assert stack.cluster_now(aws)["Status"] == "available"


def test_restore_in_a_process_that_was_never_used(aws: Any, emulator: Any, another: Any, tmp_path: Path) -> None:
    """All services come back, also those that the process has not been asked for yet."""
    stack.whole_cluster(aws)
    aws("sns").create_topic(Name="alarms")
    aws("logs").create_log_group(logGroupName="/aws/rds/cluster/orders/postgresql")
    file = tmp_path / "state"
    emulator.admin("snapshot", path=str(file))
    another.admin("restore", path=str(file))
    assert another.admin("inventory") == emulator.admin("inventory")


def test_portraits_of_one_stack_compare_equal(aws: Any, emulator: Any) -> None:
    """Ids, times and chance make no difference; an attribute does."""

    def life(cidr: str) -> Any:
        emulator.reset()
        vpc = aws("ec2").create_vpc(CidrBlock=cidr, TagSpecifications=stack.tag_spec("vpc"))["Vpc"]["VpcId"]
        aws("ec2").create_security_group(GroupName="db", Description="db", VpcId=vpc)
        stack.cluster(aws, Tags=stack.TAGS)
        return emulator.admin("portrait")

    first = life("10.7.0.0/16")
    assert len(first["resources"]) == 3
    assert life("10.7.0.0/16") == first
    assert life("10.8.0.0/16") != first


def _address(aws: Any) -> str:
    return aws("ec2").allocate_address(Domain="vpc")["AllocationId"]


def test_inventory_counts_everything(aws: Any, emulator: Any) -> None:
    """Type, id, ARN, tags and status of what somebody created, and nothing of AWS's own."""
    assert emulator.admin("inventory") == {"resources": []}
    aws("ec2").create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=stack.tag_spec("vpc"))
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    aws("kms").create_alias(AliasName="alias/orders", TargetKeyId=key)
    aws("sns").create_topic(Name="alarms", Tags=stack.TAGS)
    aws("logs").create_log_group(logGroupName="/aws/rds/cluster/orders/postgresql", tags={"owner": "tests"})
    stack.monitoring_role(aws)
    stack.cluster(aws, Tags=stack.TAGS)
    found = {item["type"]: item for item in emulator.admin("inventory")["resources"]}
    assert sorted(found) == [
        "ec2:vpc",
        "iam:attachment",
        "iam:role",
        "kms:alias",
        "kms:key",
        "logs:log-group",
        "rds:cluster",
        "sns:topic",
    ]
    tagged = {kind for kind, item in found.items() if item["tags"] == {"owner": "tests"}}
    assert tagged == {"ec2:vpc", "logs:log-group", "rds:cluster", "sns:topic"}


def test_failures_that_come_later(aws: Any, emulator: Any) -> None:
    """An instance that will end in a bad state, and a gateway that fails now."""
    net = stack.whole_cluster(aws)
    stack.cluster_now(aws)
    emulator.admin("fail", action="db-instance", name="orders-a", state="incompatible-parameters")
    stack.instance(aws)
    assert stack.instance_now(aws)["DBInstanceStatus"] == "incompatible-parameters"
    stack.gateway(aws, net.vpc)
    made = stack.nat(aws, net)["NatGatewayId"]
    emulator.admin("fail", action="nat-gateway", name=made, state="InternalError")
    found = aws("ec2").describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0]
    assert (found["State"], found["FailureCode"]) == ("failed", "InternalError")


def test_durations_can_be_changed(emulator: Any) -> None:
    """By name; an unknown name is refused."""
    assert emulator.admin("durations", **{"db-cluster.create": 2})["durations"]["db-cluster.create"] == 2
    with pytest.raises(urllib.error.HTTPError):
        emulator.admin("durations", **{"db-cluster.craete": 2})
    emulator.admin("durations", **{"db-cluster.create": 40})


def test_quotas_can_be_raised(aws: Any, emulator: Any) -> None:
    """All of them, so many times."""

    def most() -> int:
        quotas = aws("rds").describe_account_attributes()["AccountQuotas"]
        return next(int(quota["Max"]) for quota in quotas if quota["AccountQuotaName"] == "DBClusters")

    assert most() == 40
    emulator.admin("quotas", factor=10)
    assert most() == 400
    emulator.admin("quotas", factor=1)


def test_a_request_that_breaks_off_has_no_effect(aws: Any, emulator: Any) -> None:
    """Half a body is not half a resource."""
    host, port = emulator.url.removeprefix("http://").split(":")
    head = "POST /_admin/speed HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + b'{"factor": 7}')
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]
    assert emulator.admin("health")["speed"] == 0


def test_unknown_admin_call(emulator: Any) -> None:
    """404 for anything else."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        emulator.admin("nothing")
