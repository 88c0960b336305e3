"""Databases by their images: which one it is, its version, and which jumps between versions its
files on a kept volume do not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.kubernetes.api import images
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.volumes import lasting_mounts
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Resource, ResourceId
from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern

Version = tuple[int, ...]


class Engine(Struct, frozen=True):
    """One database: how its images are called, and what its data directory takes.

    `series` is the number of version parts that make a major version. With `steps` the releases
    must be passed one by one in this order. Where `in_place` is False no jump of a major version is
    taken as it is; `needs` is what a jump needs, "" for nothing but a backup.
    """

    name: str
    images: tuple[str, ...]
    in_place: bool
    needs: str
    source: str
    series: int = 1
    steps: tuple[Version, ...] = ()
    alike: tuple[Version, ...] = ()
    """Major versions that write the same files."""
    password_on_volume: bool = False


ENGINES = (
    Engine(
        "PostgreSQL",
        ("postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "pgvector"),
        in_place=False,
        needs="pg_upgrade, or a dump of the old server that the new one restores",
        source="postgresql.org/docs/current/upgrading.html",
        password_on_volume=True,
    ),
    Engine(
        "MySQL",
        ("mysql", "mysql-server", "percona", "percona-server"),
        in_place=True,
        needs="one series after the other: 5.7, 8.0, 8.4, 9",
        source="dev.mysql.com/doc/refman/8.4/en/upgrade-paths.html",
        series=2,
        steps=((5, 6), (5, 7), (8, 0), (8, 4), (9,)),
        password_on_volume=True,
    ),
    Engine(
        "MariaDB",
        ("mariadb", "mariadb-galera"),
        in_place=True,
        needs="mariadb-upgrade after the start (MARIADB_AUTO_UPGRADE=1)",
        source="mariadb.com/kb/en/upgrading-between-major-mariadb-versions",
        password_on_volume=True,
    ),
    Engine(
        "MongoDB",
        ("mongo", "mongodb", "mongodb-community-server", "percona-server-mongodb"),
        in_place=True,
        needs="each major version in turn, with setFeatureCompatibilityVersion after each",
        source="mongodb.com/docs/manual/release-notes/8.0-upgrade-replica-set",
        steps=tuple((number,) for number in range(3, 10)),
        password_on_volume=True,
    ),
    Engine(
        "Elasticsearch",
        ("elasticsearch", "elasticsearch-oss"),
        in_place=True,
        needs="the last minor of the old major version first (7.17 before 8, 8.19 before 9)",
        source="elastic.co/docs/deploy-manage/upgrade/prepare-to-upgrade",
        steps=tuple((number,) for number in range(5, 12)),
    ),
    Engine(
        "OpenSearch",
        ("opensearch",),
        in_place=True,
        needs="indices of the version before the old one reindexed",
        source="docs.opensearch.org/latest/install-and-configure/upgrade-opensearch",
        steps=((1,), (2,), (3,), (4,)),
    ),
    Engine(
        "Kafka",
        ("kafka", "cp-kafka", "cp-server"),
        in_place=True,
        needs="3.9 in KRaft mode before 4: ZooKeeper is gone there",
        source="kafka.apache.org/40/documentation.html#upgrade",
        steps=((1,), (2,), (3,), (4,)),
    ),
    Engine(
        "RabbitMQ",
        ("rabbitmq",),
        in_place=True,
        needs="3.13 with all stable feature flags enabled before 4",
        source="rabbitmq.com/docs/upgrade",
        steps=((3,), (4,), (5,)),
        password_on_volume=True,
    ),
    Engine(
        "Cassandra",
        ("cassandra", "dse-server"),
        in_place=True,
        needs="nodetool upgradesstables before each major version",
        source="cassandra.apache.org/doc/latest/cassandra/managing/operating",
        steps=((2,), (3,), (4,), (5,), (6,)),
    ),
    Engine(
        "InfluxDB",
        ("influxdb", "influxdb2"),
        in_place=False,
        needs="influxd upgrade, or an export that the new server imports",
        source="docs.influxdata.com/influxdb/v2/install/upgrade",
        password_on_volume=True,
    ),
    Engine(
        "Neo4j",
        ("neo4j",),
        in_place=False,
        needs="neo4j-admin database migrate",
        source="neo4j.com/docs/upgrade-migration-guide",
        password_on_volume=True,
    ),
    Engine(
        "Redis",
        ("redis", "redis-stack-server"),
        in_place=True,
        needs="",
        source="redis.io/docs/latest/operate/oss_and_stack/management/persistence",
        alike=((5,), (6,)),
    ),
    Engine(
        "Valkey",
        ("valkey",),
        in_place=True,
        needs="",
        source="valkey.io/topics/persistence",
        alike=((7,), (8,)),
    ),
)
_BY_IMAGE: Mapping[str, Engine] = {image: engine for engine in ENGINES for image in engine.images}

_PG_TAG = pattern(r"pg(\d{1,2})(?:[.\-]|$)")
"""How images that carry another product's version name PostgreSQL's: `2.15.2-pg16`."""
_TAG = pattern(r"v?(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?![\d])")


class Managed(Struct, frozen=True):
    """A custom resource of which an operator makes a database: its engine, and the field that names
    its image or version."""

    engine: str
    field: tuple[str, ...]


MANAGED: Mapping[tuple[str, str], Managed] = {
    ("postgresql.cnpg.io", "Cluster"): Managed("PostgreSQL", ("spec", "imageName")),
    ("acid.zalan.do", "postgresql"): Managed("PostgreSQL", ("spec", "postgresql", "version")),
    ("postgres-operator.crunchydata.com", "PostgresCluster"): Managed(
        "PostgreSQL", ("spec", "postgresVersion")
    ),
    ("kafka.strimzi.io", "Kafka"): Managed("Kafka", ("spec", "kafka", "version")),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): Managed(
        "Elasticsearch", ("spec", "version")
    ),
    ("opensearch.opster.io", "OpenSearchCluster"): Managed(
        "OpenSearch", ("spec", "general", "version")
    ),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"): Managed("MongoDB", ("spec", "version")),
    ("psmdb.percona.com", "PerconaServerMongoDB"): Managed("MongoDB", ("spec", "image")),
    ("pxc.percona.com", "PerconaXtraDBCluster"): Managed("MySQL", ("spec", "pxc", "image")),
    ("k8s.mariadb.com", "MariaDB"): Managed("MariaDB", ("spec", "image")),
    ("rabbitmq.com", "RabbitmqCluster"): Managed("RabbitMQ", ("spec", "image")),
    ("cassandra.datastax.com", "CassandraDatacenter"): Managed(
        "Cassandra", ("spec", "serverVersion")
    ),
}
"""By (group, kind); the fields are those of the definitions that the operators publish."""

HOLDS_DATA: Mapping[str, tuple[str, ...]] = {
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

DATA_DIRECTORIES: Mapping[str, str] = {
    "PGDATA": "/var/lib/postgresql/data",
    "POSTGRESQL_DATA_DIR": "/bitnami/postgresql/data",
    "MYSQL_DATA_DIR": "/bitnami/mysql/data",
    "MARIADB_DATA_DIR": "/bitnami/mariadb/data",
    "MONGODB_DATA_DIR": "/bitnami/mongodb/data",
    "RABBITMQ_MNESIA_BASE": "/var/lib/rabbitmq/mnesia",
    "KAFKA_LOG_DIRS": "",
    "KAFKA_CFG_LOG_DIRS": "",
}
"""Variables that name the directory of the files, with the image's own default ("" where it has
none)."""


class Database(Struct, frozen=True):
    """A database container with a claim, or an operator's database: its engine, its version, the
    image (or the text that names the version) and its pointer."""

    engine: Engine
    version: Version
    image: str
    path: str
    container: str
    managed: bool = False
    """Whether an operator runs it."""


def holds_data(identity: ResourceId) -> bool:
    """Whether the deletion of an operator's object deletes data."""
    if identity.group.endswith(ANY_KIND):
        return True
    return identity.kind in HOLDS_DATA.get(identity.group, ())


