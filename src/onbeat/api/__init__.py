"""The HTTP API: what programs and the CLI use. Every route declares who may call it; without that it cannot be registered.

    access.py    who is calling and what they may do
    routing.py   a route and its permission; limits and errors, once for all routes
    app.py       the application
    executions.py flows.py events.py webhook.py status.py   the routes
    stream.py    live changes as server-sent events

The routes are plain Starlette: three times the rate of a framework above it, and the webhook route is the hot path.
"""
