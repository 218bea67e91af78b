"""What is shipped to look at onbeat with asks for what there is: each name in the dashboard and the alert rules is measured.

A dashboard that asks for a name that was changed shows an empty panel, and an alert rule never fires: both look like a good day.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from onbeat.engine.meters import BY_NAME, METERS

CHECKOUT = Path(__file__).resolve().parents[1]
DASHBOARD = json.loads((CHECKOUT / "deploy" / "grafana" / "onbeat.json").read_text())
RULES = yaml.safe_load((CHECKOUT / "deploy" / "prometheus" / "alerts.yaml").read_text())
PAGES = ("reference/metrics.md", "how-to/observability.md")
OF_THE_LIBRARY = {"process_resident_memory_bytes", "process_cpu_seconds_total", "up"}
_FUNCTIONS = frozenset(
    re.findall(r"\w+", "absent and avg by count histogram_quantile increase label_values le max min on or rate sum unless without")
)
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})?")


def metrics_of(query: str) -> dict[str, set[str]]:
    """The metrics that a PromQL expression asks for, with the labels it chooses by. Texts, durations and groupings are none."""
    bare = re.sub(r"\b(?:by|without|on)\s*\([^)]*\)", "", query)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    found: dict[str, set[str]] = {}
    for name, chosen in _SELECTOR.findall(re.sub(r",\s*\w+\)$", ")", bare)):
        if name not in _FUNCTIONS:
            found.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]~?", re.sub(r'"[^"]*"', '""', chosen)))
    return found


def grouped_by(query: str) -> set[str]:
    """The labels that an expression groups by."""
    return {label.strip() for found in re.findall(r"\bby\s*\(([^)]*)\)", query) for label in found.split(",")}


def queries() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard and the rules, with where it is."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def meter_of(name: str) -> str:
    """The meter that a sample belongs to: a histogram is shown as three."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if stem in BY_NAME and BY_NAME[stem].kind == "histogram" else name


def test_names_are_found_in_expressions() -> None:
    """The reader of PromQL that the tests below lean on."""
    query = 'sum by (le, flow) (rate(onbeat_a_bucket{state=~"X|Y",job="j"}[5m])) / onbeat_b > 0.5 or absent(up)'
    assert metrics_of(query) == {"onbeat_a_bucket": {"state", "job"}, "onbeat_b": set(), "up": set()}
    assert grouped_by(query) == {"le", "flow"}
    assert metrics_of('label_values(onbeat_c{job="$job"}, instance)') == {"onbeat_c": {"job"}}


@pytest.mark.parametrize(("where", "query"), [pytest.param(*each, id=f"{n}-{each[0]}") for n, each in enumerate(queries())])
def test_what_is_asked_for_is_measured(where: str, query: str) -> None:
    """Each metric exists, has the labels it is chosen and grouped by, and is asked in a way that its kind allows."""
    asked = metrics_of(query)
    assert asked
    for name, labels in asked.items():
        if name in OF_THE_LIBRARY:
            continue
        meter = BY_NAME[meter_of(name)]
        own = {*meter.labels, "job", "instance", *(["le"] if meter.kind == "histogram" else [])}
        assert labels <= own, where
        assert grouped_by(query) <= own, where
        if meter.kind == "histogram":
            assert name != meter.name, f"{where}: a histogram is asked for its _bucket, _sum or _count"
        if meter.kind != "gauge" and "label_values" not in query:
            assert re.search(rf"(rate|increase)\({name}\b", query), f"{where}: {name} only grows; ask for its rate"


def test_every_alert_says_what_to_do() -> None:
    """A name of its own, how bad it is, a sentence on what is wrong and one on where to look."""
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_panels_have_ids_and_places_of_their_own() -> None:
    """Grafana shows one of two panels with the same id; and none lies on another."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        own = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not own & cells, panel["title"]
        cells |= own
        assert panel["type"] == "row" or panel["description"]


@pytest.mark.parametrize("meter", METERS, ids=lambda meter: meter.name)
def test_every_metric_is_in_the_docs(meter: Any) -> None:
    """With its kind and labels."""
    page = (CHECKOUT / "docs" / "reference" / "metrics.md").read_text()
    labels = ", ".join(f"`{label}`" for label in meter.labels)
    assert f"| `{meter.name}` | {meter.kind} | {labels} | {meter.about} |" in page


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_only_what_is_measured(page: str) -> None:
    """What a page tells to look at is there."""
    named = set(re.findall(r"`(onbeat_[a-z_]+)", (CHECKOUT / "docs" / page).read_text()))
    assert named
    assert {name for name in named if meter_of(name) not in BY_NAME} == set()
