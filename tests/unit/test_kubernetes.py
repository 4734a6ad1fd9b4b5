"""The manifests are what Kubernetes accepts, careful, and in step with Compose and the code."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import msgspec
import pytest
import yaml

from hypersight_core.settings import FILE_SUFFIX, Settings
from hypersight_core.version import VERSION
from tests.fakes.containers import interpolated

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
DOCUMENTS: list[dict[str, Any]] = [
    document
    for name in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((FOLDER / name).read_text())
]
WORKLOADS = {one["metadata"]["name"]: one for one in DOCUMENTS if one["kind"] in {"Deployment", "Job"}}
LASTING = [name for name, one in WORKLOADS.items() if one["kind"] == "Deployment"]
OURS = [name for name in WORKLOADS if name != "redis"]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = interpolated(COMPOSE, {})["services"]
SETTINGS: dict[str, str] = next(one for one in DOCUMENTS if one["kind"] == "ConfigMap")["data"]
ELSEWHERE = {
    "HYPERSIGHT_DATABASE_URL",  # yours
    "HYPERSIGHT_PAGE_URL",
    "HYPERSIGHT_API_WORKERS",  # pods instead of processes
    "HYPERSIGHT_SEGMENTS_DIR",  # a disk of the node's own
    "HYPERSIGHT_WATCHER_PODS",  # nothing but Kubernetes has pods
    "HYPERSIGHT_NOTIFY_SECRET",  # a secret: no config map is a place for it
}
"""Settings that differ from Compose, and why."""


def kubernetes_accepts(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return spec


def container(name: str) -> dict[str, Any]:
    [only] = pod(name)["containers"]
    found: dict[str, Any] = only
    return found


def mebibytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([mg])i?", text.lower()).groups()  # type: ignore[union-attr]
    return int(number) * {"m": 1, "g": 1024}[unit]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_every_manifest_is_what_kubernetes_accepts(document):
    kubernetes_accepts(document)


@pytest.mark.parametrize(("key", "wrong"), [("replicas", "two"), ("replica", 2)], ids=["type", "misspelt"])
def test_the_schemas_are_really_asked(key, wrong):
    redis = WORKLOADS["redis"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_accepts(redis | {"spec": redis["spec"] | {key: wrong}})


def test_no_manifest_is_left_out():
    others = {"kustomization.yaml", "dagster-values.yaml"}
    assert {one.name for one in FOLDER.glob("*.yaml")} - others == set(KUSTOMIZATION["resources"])


def test_everything_is_told_what_compose_tells_and_nothing_unknown():
    compose = {
        name: str(value).replace("/run/secrets/", "/etc/hypersight/secrets/")
        for name, value in SERVICES["api"]["environment"].items()
        if name not in ELSEWHERE
    }
    assert {name: value for name, value in SETTINGS.items() if name not in ELSEWHERE} == compose | {
        "HYPERSIGHT_DAGSTER_URL": "http://localhost:3000"
    }
    variables = {field.encode_name for field in msgspec.structs.fields(Settings)}
    assert {name.removesuffix(FILE_SUFFIX) for name in SETTINGS} <= variables


def test_the_settings_can_be_read_by_every_process(tmp_path):
    for path in [value for name, value in SETTINGS.items() if name.endswith(FILE_SUFFIX)]:
        (tmp_path / Path(path).name).write_text("s3cret" * 8)
    environ = {
        name: value.replace("/etc/hypersight/secrets", str(tmp_path)) for name, value in SETTINGS.items()
    }
    url = f"postgresql+psycopg://hypersight:{'s3cret' * 8}@"
    assert Settings.from_environ(environ).database_url.startswith(url)


@pytest.mark.parametrize("name", OURS)
def test_every_process_of_ours_gets_settings_secrets_and_the_shared_folder(name):
    assert container(name)["envFrom"] == [{"configMapRef": {"name": "hypersight-settings"}}]
    mounted = {mount["name"]: mount["mountPath"] for mount in container(name)["volumeMounts"]}
    files = [value for key, value in SETTINGS.items() if key.endswith(FILE_SUFFIX)]
    assert all(value.startswith(f"{mounted['secrets']}/") for value in files)
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert f"HYPERSIGHT_VAR_DIR={mounted['var']} " in dockerfile


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_container_runs_what_its_compose_service_runs(name):
    assert container(name)["args"] == SERVICES[name]["command"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_image_is_pinned(name):
    expected = f"registry.example/hypersight:{VERSION}" if name in OURS else SERVICES[name]["image"]
    assert container(name)["image"] == expected


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_container_says_what_it_needs_and_takes_no_more_memory_than_in_compose(name):
    resources = container(name)["resources"]
    assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}
    limit = SERVICES[name].get("deploy", {}).get("resources", {}).get("limits", {}).get("memory")
    assert limit is None or mebibytes(resources["limits"]["memory"]) == mebibytes(limit)


@pytest.mark.parametrize("name", WORKLOADS)
def test_no_pod_may_do_more_than_it_must(name):
    assert pod(name)["automountServiceAccountToken"] is False
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    assert pod(name)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", OURS)
def test_the_account_is_the_images_own(name):
    assert f"--uid {pod(name)['securityContext']['runAsUser']} " in (ROOT / "deploy/Dockerfile").read_text()


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_pod_says_whether_it_is_alive_and_ready(name):
    one = container(name)
    assert {"livenessProbe", "readinessProbe"} <= one.keys()
    asked = [str(part) for part in SERVICES[name]["healthcheck"]["test"]]
    ready = one["readinessProbe"]
    path = ready["httpGet"]["path"] if "httpGet" in ready else " ".join(ready["exec"]["command"])
    assert " ".join(asked).endswith(path)


def test_visitors_are_known_by_what_the_ingress_says_and_only_it_gets_there():
    assert container("api")["env"] == [{"name": "FORWARDED_ALLOW_IPS", "value": "*"}]
    policies = {one["metadata"]["name"]: one["spec"] for one in DOCUMENTS if one["kind"] == "NetworkPolicy"}
    assert policies["within-the-namespace"]["podSelector"] == {}
    namespaces = policies["to-the-api"]["ingress"][0]["from"]
    assert [one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in namespaces] == [
        "ingress-nginx",
        "monitoring",
    ]


def test_a_database_that_is_away_restarts_no_api_pod():
    assert container("api")["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container("api")["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize("name", LASTING)
def test_services_lead_to_ports_their_pods_listen_on(name):
    [service] = [one for one in DOCUMENTS if one["kind"] == "Service" and one["metadata"]["name"] == name]
    assert service["spec"]["selector"] == WORKLOADS[name]["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in container(name)["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_no_service_makes_variables_that_look_like_settings_of_ours():
    names = {one["metadata"]["name"] for one in DOCUMENTS if one["kind"] == "Service"}
    assert not {name for name in names if name.startswith("hypersight")}
    assert all(pod(name)["enableServiceLinks"] is False for name in WORKLOADS)


def test_secrets_come_from_the_same_files_as_composes_and_only_through_the_script(tmp_path):
    printed = subprocess.run(
        ["sh", FOLDER / "secrets.sh", tmp_path / "s"], check=True, capture_output=True, text=True
    ).stdout
    ours, dagsters = yaml.safe_load_all(printed)
    for secret in (ours, dagsters):
        kubernetes_accepts(secret)
    values = {name: base64.b64decode(value).decode() for name, value in ours["data"].items()}
    assert set(values) == set(SERVICES["api"]["secrets"])
    assert values == {name: (tmp_path / "s" / name).read_text() for name in values}
    assert dagsters["data"] == {"postgresql-password": ours["data"]["postgres_password"]}
    assert "Secret" not in {one["kind"] for one in DOCUMENTS}
