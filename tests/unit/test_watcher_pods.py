import msgspec
import pytest
from dagster import DagsterRunStatus as Status
from dagster_k8s.job import USER_DEFINED_K8S_CONFIG_KEY, get_user_defined_k8s_config

from hypersight_core.errors import InvalidInput
from hypersight_core.settings import Settings
from hypersight_pipelines.defs.watchers.pods import POD_TAG, WatcherPods
from hypersight_pipelines.defs.watchers.sensors import request
from hypersight_pipelines.defs.watchers.supervision import Seen, reconcile
from hypersight_pipelines.location import build_defs
from tests.builders import noon
from tests.unit.test_supervision import a_run

RULES = '[{"cameras": "north *", "node_selector": {"site": "north"}, "cpu": "400m"}, {"memory": "1Gi"}]'


def pod_of(camera: str, rules: str = RULES):
    """Return what Dagster's own launcher makes of a watcher's tags."""
    return get_user_defined_k8s_config(dict(request(3, camera, "", WatcherPods.parsed(rules)).tags))


def test_the_tag_is_the_one_dagsters_launcher_reads():
    assert POD_TAG == USER_DEFINED_K8S_CONFIG_KEY


def test_a_watcher_is_no_pod_unless_somebody_says_so():
    assert POD_TAG not in request(3, "gate", "", WatcherPods.parsed("")).tags


def test_without_a_rule_pods_get_what_was_measured():
    assert pod_of("gate", "[]").container_config["resources"] == {
        "requests": {"cpu": "150m", "memory": "256Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    }


def test_the_first_rule_that_fits_the_cameras_name_decides():
    assert pod_of("north gate").container_config["resources"]["requests"]["cpu"] == "400m"
    assert pod_of("south gate").container_config["resources"]["requests"] == {"cpu": "150m", "memory": "1Gi"}


def test_cameras_are_watched_on_the_nodes_their_rule_names():
    assert pod_of("north gate").pod_spec_config == {"node_selector": {"site": "north"}}
    assert pod_of("south gate").pod_spec_config == {}


@pytest.mark.parametrize(
    "text",
    ["{", "{}", '[{"camera": "x"}]', '[{"cpu": "fast"}]', '[{"node_selector": {"site": 1}}]'],
    ids=["no JSON", "no list", "misspelt", "no quantity", "no label"],
)
def test_rules_that_mean_nothing_are_refused_when_the_code_location_loads(text):
    with pytest.raises(InvalidInput, match="HYPERSIGHT_WATCHER_PODS"):
        build_defs(msgspec.structs.replace(Settings(), watcher_pods=text))


@pytest.mark.parametrize(("rules", "is_given_up"), [("", True), ("[]", False)], ids=["process", "pod"])
def test_a_pod_may_wait_for_a_new_node_and_its_image(rules, is_given_up):
    run = a_run(Status.STARTING, age_s=300)
    grace_s = WatcherPods.parsed(rules).launch_grace_s
    actions = reconcile(Seen(desired=(1,), leases=(), runs=(run,), now=noon(), launch_grace_s=grace_s))
    assert bool(actions.bury) is is_given_up
