"""Figures of persons: who passed, who is present."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from hypersight_api.health.knowledge import CameraFacts, Knowledge
from hypersight_core.domain.figures import Passed
from hypersight_core.processors.registry import Measure

PROCESSOR = ("camera_id", "processor_id")


def person_figures(known: Knowledge) -> Iterable[Metric]:
    """Return who passed, as watchers counted it, and who is present, as the newest events say."""
    passed = CounterMetricFamily(
        "hypersight_persons_passed",
        "Persons who came into (in) or left (out) a zone, since the camera's watcher began",
        labels=(*PROCESSOR, "zone", "direction"),
    )
    present = GaugeMetricFamily(
        "hypersight_persons_present", "Persons present; absent while nobody looks", labels=PROCESSOR
    )
    for facts in known.cameras:
        for one in _passed(facts):
            labels = (*facts.labels, str(one.processor_id), str(one.zone))
            passed.add_metric((*labels, "in"), one.came)
            passed.add_metric((*labels, "out"), one.went)
        for processor in facts.of_measure(Measure.PRESENCE):
            if processor.processor_id in known.present:
                labels_now = (*facts.labels, str(processor.processor_id))
                present.add_metric(labels_now, known.present[processor.processor_id])
    return passed, present


def _passed(facts: CameraFacts) -> Iterable[Passed]:
    """Return counts of all zones; those begin at 0, since a counter that appears at 1 has not risen."""
    if facts.lease is None or facts.lease.figures is None:
        return ()
    counted = {(one.processor_id, one.zone): one for one in facts.lease.figures.passed}
    zones = {one.processor_id: range(len(one.zones)) for one in facts.of_measure(Measure.TRAFFIC)}
    places = {(processor_id, zone) for processor_id in zones for zone in zones[processor_id]}
    places |= {place for place in counted if place[0] in zones}  # of zones that were there before an edit
    return [counted.get(place, Passed(*place)) for place in sorted(places)]
