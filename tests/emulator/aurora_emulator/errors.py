"""AWS's refusals by wire code.

The code on the wire is what a client can rely on; the names of generated SDK types differ from it in RDS.
"""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.ec2.exceptions import EC2ClientError
from moto.rds.exceptions import RDSClientError


def rds_error(code: str, message: str) -> RDSClientError:
    """A refusal of RDS; the HTTP status follows from the service model (400 or 404)."""
    return RDSClientError(code, message)


def ec2_error(code: str, message: str) -> EC2ClientError:
    """A refusal of EC2 (always HTTP 400)."""
    return EC2ClientError(code, message)


def json_error(code: str, message: str) -> JsonRESTError:
    """A refusal of a service with a JSON protocol (HTTP 400)."""
    return JsonRESTError(code, message)


def query_error(code: str, message: str) -> ServiceException:
    """A refusal of a service whose answers moto serializes from the model, such as CloudWatch."""
    return ServiceException(code, message)
