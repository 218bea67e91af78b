"""Test flows, plugins and onbeat itself, without a broker, a network or the passing of time.

    clock.py sink.py    parts for tests of one part: a clock moved by hand, a sink that collects
    virtual.py          time that jumps whenever nothing else goes on
    mocks.py standin.py what is run instead of a task
    model.py kestra.py read.py      a file of flow tests, ours and Kestra's; all that is wrong with it
    library.py          where the flows and triggers are
    arrivals.py brokers.py          events as the world would send them
    bench.py            one node in which a case is played
    case.py verdict.py operators.py  play a case, and compare what happened with what was expected
    session.py          the same from Python
    junit.py            results for CI

Nobody here names the parts of a node: whoever tests hands in what runs one (the daemon's `running`).
"""

from onbeat.testing.clock import START, ManualClock, settle
from onbeat.testing.sink import ListSink

__all__ = ["START", "ListSink", "ManualClock", "settle"]
