"""Let `python -m onbeat` be the command."""

from onbeat.cli import main

main()
