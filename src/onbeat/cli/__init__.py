"""The command line. `onbeat --help` and all that talks to a running daemon load neither the engine nor an HTTP server.

    app.py       every command with its options and its help; the work is loaded when a command runs
    errors.py    what went wrong -> one sentence and an exit code
    client.py    talk to the daemon as a command does, by onbeat.client
    show.py      lists, times, states for people
    executions.py flows.py events.py follow.py                  talk to a daemon
    serve.py run.py check.py doctor.py init.py backup.py demo.py    work here

Exit codes: 0 success, 1 the run failed, 2 usage, 3 cannot reach the daemon, 4 refused.
"""

from onbeat.cli.app import app


def main() -> None:
    """The `onbeat` command."""
    app()
