"""The clients of what follows: `aws(service)` makes one."""

services = "ec2 rds kms iam logs sns cloudwatch application-autoscaling"
ec2, rds, kms, iam, logs, sns, cw, aas = map(aws, services.split())
