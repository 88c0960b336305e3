"""The resource of a database or a storage operator is deleted.

What happens: the operator deletes what it made for the resource: the pods, and with most operators
the claims with the data. A deleted VolumeSnapshot takes its backup with it where the class says
Delete.

Why: the chart no longer renders the resource, or renders it under another name.

What to do instead: keep the name, or annotate the live resource with helm.sh/resource-policy: keep
before the upgrade; take a backup first in any case.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.model import Category, Confidence, Deleted, Fix, ResourceId, Severity, Violation

HOLDS_DATA = {
    "acid.zalan.do": ("postgresql",),
    "cassandra.datastax.com": ("CassandraDatacenter",),
    "ceph.rook.io": ("CephBlockPool", "CephCluster", "CephFilesystem", "CephObjectStore"),
    "clickhouse.altinity.com": ("ClickHouseInstallation",),
    "crdb.cockroachlabs.com": ("CrdbCluster",),
    "databases.spotahome.com": ("RedisFailover",),
    "elasticsearch.k8s.elastic.co": ("Elasticsearch",),
    "jetstream.nats.io": ("KeyValue", "ObjectStore", "Stream"),
    "k8s.mariadb.com": ("Database", "MariaDB"),
    "k8ssandra.io": ("K8ssandraCluster",),
    "kafka.strimzi.io": ("Kafka", "KafkaNodePool", "KafkaTopic"),
    "longhorn.io": ("Volume",),
    "mariadb.mmontes.io": ("Database", "MariaDB"),
    "minio.min.io": ("Tenant",),
    "mongodb.com": ("MongoDB", "MongoDBOpsManager"),
    "mongodbcommunity.mongodb.com": ("MongoDBCommunity",),
    "moco.cybozu.com": ("MySQLCluster",),
    "mysql.oracle.com": ("InnoDBCluster",),
    "mysql.presslabs.org": ("MysqlCluster", "MysqlDatabase"),
    "opensearch.opster.io": ("OpenSearchCluster",),
    "pgv2.percona.com": ("PerconaPGCluster",),
    "pingcap.com": ("TidbCluster",),
    "planetscale.com": ("VitessCluster",),
    "postgres-operator.crunchydata.com": ("PostgresCluster",),
    "postgresql.cnpg.io": ("Cluster", "Database"),
    "ps.percona.com": ("PerconaServerMySQL",),
    "psmdb.percona.com": ("PerconaServerMongoDB",),
    "pxc.percona.com": ("PerconaXtraDBCluster",),
    "rabbitmq.com": ("Queue", "RabbitmqCluster", "Vhost"),
    "redis.redis.opstreelabs.in": ("Redis", "RedisCluster", "RedisReplication"),
    "scylla.scylladb.com": ("ScyllaCluster",),
    "snapshot.storage.k8s.io": ("VolumeSnapshot", "VolumeSnapshotContent"),
    "solr.apache.org": ("SolrCloud",),
    "sql.cnrm.cloud.google.com": ("SQLDatabase", "SQLInstance"),
    "storage.cnrm.cloud.google.com": ("StorageBucket",),
    "zookeeper.pravega.io": ("ZookeeperCluster",),
}
"""Kinds whose deletion deletes data, from the documentation of their operators, by API group."""

ANY_KIND = (
    "kubedb.com",
    "rds.services.k8s.aws",
    "dynamodb.services.k8s.aws",
    "s3.services.k8s.aws",
)
"""Groups in which every kind is a database or a bucket."""


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(change: Deleted, context: Context) -> Iterator[Violation]:
    """A custom resource of the table goes, without a keep policy."""
    if not _holds_data(change.id) or is_kept(change.before):
        return
    yield Violation(
        message=f"this upgrade deletes {change.id}, and its operator the data behind it",
        because="Helm deletes what a release no longer renders, "
        "and the operator what it made for it",
        fixes=(
            Fix(
                "keep it",
                steps=(
                    f"kubectl annotate {named(change.id)} {KEEP}=keep",
                    "run the upgrade; it stays, without an owner",
                ),
                cost="none: it stays until somebody deletes it",
            ),
        ),
    )


def _holds_data(resource: ResourceId) -> bool:
    if resource.group.endswith(ANY_KIND):
        return True
    return resource.kind in HOLDS_DATA.get(resource.group, ())
