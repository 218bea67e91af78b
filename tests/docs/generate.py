"""Write the generated pages of docs/, and what stands between markers in the other pages.

    python -m tests.docs.generate        # writes
    python -m tests.docs.generate --check  # only says what is stale; exit code 1

Rules
1. A page of pages.py is whole ours; in all others only what is between `<!-- NAME:WHAT -->` and `<!-- end -->` is.
2. `states:execution` and `states:task-run` are state diagrams, `settings:TYPE` is the table of a task or trigger.

Called by: people; test_docs.py asks what is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from onbeat.core.states import EXECUTION, TASK_RUN, diagram
from tests.docs.pages import MADE, pages, settings_of

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
_MARKED = re.compile(r"(?P<begin><!-- (?P<kind>states|settings):(?P<what>\S+) -->\n)(?P<old>.*?)(?P<end><!-- end -->)", re.DOTALL)


def written() -> list[Path]:
    """The pages that people write: the README and those of docs/ that are not generated."""
    own = set(pages())
    return [CHECKOUT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).as_posix() not in own)]


def wanted() -> Iterator[tuple[Path, str]]:
    """Each page with the text it should have."""
    for name, text in pages().items():
        yield DOCS / name, text
    for path in written():
        yield path, _MARKED.sub(_fill, path.read_text())


def stale() -> list[Path]:
    """The pages that do not say what the code says."""
    return [path for path, text in wanted() if not path.exists() or path.read_text() != text]


def _fill(found: re.Match[str]) -> str:
    return f"{found['begin']}{_part(found['kind'], found['what'])}\n{found['end']}"


def _part(kind: str, what: str) -> str:
    if kind == "settings":
        return f"\n{settings_of(what)}\n"
    table, title = {"execution": (EXECUTION, "Execution"), "task-run": (TASK_RUN, "Task run")}[what]
    return f"```mermaid\n{diagram(table, title)}\n```"


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


__all__ = ["CHECKOUT", "DOCS", "MADE", "stale", "wanted", "written"]

if __name__ == "__main__":
    sys.exit(main())
