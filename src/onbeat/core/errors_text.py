"""Put a problem into the words that are kept with a task run: bounded, without a traceback."""

LONGEST = 2_000


def short(problem: BaseException) -> str:
    """The problem's message, at most LONGEST characters."""
    text = str(problem) or type(problem).__name__
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
