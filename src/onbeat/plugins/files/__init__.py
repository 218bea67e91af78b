"""Start flows for files: `watch` is the source and its options, `ledger` says what is new, `hints` listens,
`disk` touches files, `events` says what a file is as an event.
"""

from onbeat.plugins.files.watch import PROVIDES, Watch

__all__ = ["PROVIDES", "Watch"]
