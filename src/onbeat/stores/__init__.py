"""Where executions are kept: one contract (ports.Store, ports.Queries), several stores behind it.

    memory    the reference: what the contract means, in the plainest code; for tests and throw-away runs
    sqlite    the default: one file, one writer, every commit on disk before it is acknowledged

    snapshot  how an execution is kept beside its journal       wakeup  how readers wait for what is written
    migrations/sqlite/NNNN_name.sql    the schema, one numbered step after the other; a released step is never edited

One suite, tests/stores/test_contract.py and its neighbours, runs against all of them: a store is right when that suite passes, and
a question about the contract is answered by a test there before it is by code. A store imports ports, the core and the two modules
above, and never another store.
"""
