"""What watchers get on Kubernetes, where `K8sRunLauncher` makes a pod of every run."""

from fnmatch import fnmatchcase
from typing import Annotated, Any, Self

import msgspec

from hypersight_core.errors import InvalidInput
from hypersight_pipelines.defs.watchers.supervision import LAUNCH_GRACE_S

POD_TAG = "dagster-k8s/config"
"""Where Dagster's launcher looks for what a run's pod is to have, as JSON."""
POD_LAUNCH_GRACE_S = 660.0
"""From created to STARTED: a node that is new fetches the image first. Longer than Dagster's own limit of
600 s in `deploy/kubernetes/dagster-values.yaml`, which closes the run and says why."""

Quantity = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?(m|Ki|Mi|Gi)?$")]


class PodRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the pods of some cameras get; the defaults are for 1080p at up to 5 frames a second.

    A watcher that shares nothing takes 147 MB, some 70 more at 1080p, and 0.14 of a core
    (`docs/BENCHMARKS.md`).
    """

    cameras: str = "*"
    """Names of cameras; `*` stands for any text, `?` for one character."""
    cpu: Quantity = "150m"
    cpu_limit: Quantity = "1"
    memory: Quantity = "256Mi"
    memory_limit: Quantity = "512Mi"
    node_selector: dict[str, str] = {}
    """Labels of the nodes that may watch them."""

    def tag(self) -> str:
        """Return the value of `POD_TAG`."""
        resources = {
            "requests": {"cpu": self.cpu, "memory": self.memory},
            "limits": {"cpu": self.cpu_limit, "memory": self.memory_limit},
        }
        config: dict[str, Any] = {"container_config": {"resources": resources}}
        if self.node_selector:
            config["pod_spec_config"] = {"node_selector": self.node_selector}
        return msgspec.json.encode(config).decode()


class WatcherPods:
    """Whether watchers are pods, and what each gets: the first rule that fits its camera's name.

    Args:
        rules: None where watchers are no pods.
    """

    def __init__(self, rules: tuple[PodRule, ...] | None = None) -> None:
        self._rules = rules

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Read `HYPERSIGHT_WATCHER_PODS`: a JSON list of rules, or nothing.

        Raises:
            InvalidInput: it is neither.
        """
        if not text.strip():
            return cls()
        try:
            return cls(msgspec.json.decode(text, type=tuple[PodRule, ...]))
        except msgspec.DecodeError as error:
            raise InvalidInput(
                f"bad configuration in the environment: HYPERSIGHT_WATCHER_PODS: {error}"
            ) from error

    @property
    def launch_grace_s(self) -> float:
        """How long a watcher may take from created to STARTED."""
        return LAUNCH_GRACE_S if self._rules is None else POD_LAUNCH_GRACE_S

    def tags(self, camera_name: str) -> dict[str, str]:
        """Return what the run of a camera's watcher is tagged with; nothing where it is no pod."""
        if self._rules is None:
            return {}
        fits = (rule for rule in self._rules if fnmatchcase(camera_name, rule.cameras))
        return {POD_TAG: next(fits, PodRule()).tag()}