def databases(resource: Resource) -> Iterator[Database]:
    """The database containers of a workload that keep their files on a claim; those whose image
    names no version have an empty one."""
    managed = MANAGED.get((resource.id.group, resource.id.kind))
    if managed is not None:
        yield from _managed(resource, managed)
        return
    template = pod_template(resource)
    if template:
        keeping = {mount.container for mount in lasting_mounts(resource)}
    else:
        keeping = set()
    for path, container in containers(template or {}):
        image = container.get("image")
        name = container.get("name")
        if not isinstance(name, str) or name not in keeping or not isinstance(image, str):
            continue
        engine = engine_of(image)
        if engine is not None:
            pointer = f"{template_path(resource.id.kind)}{path}/image"
            yield Database(engine, version_of(image), image, pointer, name)


def _managed(resource: Resource, managed: Managed) -> Iterator[Database]:
    named = at(resource.body, *managed.field)
    if not isinstance(named, (str, int, float)):
        return
    text = str(named)
    engine = next(engine for engine in ENGINES if engine.name == managed.engine)
    version = version_of(text if "/" in text or ":" in text else f"{engine.name}:{text}")
    pointer = "".join(f"/{step}" for step in managed.field)
    yield Database(engine, version, text, pointer, "", managed=True)


def engine_of(image: str) -> Engine | None:
    """The database that an image holds, by the last part of its name."""
    return _BY_IMAGE.get(images.repository(image).rpartition("/")[2])


def version_of(image: str) -> Version:
    """The numbers of an image's tag, () where it has none."""
    name, tag = images.repository(image), images.tag(image)
    if "timescale" in name or "vector" in name:
        named = _PG_TAG.search(tag)
    else:
        named = None
    if named:
        return (whole_or(named[1], 0),)
    match = _TAG.match(tag)
    if match:
        return tuple(whole_or(part, 0) for part in match.groups() if part is not None)
    return ()


def series(engine: Engine, version: Version) -> Version:
    """The major version: PostgreSQL counted two parts before 10, MySQL before 9."""
    if engine.name == "PostgreSQL" and version[0] < 10:
        return version[:2]
    if engine.series == 2 and version[0] < 9:
        return version[:2]
    return version[:1]


def skips(engine: Engine, before: Version, after: Version) -> bool:
    """Whether a jump up leaves out a release that must be passed."""
    if before not in engine.steps or after not in engine.steps:
        return False
    return engine.steps.index(after) - engine.steps.index(before) > 1
