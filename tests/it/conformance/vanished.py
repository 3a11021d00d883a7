"""Somebody deletes the database."""

for member in rds.describe_db_instances()["DBInstances"]:
    rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
rds.delete_db_cluster(DBClusterIdentifier="orders-dev", SkipFinalSnapshot=True)
