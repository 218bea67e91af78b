"""What is shipped to run onbeat elsewhere keeps to the rules: the image, the compose file, the CI."""

import re
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def test_the_compose_file_runs_onbeat_and_both_brokers():
    """Kafka and MQTT are there to try, and none of them replaces the embedded bus unasked."""
    assert SERVICES.keys() == {"onbeat", "kafka", "mosquitto"}
    assert SERVICES["onbeat"]["environment"]["ONBEAT_BUS"] == "${ONBEAT_BUS:-embedded}"


@each_service
def test_ports_are_published_on_the_loopback_only(service):
    """Nobody on the network reaches a service that was started to try it."""
    assert service["ports"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@each_service
def test_no_service_has_power_over_the_machine(service):
    """No privileges, no capabilities, no Docker socket, not the machine's network or processes."""
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & service.keys()
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "docker.sock" not in str(service)


@each_service
def test_every_service_says_when_it_is_well(service):
    """What waits for a service waits until it works."""
    assert service["healthcheck"]["test"][0] == "CMD"


@each_service
def test_data_is_in_named_volumes_and_bound_folders_are_read_only(service):
    """A container that is made anew loses nothing, and writes into nobody's checkout."""
    for volume in service["volumes"]:
        source, _, mode = volume.partition(":")
        assert source in COMPOSE["volumes"] or (source.startswith("./") and mode.endswith(":ro"))
        assert source in COMPOSE["volumes"] or (CHECKOUT / source).exists()


def test_onbeat_cannot_write_outside_its_data():
    """The root is read-only; access is on, since nothing turns it off."""
    assert SERVICES["onbeat"]["read_only"] is True
    assert not [name for name in SERVICES["onbeat"]["environment"] if name.startswith(("ONBEAT_AUTH", "ONBEAT_ALLOW"))]


def test_no_container_runs_a_third_party_latest():
    """What runs tomorrow is what ran today: images carry a version."""
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert not [image for image in images if ":" not in image or image.endswith(":latest")]


def test_the_image_runs_as_a_plain_user_with_locked_dependencies():
    """Nobody is root in it, and every dependency was checked against its hash."""
    assert re.search(r"(?m)^USER 10001:10001$", DOCKERFILE)
    installs = re.findall(r"pip install [^\n\\&]+", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in install or "--no-index" in install for install in installs)


def test_the_image_gets_what_it_copies():
    """The build context leaves everything out but what the Dockerfile copies from it."""
    kept = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for line in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE) for name in line.split()}
    assert kept == {name for name in copied if not any(name.startswith(f"{outer}/") for outer in copied)}
    assert all((CHECKOUT / name).exists() for name in copied)


def test_the_image_has_the_web_ui():
    """Built in a stage of its own, from the lock; a build that lies in the checkout is not what is packed."""
    assert "RUN npm ci " in DOCKERFILE
    assert "COPY --from=ui /build/src/onbeat/static src/onbeat/static" in DOCKERFILE
    assert DOCKERFILE.index("COPY src src") < DOCKERFILE.index("COPY --from=ui") < DOCKERFILE.index("pip wheel")
    assert {"**/node_modules", "src/onbeat/static"} <= set((CHECKOUT / ".dockerignore").read_text().splitlines())


def test_the_ci_runs_exactly_what_a_person_runs():
    """One command for both, without a question: what is green here is green there."""
    lines = [line for line in (CHECKOUT / ".ci" / "run").read_text().splitlines() if line.startswith("make")]
    assert lines == ["make check test"]
    workflow = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    assert job["timeout-minutes"] <= 60
