"""Put onbeat together and serve it: `running` is a node in this process, `serve.serve` is the daemon around it.

    assemble.py   names every concrete class; starts in order, stops in reverse
    serve.py      the process: data folder, token, socket, HTTP, signals, exit code
    logs.py       the daemon's own log

serve.py is not imported here: `onbeat run` needs a node and no HTTP server.
"""

from onbeat.daemon.assemble import running

__all__ = ["running"]
