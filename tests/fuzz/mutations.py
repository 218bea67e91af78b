"""Bend a text: cut, repeat, swap and insert, one to four times.

Called by: expressions.py and documents.py.
"""

from collections.abc import Sequence
from random import Random

LONGEST = 70_000


def mutated(choose: Random, text: str, tokens: Sequence[str]) -> str:
    """The text, bent."""
    for _ in range(choose.choice([1, 1, 1, 2, 3, 4])):
        text = _once(choose, text, tokens)
    return text[:LONGEST]


def _once(choose: Random, text: str, tokens: Sequence[str]) -> str:
    start = choose.randint(0, len(text))
    end = min(len(text), start + choose.choice([1, 1, 2, 5, 20]))
    match choose.randrange(10):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:end] + text[start:]
        case 2:
            return text[:start] + choose.choice(tokens) + text[end:]
        case 3 | 4 | 5:
            return text[:start] + choose.choice(tokens) + text[start:]
        case 6:
            return text[:start] + choose.choice(tokens) * choose.choice([2, 3, 50, 1_000]) + text[start:]
        case 7:
            return text[:start] + text[start:end] * choose.choice([2, 10, 500]) + text[end:]
        case 8:
            other = choose.randint(0, len(text))
            low, high = sorted((start, other))
            return text[:low] + text[high : high + 10] + text[low + 10 : high] + text[low : low + 10] + text[high + 10 :]
        case _:
            return text[:start] + chr(choose.choice([0, 9, 10, 13, 0x7F, 0x85, 0xA0, 0xD800, 0xFEFF, 0x2029, 0x10FFFF])) + text[start:]
