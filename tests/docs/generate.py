"""Write the generated pages of docs/, and what stands between markers in the other pages.

    python -m tests.docs.generate        # writes
    python -m tests.docs.generate --check  # only says what is stale; exit code 1

Rules
1. A page of pages.py is whole ours; in all others only what is between `<!-- NAME:WHAT -->` and `<!-- end -->` is.
2. `settings:TYPE` is the table of a task or trigger; `states:execution` and `states:task-run` are the diagrams of tests/test_readme.py.

Called by: people; test_docs.py asks what is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import pages, settings_of
from tests.test_readme import drawn

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
_MARKED = re.compile(r"(<!-- settings:(\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written() -> list[Path]:
    """The pages that people write: the README and those of docs/ that are not generated."""
    own = set(pages())
    return [CHECKOUT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).as_posix() not in own)]


def wanted() -> Iterator[tuple[Path, str]]:
    """Each page with the text it should have."""
    for name, text in pages().items():
        yield DOCS / name, text
    for path in written():
        yield path, drawn(_MARKED.sub(_fill, path.read_text()))


def stale() -> list[Path]:
    """The pages that do not say what the code says."""
    return [path for path, text in wanted() if not path.exists() or path.read_text() != text]


def _fill(found: re.Match[str]) -> str:
    return f"{found[1]}\n{settings_of(found[2])}\n\n{found[3]}"


def main() -> int:
    """Write what is stale, or say it."""
    found = stale()
    texts = dict(wanted())
    for path in found:
        sys.stdout.write(f"{path.relative_to(CHECKOUT)}\n")
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
    return 1 if found and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
