"""The calls for threads, made from those for asyncio."""
