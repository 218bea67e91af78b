"""Users and tokens: at once in force, at once gone, never kept in plain, always in the audit log."""

from pathlib import Path

import pytest

from onbeat.core.access import Grant, Permission, Role, Scope
from onbeat.engine.accounts import Accounts, subject_of
from onbeat.errors import NotFound, Refused, Unauthorized, UserError
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing.clock import ManualClock

EDITOR = (Grant(Role.EDITOR, "shop"),)
READ = frozenset({Permission.READ})
PASSWORD = "correct horse"


class House:
    """Accounts on a store."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = ManualClock()
        self.accounts = Accounts(self.store, self.store, self.clock)

    def again(self) -> Accounts:
        """As after a restart."""
        return Accounts(self.store, self.store, self.clock)

    async def actions(self) -> list[tuple[str, str, str]]:
        """Who did what to what."""
        return [(row.who, row.action, row.what) for row in reversed(await self.store.audit())]

    async def everything(self) -> str:
        """All that the store keeps."""
        kinds = ("user", "token", "session", "login")
        return str([await self.store.documents(kind) for kind in kinds]) + str(await self.store.audit())


@pytest.fixture
async def house() -> House:
    """With ada in it."""
    made = House()
    await made.store.open()
    await made.accounts.create_user("root", "Ada", email="ada@example.org", password=PASSWORD, grants=EDITOR)
    return made


async def test_a_user_logs_in_with_name_or_mail(house: House) -> None:
    """Whatever the case, after a restart, too; the password is kept nowhere."""
    for accounts in (house.accounts, house.again()):
        for name in ("Ada", "ada", "ADA@example.org"):
            await accounts.logins.check(name, PASSWORD, "192.0.2.1")
        with pytest.raises(Unauthorized):
            await accounts.logins.check("ada", "wrong horse", "192.0.2.1")
    assert PASSWORD not in await house.everything()


async def test_a_user_may_what_his_grants_say_now(house: House) -> None:
    """Taken away, they are gone at once; disabled, he is nobody, and his sessions end."""
    session = await house.accounts.sessions.open("user:ada")
    caller = await house.accounts.caller("user:ada")
    assert caller is not None
    assert (caller.name, caller.kind, caller.user, caller.grants) == ("Ada", "user", "ada", EDITOR)
    await house.accounts.change_user("root", "ada", grants=())
    caller = await house.accounts.caller("user:ada")
    assert caller is not None
    assert caller.grants == ()
    assert await house.accounts.sessions.find(session) is not None
    await house.accounts.change_user("root", "ada", disabled=True)
    assert await house.accounts.caller("user:ada") is None
    assert await house.accounts.sessions.find(session) is None
    with pytest.raises(Unauthorized):
        await house.accounts.logins.check("ada", PASSWORD, "192.0.2.1")


async def test_a_new_password_ends_the_sessions(house: House) -> None:
    """And the old password; tokens stay."""
    session, link = await house.accounts.sessions.open("user:ada"), await house.accounts.sessions.make_link("user:ada")
    _, text = await house.accounts.create_token("Ada", "ci", user="ada")
    await house.accounts.logins.check("ada", PASSWORD, "192.0.2.1")
    await house.accounts.set_password("Ada", "ada", "battery staple")
    assert await house.accounts.sessions.find(session) is None
    assert await house.accounts.sessions.peek(link) is None
    with pytest.raises(Unauthorized):
        await house.accounts.logins.check("ada", PASSWORD, "192.0.2.1")
    await house.accounts.logins.check("ada", "battery staple", "192.0.2.1")
    assert await house.accounts.token(text) is not None


async def test_a_removed_user_is_gone_with_all_of_his(house: House) -> None:
    """Tokens, their sessions and his; a new user of the name gets nothing of it."""
    token, text = await house.accounts.create_token("Ada", "ci", user="ada")
    sessions = [await house.accounts.sessions.open(subject) for subject in ("user:ada", subject_of(token))]
    await house.accounts.delete_user("root", "Ada")
    await house.accounts.create_user("root", "ada")
    for accounts in (house.accounts, house.again()):
        assert await accounts.token(text) is None
        assert [await accounts.sessions.find(session) for session in sessions] == [None, None]
    with pytest.raises(NotFound):
        await house.accounts.delete_user("root", "nobody")


@pytest.mark.parametrize("name", ["ADA", "ada@example.org"])
async def test_names_and_mail_addresses_are_taken_once(house: House, name: str) -> None:
    """Whatever the case: two users are never one at the door."""
    with pytest.raises(Refused):
        await house.accounts.create_user("root", name)
    await house.accounts.create_user("root", "bob")
    for email in ("Ada@Example.org", "ada"):
        with pytest.raises(Refused):
            await house.accounts.change_user("root", "bob", email=email)
    await house.accounts.change_user("root", "ada", email="ada@example.org")


@pytest.mark.parametrize("name", ["", "a b", "../x", "admin-token", "Anonymous", "-x", "x" * 129, "a/b", "a:b", "ä", "a\n"])
async def test_a_name_is_a_name(house: House, name: str) -> None:
    """Nothing that could be read as something else in an address, a log or the audit log."""
    with pytest.raises(UserError):
        await house.accounts.create_user("root", name)


async def test_a_token_is_found_by_its_text_only(house: House) -> None:
    """256 random bits that are kept as a hash; any other text is none."""
    token, text = await house.accounts.create_token("Ada", "ci", user="ada", scopes=[Scope(READ, "shop")])
    assert text.startswith(f"onbeat_{token.id}_")
    secret = text.rpartition("_")[2]
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in await house.everything()
    other, _ = await house.accounts.create_token("Ada", "cd", user="ada")
    wrong = [text[:-1], text + "0", text.upper(), f"onbeat_{other.id}_{secret}", f"onbeat_{token.id}_{token.digest}", "", "onbeat_"]
    for accounts in (house.accounts, house.again()):
        found = await accounts.token(text)
        assert found is not None
        assert found.id == token.id
        assert [await accounts.token(each) for each in wrong] == [None] * len(wrong)


async def test_a_token_may_what_its_owner_may_within_its_scopes(house: House) -> None:
    """Both at this moment."""
    token, _ = await house.accounts.create_token("Ada", "ci", user="ada", scopes=[Scope(READ | {Permission.ADMIN})])
    caller = await house.accounts.caller(subject_of(token))
    assert caller is not None
    assert (caller.name, caller.kind, caller.user) == ("Ada/ci", "token", "ada")
    assert caller.may(Permission.READ, "shop.a")
    assert not caller.may(Permission.READ, "other")
    assert not caller.may(Permission.WRITE, "shop")
    assert not caller.may(Permission.ADMIN)
    await house.accounts.change_user("root", "ada", disabled=True)
    assert await house.accounts.caller(subject_of(token)) is None
    admins, _ = await house.accounts.create_token("admin-token", "backup", user=None, scopes=[Scope(READ)])
    caller = await house.accounts.caller(subject_of(admins))
    assert caller is not None
    assert caller.name == "admin-token/backup"
    assert caller.may(Permission.READ)
    assert not caller.may(Permission.RUN)


async def test_a_token_ends_when_it_expires_or_is_revoked(house: House) -> None:
    """With the next request; what it opened, too."""
    late, text = await house.accounts.create_token("Ada", "late", user="ada", expires=house.clock.now() + 60_000_000)
    await house.clock.advance(59)
    assert await house.accounts.token(text) is not None
    await house.clock.advance(1)
    assert await house.accounts.token(text) is None
    assert await house.accounts.caller(subject_of(late)) is None
    gone, text = await house.accounts.create_token("Ada", "gone", user="ada")
    session = await house.accounts.sessions.open(subject_of(gone))
    await house.accounts.delete_token("Ada", gone.id)
    assert await house.accounts.token(text) is None
    assert await house.accounts.sessions.find(session) is None
    assert await house.accounts.caller(subject_of(gone)) is None
    with pytest.raises(NotFound):
        await house.accounts.delete_token("Ada", gone.id)


async def test_a_tokens_use_is_written_down_seldom(house: House) -> None:
    """And never brings back one that was revoked."""
    token, text = await house.accounts.create_token("Ada", "ci", user="ada")
    first = house.clock.now()
    for _ in range(3):
        await house.accounts.token(text)
        await house.clock.advance(100)
    assert (await house.accounts.need_token(token.id)).used == first
    await house.clock.advance(1)
    await house.accounts.token(text)
    assert (await house.again().need_token(token.id)).used == house.clock.now()
    assert [each.name for each in await house.accounts.tokens("ada")] == ["ci"]
    assert await house.accounts.tokens("bob") == []


async def test_tokens_are_named_once_and_are_not_too_many(house: House) -> None:
    """For each owner; an expiry in the past is a mistake."""
    await house.accounts.create_token("Ada", "ci", user="ada")
    await house.accounts.create_token("root", "ci", user=None)
    with pytest.raises(Refused):
        await house.accounts.create_token("Ada", "ci", user="ada")
    with pytest.raises(UserError):
        await house.accounts.create_token("Ada", "past", user="ada", expires=house.clock.now())
    for number in range(99):
        await house.accounts.create_token("Ada", f"t{number}", user="ada")
    with pytest.raises(Refused, match="100 tokens"):
        await house.accounts.create_token("Ada", "more", user="ada")


async def test_every_change_is_in_the_audit_log(house: House) -> None:
    """Who, what, how it was and is; no hash, no password."""
    token, _ = await house.accounts.create_token("Ada", "ci", user="ada")
    await house.accounts.change_user("root", "ada", grants=(Grant(Role.VIEWER),))
    await house.accounts.set_password("Ada", "ada", "battery staple")
    await house.accounts.delete_token("Ada", token.id)
    await house.accounts.delete_user("root", "ada")
    assert await house.actions() == [
        ("root", "user.create", "user:ada"),
        ("Ada", "token.create", f"token:{token.id}"),
        ("root", "user.change", "user:ada"),
        ("Ada", "user.password", "user:ada"),
        ("Ada", "token.delete", f"token:{token.id}"),
        ("root", "user.delete", "user:ada"),
    ]
    rows = await house.store.audit()
    assert rows[3].before == {
        "name": "Ada", "email": "ada@example.org", "grants": [{"role": "editor", "namespace": "shop"}], "disabled": False,
    }  # fmt: skip
    assert "argon2" not in str(rows)
    assert token.digest not in str(rows)


@pytest.mark.parametrize("subject", ["", "user:", "user:nobody", "token:0", "admin-token", "root:ada", "ada"])
async def test_nobody_stands_behind_another_subject(house: House, subject: str) -> None:
    """A subject that is no account's is nobody."""
    assert await house.accounts.caller(subject) is None


