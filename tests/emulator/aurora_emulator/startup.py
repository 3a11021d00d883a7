"""Imports moto's largest modules at half their cost; must come before anything that imports moto's EC2.

Two things that moto does while it is imported take a second together. It makes three boto3 sessions, each of which
reads botocore's list of regions, and it reads the properties and offerings of every EC2 instance type. The emulator
runs no instances; DescribeInstanceTypes is empty here.
"""

from __future__ import annotations

import functools
from typing import Any

import boto3
from moto.utilities import utils as moto_utils

_SKIPPED = ("ec2/resources/instance_types.json", "ec2/resources/instance_type_offerings/")


def import_ec2() -> None:
    """Import `moto.ec2` with one session for all look-ups of regions and without the instance types."""
    session, load = boto3.Session, moto_utils.load_resource

    def light(resource: str) -> Any:
        return {} if resource.startswith(_SKIPPED) else load(resource)

    boto3.Session = functools.cache(session)  # type: ignore[assignment,misc]
    moto_utils.load_resource = light
    try:
        import moto.ec2.models  # noqa: F401
    finally:
        boto3.Session = session  # type: ignore[misc]
        moto_utils.load_resource = load


import_ec2()
