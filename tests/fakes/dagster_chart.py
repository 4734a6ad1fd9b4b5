"""What Dagster's Helm chart makes of its values, as far as `deploy/kubernetes/dagster-values.yaml` uses it.

The chart itself is in no package index. This follows what its templates do, and knows no other value.
"""

import re
from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]


def instance_config(values: Values, release: str, namespace: str) -> dict[str, Any]:
    """Return the `dagster.yaml` of a release."""
    daemon = values["dagsterDaemon"]
    storage = {"config": {"postgres_db": _postgres(values["postgresql"])}}
    return {
        "scheduler": {"module": "dagster.core.scheduler", "class": "DagsterDaemonScheduler"},
        "run_storage": {"module": "dagster_postgres", "class": "PostgresRunStorage", **storage},
        "event_log_storage": {"module": "dagster_postgres", "class": "PostgresEventLogStorage", **storage},
        "schedule_storage": {"module": "dagster_postgres", "class": "PostgresScheduleStorage", **storage},
        "run_launcher": {
            "module": "dagster_k8s",
            "class": values["runLauncher"]["type"],
            "config": _launcher(values, release, namespace),
        },
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": daemon["runCoordinator"]["type"],
            "config": _snake(daemon["runCoordinator"]["config"]["queuedRunCoordinator"]),
        },
        "compute_logs": {
            "module": "dagster.core.storage.noop_compute_log_manager",
            "class": values["computeLogManager"]["type"],
        },
        "run_monitoring": _snake(daemon["runMonitoring"]),
        "sensors": _snake(daemon["sensors"]),
        "schedules": _snake(daemon["schedules"]),
        "concurrency": {
            "runs": {
                "max_concurrent_runs": values["concurrency"]["runs"]["maxConcurrentRuns"],
                "tag_concurrency_limits": values["concurrency"]["runs"]["tagConcurrencyLimits"],
            },
            "pools": _snake(values["concurrency"]["pools"]),
        },
        "retention": {
            kind: {"purge_after_days": values["retention"][kind]["purgeAfterDays"]}
            for kind in ("sensor", "schedule")
        },
        "telemetry": values["telemetry"],
        **values["additionalInstanceConfig"],
    }


def container_context(values: Values, deployment: Values, release: str, namespace: str) -> dict[str, Any]:
    """Return what runs of a code location inherit from its deployment."""
    maps = [f"{release}-{deployment['name']}-user-env", *(one["name"] for one in deployment["envConfigMaps"])]
    return {
        "k8s": {
            "image_pull_policy": deployment["image"]["pullPolicy"],
            "env_config_maps": maps,
            "volumes": deployment["volumes"],
            "volume_mounts": deployment["volumeMounts"],
            "resources": deployment["resources"],
            "namespace": namespace,
            "service_account_name": f"{release}-user-deployments",
            "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
        }
    }


def code_server_args(deployment: Values) -> list[str]:
    """Return the command of a code location."""
    port = str(deployment["port"])
    return ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", port, *deployment["dagsterApiGrpcArgs"]]  # noqa: S104


def image(one: Values) -> str:
    """Return the name of an image."""
    return f"{one['repository']}:{one['tag']}"


def _postgres(postgresql: Values) -> dict[str, Any]:
    return {
        "username": postgresql["postgresqlUsername"],
        "password": {"env": "DAGSTER_PG_PASSWORD"},
        "hostname": postgresql["postgresqlHost"],
        "db_name": postgresql["postgresqlDatabase"],
        "port": postgresql["service"]["port"],
        "params": postgresql["postgresqlParams"],
        "scheme": postgresql["postgresqlScheme"],
    }


def _launcher(values: Values, release: str, namespace: str) -> dict[str, Any]:
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    return {
        "load_incluster_config": launcher["loadInclusterConfig"],
        "job_namespace": namespace,
        "image_pull_policy": launcher["imagePullPolicy"],
        "service_account_name": release,
        "dagster_home": values["global"]["dagsterHome"],
        "instance_config_map": f"{release}-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        "security_context": launcher["securityContext"],
        "run_k8s_config": _snake(launcher["runK8sConfig"]),
    }


def _snake(values: Values) -> dict[str, Any]:
    """Return the values with the outermost names as Dagster spells them."""
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): one for name, one in values.items()}