async def test_all_of_it_is_there_after_a_restart_on_disk(tmp_path: Path) -> None:
    """Grants, topics, scopes, times, sessions, links: what is read back is what was kept."""
    clock, store = ManualClock(), SqliteStore(tmp_path)
    await store.open()
    accounts = Accounts(store, store, clock)
    await accounts.create_user(
        "root", "Ada", email="a@b.c", password=PASSWORD, grants=[Grant(Role.OPERATOR, "shop", ("orders.*",)), *EDITOR]
    )
    scopes = [Scope(READ | {Permission.RUN}, "shop", ("heat",)), Scope(READ, None, ())]
    token, text = await accounts.create_token("Ada", "ci", user="ada", scopes=scopes, expires=clock.now() + 10**12)
    session, link = await accounts.sessions.open("user:ada"), await accounts.sessions.make_link(subject_of(token))
    await accounts.token(text)
    before = (await accounts.users(), await accounts.token(text), await accounts.caller(subject_of(token)))
    await store.close()
    again = SqliteStore(tmp_path)
    await again.open()
    accounts = Accounts(again, again, clock)
    assert (await accounts.users(), await accounts.token(text), await accounts.caller(subject_of(token))) == before
    await accounts.logins.check("ada", PASSWORD, "192.0.2.1")
    assert await accounts.sessions.find(session) is not None
    assert await accounts.sessions.redeem(link) is not None
    await again.close()
