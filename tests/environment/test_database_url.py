"""A database URL is parsed; an error message for an unusable one quotes nothing of it."""

from pathlib import Path

import pytest

from bot.environment.database_url import PostgreSqlUrl, SqliteUrl, WrongDatabaseUrl, read_database_url

SERVER = "postgresql+asyncpg://"
SECRETS = ("s3cret", "h1dden")


def read(url: str) -> PostgreSqlUrl:
    found = read_database_url(url)
    assert isinstance(found, PostgreSqlUrl)
    return found


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite+aiosqlite:///avatar-bot.db", "avatar-bot.db"),
        ("sqlite+aiosqlite:////var/lib/avatar bot/[log] #1 100%.db", "/var/lib/avatar bot/[log] #1 100%.db"),
    ],
)
def test_a_file_is_taken_as_it_is_written(url: str, path: str) -> None:
    assert read_database_url(url) == SqliteUrl(Path(path))


@pytest.mark.parametrize(
    ("rest", "hosts", "ports"),
    [
        ("bot@db/avatar", ("db",), (5432,)),
        ("bot@db.internal:6432/avatar", ("db.internal",), (6432,)),
        ("bot@[::1]:6432/avatar", ("::1",), (6432,)),
        ("bot@[fe80::1]/avatar", ("fe80::1",), (5432,)),
        ("bot@one,two:6432/avatar", ("one", "two"), (5432, 6432)),
        ("bot@/avatar?host=one:5433&host=two", ("one", "two"), (5433, 5432)),
        ("bot@/avatar?host=one,two&port=5433", ("one", "two"), (5433, 5433)),
        ("bot@/avatar?host=/run/postgresql", ("/run/postgresql",), (5432,)),
        ("bot@/avatar?host=/run/postgresql&port=5433", ("/run/postgresql",), (5433,)),
        ("bot@%2Frun%2Fpostgresql/avatar", ("/run/postgresql",), (5432,)),
        ("bot@:6432/avatar", ("localhost",), (6432,)),
        ("bot@/avatar", (), ()),
    ],
)
def test_a_server_is_one_host_or_several_or_a_socket(
    rest: str, hosts: tuple[str, ...], ports: tuple[int, ...]
) -> None:
    found = read(SERVER + rest)
    assert (found.user, found.hosts, found.ports, found.database) == ("bot", hosts, ports, "avatar")


def test_a_password_may_hold_anything_that_is_percent_encoded() -> None:
    found = read(SERVER + "b%40t:p%40%2F%23%3F%25%5B%3A:s3cret@db/avatar")
    assert (found.user, found.password) == ("b@t", "p@/#?%[::s3cret")
    assert set(found.passwords) == {"p%40%2F%23%3F%25%5B%3A:s3cret", "p@/#?%[::s3cret"}
    assert "s3cret" not in repr(found)


def test_libpqs_names_of_parameters_are_understood() -> None:
    found = read(
        SERVER
        + "db/avatar?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3&application_name=bot"
        "&options=-csearch_path%3Davatar&target_session_attrs=primary&user=bot&password=s3cret"
    )
    assert found.files == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}
    assert (found.timeout, found.target_session_attrs) == (3, "primary")
    assert found.server_settings == {"application_name": "bot", "options": "-csearch_path=avatar"}
    assert (found.user, found.password, found.passwords) == ("bot", "s3cret", ("s3cret",))


@pytest.mark.parametrize(
    ("query", "has_pooler"),
    [
        ("", False),
        ("?pgbouncer=true", True),
        ("?prepared_statement_cache_size=0", True),
        ("?statement_cache_size=0", True),
        ("?prepared_statement_cache_size=500", False),
        ("?pgbouncer=false", False),
    ],
)
def test_the_url_may_say_that_there_is_a_pooler(query: str, has_pooler: bool) -> None:  # noqa: FBT001
    assert read(f"{SERVER}db/avatar{query}").has_pooler is has_pooler


WRONG = {
    "mysql://bot:s3cret@db/h1dden": "give sqlite",
    "s3cret": "give sqlite",
    "": "give sqlite",
    "postgres://bot:s3cret@db/avatar": r"begin it with postgresql\+asyncpg://",
    "postgresql://bot:s3cret@db/avatar": r"begin it with postgresql\+asyncpg://",
    "postgresql+psycopg://bot:s3cret@db/avatar": r"begin it with postgresql\+asyncpg://",
    "sqlite:///avatar.db": r"begin it with sqlite\+aiosqlite:///",
    "sqlite+aiosqlite://avatar.db": "three slashes",
    "sqlite+aiosqlite:///avatar.db?timeout=5": "takes no parameters",
    "sqlite+aiosqlite:///": "name a file",
    "sqlite+aiosqlite:///:memory:": "name a file",
    SERVER + "bot:p@s3cret:h1dden@db/avatar": "the @ in it as %40",
    SERVER + "bot:s3cret/h1dden@db/avatar": "the @ in it as %40",
    SERVER + "bot:s3cret#h1dden@db/avatar": "the # in it as %23",
    SERVER + "bot:s3cret?h1dden@db/avatar": "the @ in it as %40",
    SERVER + "bot:s3cret%h1dden@db/avatar": "the % in it as %25",
    SERVER + "bot:s3cret[h1dden@db/avatar": r"the \[ in it as %5B",
    SERVER + "bot:s3cret h1dden@db/avatar": "leave out blanks",
    SERVER + "bot:s3cret%00@db/avatar": "leave out blanks",
    SERVER + "bot:s3cret/h1dden": "its port is not valid",
    SERVER + "bot:s3cret@db:65536/avatar": "its port is not valid",
    SERVER + "bot:s3cret@db:0/avatar": "its port is not valid",
    SERVER + "bot:s3cret@db:h1dden/avatar": "its port is not valid",
    SERVER + "bot:s3cret@::1/avatar": "its port is not valid",
    SERVER + "bot:s3cret@[::h1dden]/avatar": "is not valid|the \\[",
    SERVER + "bot:s3cret@a..b/avatar": "its host is not valid",
    SERVER + "bot:s3cret@db/avatar?sslmode=h1dden": "sslmode takes one of disable",
    SERVER + "bot:s3cret@db/avatar?channel_binding=require": "channel_binding: leave it out",
    SERVER + "bot:s3cret@db/avatar?schema=h1dden": "write options",
    SERVER + "bot:s3cret@db/avatar?h1dden=1": "known parameters are application_name, command_timeout",
    SERVER + "bot:s3cret@db/avatar?connect_timeout=h1dden": "give timeout as seconds",
    SERVER + "bot:s3cret@db/avatar?host=other": "name the host once",
    SERVER + "bot:s3cret@/avatar?host=one,two&port=1,2,3": "one port for each host",
    SERVER + "bot:s3cret@db/avatar?target_session_attrs=h1dden": "takes one of any",
    SERVER + "bot:s3cret@db/avatar?pgbouncer=h1dden": "pgbouncer=true",
}


@pytest.mark.parametrize("url", WRONG)
def test_the_error_for_an_unusable_url_quotes_nothing_of_it(url: str) -> None:
    with pytest.raises(WrongDatabaseUrl, match=WRONG[url]) as wrong:
        read_database_url(url)
    assert not any(secret in f"{wrong.value!r} {wrong.value.__cause__!r}" for secret in SECRETS)
