"""onbeat starts a workflow the moment an event arrives, never loses one, and tells the world what it did.

    core      PURE policy: match, decide, evolve, outstanding
    ports     every seam between the engine and the world
    engine    the asyncio shell: intake, engine, runner, relay, loader
    stores    where executions are kept: memory, sqlite
    plugins   one file (or folder) per integration: source + task + sink
    api       HTTP; cli: the command; daemon: puts it all together
    client    for programs that talk to a daemon; the command talks by it, too

Imports go one way:
cli -> daemon -> api -> engine -> (plugins | stores | registry | clock) -> ports -> (core | client) -> (errors | settings).
"""

__version__ = "0.1.0"
