"""The clients of what follows: `aws(service)` makes one."""

services = "ec2 rds kms iam logs sns cloudwatch application-autoscaling backup"
ec2, rds, kms, iam, logs, sns, cw, aas, backup = map(aws, services.split())


def role(name):
    """The name of a role of the stack."""
    return next(r["RoleName"] for r in iam.list_roles()["Roles"] if f"-{name}-" in r["RoleName"])


