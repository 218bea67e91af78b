"""Where the daemon is, and which token goes to it."""

import json
from pathlib import Path

import pytest

from onbeat.client.place import EVENTS_TOPIC, data_folder, find, is_here, setting
from onbeat.errors import OutsideError, UserError


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, and none of our settings."""
    for name in ("SERVER", "TOKEN", "DATA", "EVENTS_TOPIC"):
        monkeypatch.delenv(f"ONBEAT_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def served(folder: Path, url: str = "http://127.0.0.1:1234") -> Path:
    """A data folder as a running daemon leaves it."""
    folder.mkdir(exist_ok=True)
    (folder / "server.json").write_text(json.dumps({"url": url, "pid": 1}))
    (folder / "admin-token").write_text("secret\n")
    return folder


def test_the_daemon_of_the_data_folder_is_found(nowhere: Path):
    """server.json says where it is, admin-token lets us in."""
    data = served(nowhere / ".onbeat")
    place = find()
    assert (place.url, place.token, place.how) == ("http://127.0.0.1:1234", "secret", str(Path(".onbeat") / "server.json"))
    assert find(None, data) == find(None, data)


def test_what_is_said_last_wins(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 1: --server before ONBEAT_SERVER before onbeat.yaml; a folder that is named before both of these."""
    served(nowhere / "other", "http://127.0.0.1:5")
    (nowhere / "onbeat.yaml").write_text("server: http://file:1\ndata: there\n")
    assert find().url == "http://file:1"
    assert data_folder(None) == Path("there")
    monkeypatch.setenv("ONBEAT_SERVER", "http://env:2/")
    assert find().url == "http://env:2"
    assert find(None, nowhere / "other").url == "http://127.0.0.1:5"
    assert find("http://said:3").url == "http://said:3"


def test_the_token_of_the_folder_goes_to_this_machine_only(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 2: another host gets ONBEAT_TOKEN or nothing."""
    served(nowhere / ".onbeat")
    assert find("http://localhost:9").token == "secret"
    assert find("http://[::1]:9").token == "secret"
    assert find("https://onbeat.example.org").token is None
    monkeypatch.setenv("ONBEAT_TOKEN", "given")
    assert find("https://onbeat.example.org").token == "given"
    assert find().token == "given"


@pytest.mark.parametrize(("host", "here"), [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("x.org", False)])
def test_this_machine_is_known_by_its_loopback(host: str, here: bool):
    """A name that merely resolves to it is not trusted."""
    assert is_here(host) is here


def test_no_daemon_is_an_error_that_names_the_command(nowhere: Path):
    """Exit code 3 comes from this."""
    with pytest.raises(OutsideError, match=r"no daemon serves \.onbeat: start one with `onbeat serve`"):
        find()


def test_a_damaged_file_is_an_error_that_names_it(nowhere: Path):
    """Whatever is wrong with it."""
    served(nowhere / ".onbeat")
    (nowhere / ".onbeat" / "server.json").write_text("{")
    with pytest.raises(OutsideError, match=r"server\.json cannot be read"):
        find()


@pytest.mark.parametrize("server", ["localhost:8080", "ftp://x", "http://", "http://x:99999", "http://x:port", "http://[::1", "http://x:0"])
def test_an_address_without_scheme_or_host_is_refused(server: str):
    """With the form that was meant."""
    with pytest.raises(UserError, match="http://host:8080"):
        find(server)


def test_settings_are_read_as_the_daemon_reads_them(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    """The environment wins over the file, the file over the default; a broken file is said to be one."""
    assert setting("events_topic", EVENTS_TOPIC) == EVENTS_TOPIC
    (nowhere / "onbeat.yaml").write_text("events_topic: mine\n")
    assert setting("events_topic", EVENTS_TOPIC) == "mine"
    monkeypatch.setenv("ONBEAT_EVENTS_TOPIC", "theirs")
    assert setting("events_topic", EVENTS_TOPIC) == "theirs"
    (nowhere / "onbeat.yaml").write_text("a: [")
    with pytest.raises(UserError, match=r"onbeat\.yaml is not YAML"):
        setting("data", ".onbeat")
