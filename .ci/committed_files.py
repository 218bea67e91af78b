"""Refuse committed files that hold what belongs to one machine: registry addresses, absolute paths, secrets.

A lock file that names an index, or a path of somebody's home, works for one person and breaks for the next; a key that was
committed once stays in the history. Prints FILE:LINE: what, and exits 1.

Called by: make check.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FORBIDDEN = {
    "a registry or index address": re.compile(
        r"(?:pypi|pythonhosted|npmjs|yarnpkg|crates|proxy\.golang|maven|repo1|deb\.debian|jsdelivr|unpkg)[a-z.-]*\.(?:org|com|io|net)\b"
        r"|--(?:extra-)?index-url\b|--find-link(?:s)\b|\"resolved\":\s*\"http",
        re.IGNORECASE,
    ),
    "an absolute path of one machine": re.compile(r"(?<![\w.}])/(?:work|root|farm|home/(?!user/|you/|me/)[a-z]\w*|Users/[A-Za-z]\w*)/"),
    "a secret": re.compile(r"BEGIN [A-Z ]*PRIVATE KEY-|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"),
}


def committed(checkout: Path) -> list[Path]:
    """Every file that git knows, and every new one it does not ignore; owned by whom ever (a CI container's root)."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, check=True).stdout
    return [checkout / name for name in listed.decode().split("\0") if name]


def findings(checkout: Path) -> Iterator[str]:
    """One line of text for each forbidden thing."""
    for path in committed(checkout):
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                if found := pattern.search(line):
                    yield f"{path.relative_to(checkout)}:{number}: {what}: {found[0]}"


def main() -> int:
    """Print what was found in the checkout that is the working directory."""
    found = list(findings(Path.cwd()))
    print("\n".join(found) if found else "Committed files: no registry address, no machine path, no secret.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
