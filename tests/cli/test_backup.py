"""`onbeat backup` and `onbeat restore`: the store with its large values, out and in again."""

import stat
import tarfile
from pathlib import Path

LARGE = "x" * 100_000


def test_a_backup_of_a_running_daemon_is_put_back(onbeat, new_daemon, tmp_path: Path):
    """Executions and large values of then are there again, those of later are not; what was there is kept beside it."""
    daemon = new_daemon()
    daemon.add_flow("keep", FLOW)
    daemon.start()
    before = started(daemon)
    file = tmp_path / "onbeat.tar"
    assert onbeat("backup", str(file), data=daemon.data).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    after = started(daemon)
    refused = onbeat("restore", str(file), data=daemon.data)
    assert (refused.exit_code, f"process {daemon.process.pid} serves" in refused.stderr) == (4, True)
    assert daemon.stop() == 0
    for path in (daemon.data / "storage").rglob("*"):
        if path.is_file():
            path.unlink()
    result = onbeat("restore", str(file), data=daemon.data)
    assert result.exit_code == 0, result.stderr
    assert (daemon.data / "onbeat.db.before-restore").exists()
    daemon.start()
    assert daemon.api("GET", f"/api/v1/executions/{before}").status == 200
    assert daemon.api("GET", f"/api/v1/executions/{after}").status == 404
    assert [path for path in (daemon.data / "storage").rglob("*") if path.is_file() and LARGE.encode() in path.read_bytes()]


FLOW = """
id: keep
namespace: test
inputs:
  - id: text
    type: STRING
tasks:
  - id: say
    type: core.debug.Return
    format: "{{ inputs.text | length }}"
"""


def started(daemon) -> str:
    """The id of an execution with a large input that has ended."""
    answer = daemon.api("POST", "/api/v1/executions/test/keep?wait=true", {"text": LARGE}).json()
    assert answer["state"]["current"] == "SUCCESS"
    return answer["id"]


def test_hidden_files_of_storage_are_in_a_backup(onbeat, daemon, tmp_path: Path):
    """An output may be called `.env`; only what is being written just now is left out."""
    folder = daemon.data / "storage" / "test" / "keep"
    folder.mkdir(parents=True)
    for name in (".env", "plain", ".~half"):
        (folder / name).write_text(name)
    file = tmp_path / "onbeat.tar"
    assert onbeat("backup", str(file), data=daemon.data).exit_code == 0
    with tarfile.open(file) as tar:
        names = {Path(name).name for name in tar.getnames()}
    assert names == {"onbeat.db", ".env", "plain"}


def test_a_backup_replaces_nothing(onbeat, daemon, tmp_path: Path):
    """Rule 2: exit code 4."""
    file = tmp_path / "there"
    file.write_text("mine")
    result = onbeat("backup", str(file), data=daemon.data)
    assert (result.exit_code, file.read_text()) == (4, "mine")


def test_a_folder_without_a_store_is_said_to_be_one(onbeat, tmp_path: Path):
    """Exit code 2; nothing is written."""
    result = onbeat("backup", str(tmp_path / "b"), data=tmp_path)
    assert (result.exit_code, "there is no store in" in result.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_backup_that_cannot_be_written_leaves_nothing(onbeat, daemon, tmp_path: Path):
    """Its folder is missing."""
    result = onbeat("backup", str(tmp_path / "none" / "b"), data=daemon.data)
    assert (result.exit_code, "could not be written" in result.stderr) == (2, True)


def test_what_is_no_backup_is_refused(onbeat, tmp_path: Path):
    """No tar, a tar of something else, a tar that would lead out of the folder, no file at all."""
    (tmp_path / "text").write_text("hello")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "text", "text")
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.add(tmp_path / "text", "../../evil")
    for name in ("text", "other.tar", "evil.tar", "missing"):
        result = onbeat("restore", str(tmp_path / name), data=tmp_path / "a" / "data")
        assert result.exit_code == 2, name
        assert result.stderr.count("\n") == 1
    assert not (tmp_path / "evil").exists()


def test_the_key_of_the_secrets_is_named_or_in_the_backup(onbeat, new_daemon, tmp_path: Path):
    """Without it nobody opens them again; with it they are there after a restore, and so are later ones."""
    daemon = new_daemon()
    daemon.start()
    onbeat("secrets", "set", "a", "FIRST", data=daemon.data, stdin="value-of-the-first")
    plain, whole = tmp_path / "plain.tar", tmp_path / "whole.tar"
    said = onbeat("backup", str(plain), data=daemon.data).stdout
    assert f"keep a copy of {daemon.data / 'secret.key'}" in said.replace("\n", " ")
    onbeat("backup", str(whole), "--with-key", data=daemon.data)
    names = []
    for file in (plain, whole):
        with tarfile.open(file) as tar:
            names.append(tar.getnames())
    assert ["secret.key" in each for each in names] == [False, True]
    assert daemon.stop() == 0
    (daemon.data / "secret.key").unlink()
    assert onbeat("restore", str(whole), data=daemon.data).exit_code == 0
    assert stat.S_IMODE((daemon.data / "secret.key").stat().st_mode) == 0o600
    daemon.start()
    assert onbeat("secrets", "rotate", data=daemon.data).stdout.startswith("1 secret(s)")
