"""Fetch Kestra's own Python clients, unchanged, for the tests that call onbeat with them.

Two versions cannot be in one environment, so each has a folder; what they import comes with the tests' own packages.

    python -m tests.services.kestrapy --fetch

Rules
1. A version is fetched once, by its hash, and kept in $ONBEAT_CACHE, else in .cache of the checkout.
2. What cannot be fetched is an error with its cure, never a skip.

Used by: tests/kestra, make services.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

VERSIONS = {
    "1.3.1": "c53354886e73087f3f3f60cdf62545afa533f9f8969e9f156b72b3fa84d601e1",
    "2.0.3": "3a7b492665186e91a6d3c43a20c1e4c1595ec42653b1c56dd353445007e485b5",
}
CHECKOUT = Path(__file__).resolve().parents[2]


def folder(version: str) -> Path:
    """Where that version can be imported from; fetched when it is not there. Raises RuntimeError."""
    place = Path(os.environ.get("ONBEAT_CACHE", CHECKOUT / ".cache")) / "kestrapy" / version
    if not (place / "kestrapy").is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as made:
            _fetch(version, Path(made))
            (Path(made) / "found").rename(place)
    return place


def _fetch(version: str, into: Path) -> None:
    wanted = into / "wanted.txt"
    wanted.write_text(f"kestrapy=={version} --hash=sha256:{VERSIONS[version]}\n")
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes", "--target", str(into / "found")]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "-r", str(wanted)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"kestrapy {version} cannot be fetched; the tests need the network once:\n{done.stderr.strip()[-2_000:]}")


def main() -> int:
    """Fetch them all."""
    parser = argparse.ArgumentParser(prog="python -m tests.services.kestrapy", description="Fetch Kestra's Python clients.")
    parser.add_argument("--fetch", action="store_true", required=True)
    parser.parse_args()
    for version in VERSIONS:
        print(folder(version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
