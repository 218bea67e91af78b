"""Sessions of browsers: they end, they are hashed where they are kept, and a link works once."""

import pytest

from onbeat.engine.documents import Documents
from onbeat.engine.sessions import LINK, Lifetime, Link, Session, Sessions, csrf_token
from onbeat.errors import Overloaded
from onbeat.stores.memory import MemoryStore
from onbeat.testing.clock import ManualClock
from tests.engine.test_documents import Counting


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
async def documents() -> Documents:
    """Nothing yet."""
    store = MemoryStore()
    await store.open()
    return Documents(store, store)


@pytest.fixture
def sessions(documents: Documents, clock: ManualClock) -> Sessions:
    """Nobody yet."""
    return Sessions(documents, clock)


async def test_a_session_is_found_by_what_the_browser_holds(sessions: Sessions, documents: Documents) -> None:
    """Which is nowhere in the store."""
    secret = await sessions.open("user:ada")
    found = await sessions.find(secret)
    assert found is not None
    assert found.subject == "user:ada"
    assert len(secret) >= 43
    assert secret not in str(await documents.all(Session))
    assert await sessions.find(found.id) is None
    assert await sessions.find("") is None


async def test_a_session_ends_without_use_and_with_age(sessions: Sessions, clock: ManualClock) -> None:
    """Whichever comes first."""
    idle, used = await sessions.open("user:ada"), await sessions.open("user:ada")
    left = Lifetime().longest
    while left > 0:
        await clock.advance(Lifetime().idle - 1)
        left -= Lifetime().idle - 1
        assert (await sessions.find(used) is not None) is (left >= 0)
    assert await sessions.find(idle) is None


async def test_a_use_is_written_down_seldom(clock: ManualClock) -> None:
    """Ten thousand requests in a minute are no commit; a full disk logs nobody out."""
    store = Counting()
    await store.open()
    sessions = Sessions(Documents(store, store), clock)
    secret = await sessions.open("user:ada")
    store.full = True
    for seconds in (1, 100, 198):
        await clock.advance(seconds)
        assert await sessions.find(secret) is not None
    with pytest.raises(Overloaded):
        await sessions.open("user:ada")
    await clock.advance(100)
    before = await sessions.find(secret)
    store.full = False
    await sessions.find(secret)
    after = await sessions.find(secret)
    assert before is not None
    assert after is not None
    assert after.seen > before.seen


async def test_a_session_is_closed(sessions: Sessions) -> None:
    """This one, not the others; twice does no harm."""
    one, other = await sessions.open("user:ada"), await sessions.open("user:ada")
    await sessions.close(one)
    await sessions.close(one)
    assert await sessions.find(one) is None
    assert await sessions.find(other) is not None


async def test_a_link_works_once(sessions: Sessions, documents: Documents) -> None:
    """A preview that only looks does not use it up."""
    link = await sessions.make_link("user:ada")
    assert link not in str(await documents.all(Link))
    for _ in range(3):
        assert await sessions.peek(link) == "user:ada"
    secret = await sessions.redeem(link)
    assert secret is not None
    session = await sessions.find(secret)
    assert session is not None
    assert session.subject == "user:ada"
    assert await sessions.redeem(link) is None
    assert await sessions.peek(link) is None


async def test_a_link_works_for_five_minutes(sessions: Sessions, documents: Documents, clock: ManualClock) -> None:
    """Later it is none, and the next one that is made sweeps it away."""
    link = await sessions.make_link("user:ada")
    await clock.advance(LINK)
    assert await sessions.peek(link) == "user:ada"
    await clock.advance(1)
    assert await sessions.redeem(link) is None
    await sessions.make_link("user:bob")
    assert [each.subject for each in (await documents.all(Link)).values()] == ["user:bob"]


async def test_what_is_kept_is_bounded(sessions: Sessions, documents: Documents, clock: ManualClock) -> None:
    """The oldest of one subject make place, those of others stay; what is over is swept away."""
    other = await sessions.open("user:bob")
    first = await sessions.open("user:ada")
    for _ in range(100):
        await clock.advance(1)
        await sessions.open("user:ada")
        await sessions.make_link("user:ada")
    assert len(await documents.all(Session)) == 101
    assert len(await documents.all(Link)) == 100
    assert await sessions.find(first) is None
    assert await sessions.find(other) is not None
    await clock.advance(Lifetime().idle + 1)
    await sessions.open("user:ada")
    assert len(await documents.all(Session)) == 1


async def test_sessions_are_there_after_a_restart(sessions: Sessions, documents: Documents, clock: ManualClock) -> None:
    """Nobody logs in again because the daemon was upgraded."""
    secret = await sessions.open("user:ada")
    store = documents._store
    assert isinstance(store, MemoryStore)
    assert await Sessions(Documents(store, store), clock).find(secret) is not None


def test_a_csrf_token_belongs_to_its_session() -> None:
    """And does not give it away."""
    assert csrf_token("a") == csrf_token("a") != csrf_token("b")
    assert "a-secret" not in csrf_token("a-secret")
    assert len(csrf_token("\udcff")) == 64


async def test_how_long_a_session_lasts_is_a_setting(clock: ManualClock) -> None:
    """Without use, and in all."""
    store = MemoryStore()
    await store.open()
    sessions = Sessions(Documents(store, store), clock, Lifetime(idle=400, longest=700))
    idle, used = await sessions.open("user:ada"), await sessions.open("user:ada")
    await clock.advance(350)
    assert await sessions.find(used) is not None
    await clock.advance(100)
    assert [await sessions.find(idle) is None, await sessions.find(used) is None] == [True, False]
    await clock.advance(300)
    assert await sessions.find(used) is None
