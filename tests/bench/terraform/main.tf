# The production stack (stacks/prod.toml) for Terraform, resource by resource, for `make bench`.
# The internet gateway and its attachment are one resource here: Terraform counts 69.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  description = "Where AWS is played"
  type        = string
}

locals {
  region = "us-east-1"
  zones  = ["us-east-1a", "us-east-1b", "us-east-1c"]
  tags = {
    Application = "orders"
    Owner       = "payments"
    CostCenter  = "4711"
    Environment = "prod"
    ManagedBy   = "terraform"
  }
}

provider "aws" {
  region                      = local.region
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  default_tags { tags = local.tags }
  endpoints {
    applicationautoscaling = var.endpoint
    backup                 = var.endpoint
    cloudwatch             = var.endpoint
    ec2                    = var.endpoint
    iam                    = var.endpoint
    kms                    = var.endpoint
    logs                   = var.endpoint
    rds                    = var.endpoint
    sns                    = var.endpoint
    sts                    = var.endpoint
  }
}

# Network.

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "private" {
  count             = 3
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 4, count.index)
  availability_zone = local.zones[count.index]
}

resource "aws_subnet" "public" {
  count                   = 3
  vpc_id                  = aws_vpc.main.id
  cidr_block              = cidrsubnet("10.0.0.0/16", 4, 8 + count.index)
  availability_zone       = local.zones[count.index]
  map_public_ip_on_launch = true
}

resource "aws_eip" "nat" {
  count  = 3
  domain = "vpc"
}

resource "aws_nat_gateway" "main" {
  count         = 3
  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[count.index].id
  depends_on    = [aws_internet_gateway.main]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table" "private" {
  count  = 3
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route" "private" {
  count                  = 3
  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main[count.index].id
}

resource "aws_route_table_association" "public" {
  count          = 3
  route_table_id = aws_route_table.public.id
  subnet_id      = aws_subnet.public[count.index].id
}

resource "aws_route_table_association" "private" {
  count          = 3
  route_table_id = aws_route_table.private[count.index].id
  subnet_id      = aws_subnet.private[count.index].id
}

resource "aws_security_group" "this" {
  for_each    = toset(["db", "app", "endpoints"])
  name        = "orders-${each.key}"
  description = each.key
  vpc_id      = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "db_from_app" {
  security_group_id            = aws_security_group.this["db"].id
  referenced_security_group_id = aws_security_group.this["app"].id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "db_from_office" {
  security_group_id = aws_security_group.this["db"].id
  cidr_ipv4         = "10.20.0.0/16"
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_vpc" {
  security_group_id = aws_security_group.this["endpoints"].id
  cidr_ipv4         = "10.0.0.0/16"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "app_to_db" {
  security_group_id            = aws_security_group.this["app"].id
  referenced_security_group_id = aws_security_group.this["db"].id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id
}

resource "aws_vpc_endpoint" "interface" {
  for_each            = toset(["secretsmanager", "logs"])
  vpc_id              = aws_vpc.main.id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.this["endpoints"].id]
}

# Encryption.

resource "aws_kms_key" "main" {
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "main" {
  name          = "alias/orders"
  target_key_id = aws_kms_key.main.id
}

# Monitoring role.

resource "aws_iam_role" "monitoring" {
  name = "orders-monitoring"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

# Who talked to whom.

resource "aws_default_security_group" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_cloudwatch_log_group" "flow_logs" {
  name              = "/aws/vpc/flow-logs/orders"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_iam_role" "flow_logs" {
  name = "orders-flow-logs"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "flow_logs" {
  role = aws_iam_role.flow_logs.name
  name = "flow-logs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.flow_logs.arn}:*"
    }]
  })
}

resource "aws_flow_log" "main" {
  vpc_id          = aws_vpc.main.id
  traffic_type    = "ALL"
  log_destination = aws_cloudwatch_log_group.flow_logs.arn
  iam_role_arn    = aws_iam_role.flow_logs.arn
  depends_on      = [aws_iam_role_policy.flow_logs]
}

# Backups that outlive the cluster.

resource "aws_backup_vault" "main" {
  name        = "orders-backups"
  kms_key_arn = aws_kms_key.main.arn
}

resource "aws_backup_plan" "main" {
  name = "orders"
  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 2 ? * * *)"
    lifecycle {
      delete_after = 35
    }
  }
}

