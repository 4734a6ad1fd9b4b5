"""The values for Dagster's chart make an instance that Dagster accepts, and pods as careful as all others."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._cli.api import grpc_command
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster_k8s import K8sRunLauncher
from dagster_postgres.utils import pg_url_from_config
from kubernetes.client import ApiClient, V1Job
from sqlalchemy import make_url

from hypersight_core.settings import Settings
from hypersight_core.version import VERSION
from hypersight_pipelines.__main__ import ROOT, _what_is_served
from hypersight_pipelines.defs.watchers.pods import POD_LAUNCH_GRACE_S, WatcherPods
from hypersight_pipelines.defs.watchers.sensors import request
from hypersight_pipelines.instance import storage_url
from hypersight_pipelines.location import build_defs
from tests.fakes import dagster_chart
from tests.unit.test_kubernetes import SERVICES, SETTINGS, pod

# Dagster warns about a parameter of its own that nobody here passes.
pytestmark = pytest.mark.filterwarnings("ignore:Parameter .owners. of initializer .SensorDefinition")

VALUES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/kubernetes/dagster-values.yaml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/dagster.yaml").read_text())
INSTANCE = dagster_chart.instance_config(VALUES, "dagster", "hypersight")
LOCATIONS = {one["name"]: one for one in VALUES["dagster-user-deployments"]["deployments"]}
IMAGE = f"registry.example/hypersight:{VERSION}"
PARTS = {name: VALUES[name] for name in ("dagsterWebserver", "dagsterDaemon")} | LOCATIONS
KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {}}],
}  # fmt: skip


class Cluster:
    """Remembers the jobs it is asked for, as Kubernetes would."""

    def __init__(self) -> None:
        self.jobs: list[V1Job] = []

    def create_namespaced_job(self, body: V1Job, namespace: str, _request_timeout: int) -> None:
        assert namespace == "hypersight"
        self.jobs.append(body)


def launched(tmp_path: Path, location: str, job: str, asked: dg.RunRequest) -> dict[str, Any]:
    """Launch a run as the daemon would, and return the job that Kubernetes is asked for."""
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(KUBECONFIG))
    outside = {"load_incluster_config": False, "kubeconfig_file": str(tmp_path / "kubeconfig")}
    cluster = Cluster()
    config = INSTANCE["run_launcher"]["config"] | outside
    launcher = K8sRunLauncher(**config, k8s_client_batch_api=cluster, k8s_client_core_api=SimpleNamespace())
    context = dagster_chart.container_context(VALUES, LOCATIONS[location], "dagster", "hypersight")
    pointer = ModuleCodePointer("hypersight_pipelines.definitions", "defs", None)
    repository = RepositoryPythonOrigin(sys.executable, pointer, IMAGE, ["dagster"], context)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        launcher.register_instance(instance)
        run = instance.create_run_for_job(
            build_defs(Settings()).resolve_job_def(job),
            tags=dict(asked.tags),
            run_config=asked.run_config,
            job_code_origin=JobPythonOrigin(job, repository),
        )
        launcher.launch_run(LaunchRunContext(run, None))
    [made] = cluster.jobs
    found: dict[str, Any] = ApiClient().sanitize_for_serialization(made)
    return found


@pytest.fixture
def watcher(tmp_path):
    pods = WatcherPods.parsed(SETTINGS["HYPERSIGHT_WATCHER_PODS"])
    return launched(tmp_path, "pipelines", "watch_camera", request(3, "gate", "", pods))


def test_dagster_accepts_the_instance(tmp_path):
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(INSTANCE))
    launcher = InstanceRef.from_dir(str(tmp_path)).run_launcher_data
    assert launcher is not None
    assert launcher.class_name == "K8sRunLauncher"


def test_a_value_dagster_does_not_know_is_refused(tmp_path):
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(INSTANCE | {"run_monitoring": {"enable": True}}))
    with pytest.raises(dg.DagsterInvalidConfigError):
        InstanceRef.from_dir(str(tmp_path))


@pytest.mark.parametrize(
    "section", ["run_coordinator", "concurrency", "sensors", "schedules", "compute_logs", "telemetry", "nux"]
)
def test_queue_sensors_and_logs_are_as_in_compose(section):
    assert INSTANCE[section] == COMPOSE[section]


def test_runs_are_watched_as_in_compose_but_for_what_pods_take():
    ours = {"poll_interval_seconds": 30, "start_timeout_seconds": 600, "cancel_timeout_seconds": 60}
    assert INSTANCE["run_monitoring"] == COMPOSE["run_monitoring"] | ours
    assert INSTANCE["run_monitoring"]["start_timeout_seconds"] < POD_LAUNCH_GRACE_S


def test_the_ui_keeps_connections_as_long_as_in_compose():
    *_, option, kept_s = SERVICES["dagster-webserver"]["command"]
    assert (option, kept_s) == ("--db-pool-recycle", str(VALUES["dagsterWebserver"]["dbPoolRecycle"]))


def test_ticks_are_kept_as_long_as_in_compose():
    kept = INSTANCE["retention"]["sensor"]["purge_after_days"]
    assert COMPOSE["retention"]["sensor"]["purge_after_days"].items() <= kept.items()
    assert set(INSTANCE["retention"]["schedule"]["purge_after_days"].values()) == {30, -1}


def test_dagster_keeps_its_runs_where_it_does_in_compose():
    postgres = INSTANCE["run_storage"]["config"]["postgres_db"] | {"password": "s3cret"}
    ours = SETTINGS["HYPERSIGHT_DATABASE_URL"].replace("hypersight@", "hypersight:s3cret@")
    assert make_url(pg_url_from_config({"postgres_db": postgres})) == make_url(storage_url(ours))


def test_code_locations_are_what_compose_serves_under_the_same_names():
    for name, location in (("pipelines", "hypersight"), ("metrics", "metrics")):
        served = [part.replace(str(ROOT), "/app") for part in _what_is_served(location)]
        assert LOCATIONS[name]["dagsterApiGrpcArgs"] == served
    assert "--location" not in SERVICES["pipelines"]["command"]
    compose = SERVICES["metrics"]["command"]
    assert compose[compose.index("--location") + 1] == "metrics"
    workspace = yaml.safe_load((ROOT / "deploy/workspace.compose.yaml").read_text())["load_from"]
    servers = VALUES["dagsterWebserver"]["workspace"]["servers"]
    assert [{"host": one["host"], "port": one["port"], "location_name": one["name"]} for one in servers] == [
        one["grpc_server"] for one in workspace
    ]
    assert [(one["name"], one["port"]) for one in LOCATIONS.values()] == [
        (one["host"], one["port"]) for one in servers
    ]


def test_dagster_understands_the_commands_of_code_locations():
    for location in LOCATIONS.values():
        command = dagster_chart.code_server_args(location)[3:]
        assert grpc_command.make_context("grpc", command).params["port"] == location["port"]


def test_no_service_of_the_chart_makes_variables_that_look_like_settings_of_ours():
    assert not [name for name in LOCATIONS if name.startswith("hypersight")]


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_dagster_is_our_image_and_may_do_no_more_than_our_pods(name):
    one = PARTS[name]
    assert dagster_chart.image(one["image"]) == IMAGE
    assert one["podSecurityContext"] == pod("api")["securityContext"]
    assert one["securityContext"] == pod("api")["containers"][0]["securityContext"]
    assert one["resources"]["requests"].keys() == one["resources"]["limits"].keys() == {"cpu", "memory"}
    assert "livenessProbe" in one
    tmp = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - of the container
    assert tmp in one["volumeMounts"]


def test_images_of_others_are_pinned():
    others = [dagster_chart.image(VALUES[name]["image"]) for name in ("postgresql", "busybox")]
    assert others[0] == SERVICES["database"]["image"]
    assert re.search(r":\d+\.\d+", others[1])


def test_the_chart_is_of_the_version_of_the_packages_in_the_image():
    lock = (ROOT / "requirements/base.lock").read_text()
    [version] = re.findall(r"^dagster==(\S+)", lock, re.MULTILINE)
    assert f"--version {version} " in (ROOT / "deploy/kubernetes/dagster-values.yaml").read_text()


def test_a_watcher_is_a_job_kubernetes_accepts(watcher):
    kubernetes_validate.validate(watcher, kubernetes_validate.latest_version(), strict=True)


def test_a_watcher_is_a_pod_like_ours_with_what_was_measured(watcher):
    spec = watcher["spec"]["template"]["spec"]
    [one] = spec["containers"]
    ours = pod("api")
    assert one["image"] == IMAGE
    assert spec["securityContext"] == ours["securityContext"]
    assert one["securityContext"] == ours["containers"][0]["securityContext"]
    assert one["resources"]["requests"] == {"cpu": "150m", "memory": "256Mi"}
    assert one["resources"]["limits"] == {"cpu": "1", "memory": "512Mi"}
    assert spec["enableServiceLinks"] is False
    mounts = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
    assert {
        mount["name"]: mount["mountPath"] for mount in ours["containers"][0]["volumeMounts"]
    }.items() <= mounts.items()
    assert {"configMapRef": {"name": "hypersight-settings"}} in one["envFrom"]


def test_a_watcher_keeps_large_segments_on_a_disk_of_its_node_that_holds_them(watcher):
    [tmp] = [one for one in watcher["spec"]["template"]["spec"]["volumes"] if one["name"] == "tmp"]
    size_mb = int(tmp["emptyDir"]["sizeLimit"].removesuffix("Mi"))
    assert SETTINGS["HYPERSIGHT_SEGMENTS_DIR"].startswith("/tmp/")  # noqa: S108 - of the container
    assert size_mb > Settings().segments_max_mb


def test_a_run_is_tried_once_and_its_watcher_may_finish_the_segment(watcher):
    assert watcher["spec"]["backoffLimit"] == 0
    assert watcher["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert watcher["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 45


def test_other_runs_get_what_their_code_location_gets(tmp_path):
    job = launched(tmp_path, "pipelines", "refresh_rollups", dg.RunRequest())
    assert (
        job["spec"]["template"]["spec"]["containers"][0]["resources"] == LOCATIONS["pipelines"]["resources"]
    )
