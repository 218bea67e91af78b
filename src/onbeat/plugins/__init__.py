"""Integrations, flat: one file (or one package) per third-party library, with its sources, tasks and sinks together.

To add one
1. Copy the shape of `log.py`, the smallest: a docstring, the options as a frozen pydantic model, `run`, `PROVIDES`.
2. `names` are the type names it answers to, onbeat's own first. Options are Kestra's names, as aliases; unknown ones are errors.
3. The class's docstring is its page: what it does, what it gives, and under `Example:` a flow, which tests/plugins/test_examples.py runs
   through the parser and the options.
4. Add its names to registry.py; nothing registers itself. From outside: the entry point group `onbeat.plugins`.
5. Raise TaskFailed when the work failed, OutsideError when trying again may help, UserError when the flow must change. Anything else is a
   bug. Constructing connects to nothing; there is no retry loop here, the engine has one.
6. A plugin sees ports and core, never the engine, never another plugin.
"""