resource "aws_iam_role" "backup" {
  name = "orders-backup"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "backup" {
  role       = aws_iam_role.backup.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}

resource "aws_backup_selection" "main" {
  name         = "orders"
  plan_id      = aws_backup_plan.main.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = [aws_rds_cluster.main.arn]
  depends_on   = [aws_iam_role_policy_attachment.backup]
}

# The cluster.

resource "aws_db_subnet_group" "main" {
  name       = "orders"
  subnet_ids = aws_subnet.private[*].id
}

resource "aws_rds_cluster_parameter_group" "main" {
  name   = "orders"
  family = "aurora-postgresql16"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_statement"
    value = "ddl"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }
}

resource "aws_db_parameter_group" "main" {
  name   = "orders"
  family = "aurora-postgresql16"
  parameter {
    name  = "log_lock_waits"
    value = "1"
  }
  parameter {
    name  = "idle_in_transaction_session_timeout"
    value = "600000"
  }
}

resource "aws_rds_cluster" "main" {
  cluster_identifier                  = "orders"
  engine                              = "aurora-postgresql"
  engine_version                      = "16.11"
  database_name                       = "orders"
  master_username                     = "postgres"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = aws_kms_key.main.arn
  db_subnet_group_name                = aws_db_subnet_group.main.name
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.main.name
  vpc_security_group_ids              = [aws_security_group.this["db"].id]
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.main.arn
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["postgresql"]
  backup_retention_period             = 30
  preferred_backup_window             = "03:00-04:00"
  preferred_maintenance_window        = "sun:04:30-sun:05:30"
  copy_tags_to_snapshot               = true
  skip_final_snapshot                 = true
}

# `depends_on` makes the writer the writer: Terraform would make all three at once, and AWS would choose.
resource "aws_rds_cluster_instance" "writer" {
  identifier                   = "orders-a"
  cluster_identifier           = aws_rds_cluster.main.id
  engine                       = "aurora-postgresql"
  instance_class               = "db.r7g.large"
  availability_zone            = local.zones[0]
  promotion_tier               = 0
  db_parameter_group_name      = aws_db_parameter_group.main.name
  monitoring_interval          = 60
  monitoring_role_arn          = aws_iam_role.monitoring.arn
  performance_insights_enabled = true
}

resource "aws_rds_cluster_instance" "reader" {
  count                        = 2
  identifier                   = "orders-${["b", "c"][count.index]}"
  cluster_identifier           = aws_rds_cluster.main.id
  engine                       = "aurora-postgresql"
  instance_class               = "db.r7g.large"
  availability_zone            = local.zones[count.index + 1]
  promotion_tier               = count.index + 1
  db_parameter_group_name      = aws_db_parameter_group.main.name
  monitoring_interval          = 60
  monitoring_role_arn          = aws_iam_role.monitoring.arn
  performance_insights_enabled = true
  depends_on                   = [aws_rds_cluster_instance.writer]
}

resource "aws_appautoscaling_target" "readers" {
  service_namespace  = "rds"
  resource_id        = "cluster:${aws_rds_cluster.main.id}"
  scalable_dimension = "rds:cluster:ReadReplicaCount"
  min_capacity       = 2
  max_capacity       = 6
}

resource "aws_appautoscaling_policy" "readers" {
  name               = "orders-readers"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.readers.service_namespace
  resource_id        = aws_appautoscaling_target.readers.resource_id
  scalable_dimension = aws_appautoscaling_target.readers.scalable_dimension
  target_tracking_scaling_policy_configuration {
    target_value = 70
    predefined_metric_specification {
      predefined_metric_type = "RDSReaderAverageCPUUtilization"
    }
  }
}

# Alarms.

resource "aws_sns_topic" "alarms" {
  name              = "orders-alarms"
  kms_master_key_id = aws_kms_key.main.id
}

resource "aws_sns_topic_subscription" "dba" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "dba@example.com"
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    CPUUtilization      = { over = true, threshold = 80 }
    FreeableMemory      = { over = false, threshold = 1717986918 }
    DatabaseConnections = { over = true, threshold = 1300 }
    AuroraReplicaLag    = { over = true, threshold = 1000 }
    FreeLocalStorage    = { over = false, threshold = 4294967296 }
    Deadlocks           = { over = true, threshold = 0.1 }
  }
  alarm_name          = "orders-${each.key}"
  namespace           = "AWS/RDS"
  metric_name         = each.key
  dimensions          = { DBClusterIdentifier = aws_rds_cluster.main.cluster_identifier }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = each.value.over ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.threshold
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
