"""The calls for asyncio, from which those for threads are made."""
