"""Places: bounded, given in order of asking, given back once."""

from onbeat.engine.places import Places


class Given(list[tuple[str, int]]):
    """Collects who was given a place."""

    def __call__(self, execution: str, run: int) -> None:
        self.append((execution, run))


def test_no_more_than_there_are() -> None:
    """A place is reserved while one is free; `none` needs none."""
    places = Places({"loop": 2}, Given())
    assert places.try_reserve("a", 1, "loop")
    assert places.try_reserve("a", 2, "loop")
    assert not places.try_reserve("a", 3, "loop")
    assert places.try_reserve("a", 3, "none")
    assert places.held() == 2


def test_the_longest_waiting_comes_first() -> None:
    """A freed place goes to who asked first, and nobody jumps the queue."""
    given = Given()
    places = Places({"loop": 1}, given)
    places.ask("a", 1, "loop")
    places.ask("b", 1, "loop")
    places.ask("c", 1, "loop")
    assert given == [("a", 1)]
    assert places.waiting() == 2
    places.withdraw("a", 1)
    assert given == [("a", 1), ("b", 1)]
    assert not places.try_reserve("d", 1, "loop")
    places.withdraw("b", 1)
    places.withdraw("c", 1)
    assert places.held() == 0
    assert places.try_reserve("d", 1, "loop")


def test_who_withdraws_is_passed_over() -> None:
    """A task run that was killed while it waited takes no place; asking again takes its turn anew."""
    given = Given()
    places = Places({"loop": 1}, given)
    places.ask("a", 1, "loop")
    places.ask("b", 1, "loop")
    places.ask("c", 1, "loop")
    places.withdraw("b", 1)
    assert places.waiting() == 1
    places.withdraw("a", 1)
    assert given == [("a", 1), ("c", 1)]


def test_the_same_job_holds_one_place() -> None:
    """Reserving twice takes one place; giving back twice gives one."""
    places = Places({"loop": 2}, Given())
    assert places.try_reserve("a", 1, "loop")
    assert places.try_reserve("a", 1, "loop")
    assert places.held() == 1
    places.withdraw("a", 1)
    places.withdraw("a", 1)
    assert places.try_reserve("b", 1, "loop")
    assert places.try_reserve("b", 2, "loop")
    assert not places.try_reserve("b", 3, "loop")


def test_kinds_do_not_share() -> None:
    """Processes that wait do not hold back tasks on the loop."""
    given = Given()
    places = Places({"loop": 1, "process": 1}, given)
    places.ask("a", 1, "process")
    places.ask("a", 2, "process")
    assert places.try_reserve("b", 1, "loop")
    assert given == [("a", 1)]


def test_asking_again_after_withdrawing_counts() -> None:
    """Withdrawn from the queue, then asked again before its old entry came up: it is given one place."""
    given = Given()
    places = Places({"loop": 1}, given)
    places.ask("a", 1, "loop")
    places.ask("b", 1, "loop")
    places.withdraw("b", 1)
    places.ask("b", 1, "loop")
    places.withdraw("a", 1)
    assert given == [("a", 1), ("b", 1)]
    places.withdraw("b", 1)
    assert places.held() == 0
    assert places.waiting() == 0


def test_an_attempt_keeps_its_place_while_the_next_one_waits() -> None:
    """A stopped attempt that is slow to end, and the next attempt of the same task run: two places, each given back once."""
    given = Given()
    places = Places({"loop": 1}, given)
    assert places.try_reserve("a", 1, "loop")
    first = places.take("a", 1)
    places.ask("a", 1, "loop")
    assert given == []
    assert places.waiting() == 1
    places.release(first)
    assert given == [("a", 1)]
    second = places.take("a", 1)
    assert places.held() == 1
    assert not places.try_reserve("b", 1, "loop")
    places.release(second)
    assert places.held() == 0


def test_what_was_taken_is_not_withdrawn() -> None:
    """Withdrawing a job whose attempt runs gives nothing back; giving back does not take a job out of the queue."""
    given = Given()
    places = Places({"loop": 1}, given)
    assert places.try_reserve("a", 1, "loop")
    place = places.take("a", 1)
    places.withdraw("a", 1)
    assert places.held() == 1
    places.ask("b", 1, "loop")
    places.give_back("b", 1)
    assert places.waiting() == 1
    places.release(place)
    assert given == [("b", 1)]


def test_closed_places_are_given_to_nobody() -> None:
    """Who waits goes on waiting, who asks waits, tasks that need no place neither begin."""
    given = Given()
    places = Places({"loop": 1}, given)
    assert places.try_reserve("a", 1, "loop")
    place = places.take("a", 1)
    places.ask("b", 1, "loop")
    places.close()
    places.release(place)
    places.ask("c", 1, "none")
    assert given == []
    assert places.waiting() == 1
    assert not places.try_reserve("d", 1, "none")


def test_an_execution_is_forgotten_whole() -> None:
    """What it reserved goes to the next, what it waited for to nobody."""
    given = Given()
    places = Places({"loop": 2}, given)
    for run in (1, 2, 3, 4):
        places.ask("a", run, "loop")
    places.ask("b", 1, "loop")
    places.forget("a")
    assert given == [("a", 1), ("a", 2), ("b", 1)]
    assert (places.held(), places.waiting()) == (1, 0)


def test_a_long_queue_costs_its_length() -> None:
    """Serving a hundred thousand jobs in turn is no square of it: the queue is no dict whose front is scanned again each time."""
    given = Given()
    places = Places({"loop": 1}, given)
    count = 100_000
    for n in range(count):
        places.ask("a", n, "loop")
    for _ in range(count):
        places.release(places.take(*given[-1]))
    assert len(given) == count
