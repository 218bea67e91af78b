"""The shell: asyncio around the pure core. It knows ports, not plugins.

    source -> intake.emit -> match (core) -> engine.commit: ONE store.write        durable; only now the source acknowledges
    signal -> mailbox     -> decide (core) -> compose -> store.write               durable; only now the world moves
    difference of outstanding commands -> effects -> runner, timers, evaluator     every ending is one signal again
    journal -> relay -> sinks                                                      at least once, in order per execution

Nothing flows back except as a signal, nothing goes out except through the journal.
"""
