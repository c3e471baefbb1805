"""Parse AVATAR_DATABASE_URL strictly; error messages quote nothing of it.

Any part of the URL may belong to a password in which a character is not percent-encoded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from urllib.parse import parse_qsl, unquote

SHAPES = "sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://user@host/database"
DEFAULT_PORT = 5432
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0

_ENCODED = {"@": "%40", "/": "%2F", "#": "%23", "?": "%3F", "%": "%25", "[": "%5B", "]": "%5D"}
_OTHER_NAMES = re.compile(r"(postgres(ql)?|sqlite3?)(\+[a-z0-9]+)?")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_NO_FILE = {"", ":memory:", "file::memory:"}

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SESSIONS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
_YES = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}

_SAME_AS = {
    "dbname": "database",
    "ssl": "sslmode",
    "connect_timeout": "timeout",
    "statement_cache_size": "prepared_statement_cache_size",
}
"""Other names for known parameters."""

_INSTEAD = {
    "channel_binding": "leave it out: the driver asyncpg does not know it",
    "gssencmode": "leave it out: the driver asyncpg does not know it",
    "hostaddr": "write host",
    "schema": "write options=-csearch_path%3Dname",
    "currentSchema": "write options=-csearch_path%3Dname",
    "sslfactory": "write sslmode",
    "ssl_mode": "write sslmode",
    "sslMode": "write sslmode",
    "tls": "write sslmode",
    "ApplicationName": "write application_name",
    "connectTimeout": "write connect_timeout",
    "targetServerType": "write target_session_attrs",
    "prepareThreshold": "write pgbouncer=true",
    "pgBouncer": "write pgbouncer=true",
    "pool_size": "leave it out: the bot has ten connections",
    "max_overflow": "leave it out: the bot has ten connections",
    "connection_limit": "leave it out: the bot has ten connections",
    "pool_timeout": "leave it out",
    "connect_args": "leave it out",
    "async_fallback": "leave it out",
    "prepared_statement_name_func": "write pgbouncer=true",
    "keepalives": "leave it out",
    "keepalives_idle": "leave it out",
    "keepalives_interval": "leave it out",
    "keepalives_count": "leave it out",
    "client_encoding": "leave it out: it is UTF-8",
    "fallback_application_name": "write application_name",
    "statement_timeout": "write options=-cstatement_timeout%3D5000",
    "search_path": "write options=-csearch_path%3Dname",
}
"""Parameters of other programs, and what to write instead."""

_FILES = ("sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl")
_PLAIN = ("database", "user", "password", "passfile", "application_name", "options")
_UNDERSTOOD = (
    *("host", "port", "sslmode", "target_session_attrs", "timeout", "command_timeout", "pgbouncer"),
    *("prepared_statement_cache_size", *_FILES, *_PLAIN),
)


class WrongDatabaseUrl(ValueError):
    """An unusable URL; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SqliteUrl:
    """An SQLite file."""

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files to protect: the database, and the two that SQLite keeps beside it while it is open."""
        return tuple(self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm"))

    @property
    def passwords(self) -> tuple[str, ...]:
        """No passwords: a file has none."""
        return ()


@dataclass(frozen=True, slots=True)
class PostgreSqlUrl:
    """One server, or several of which one takes writes. The driver decides what is None."""

    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """Every password, both as written and as decoded, for redaction."""
    database: str | None = None
    timeout: float = CONNECT_SECONDS
    command_timeout: float = STATEMENT_SECONDS
    has_pooler: bool = False
    """Whether the URL says that a pooler such as PgBouncer is in front; the bot also detects one itself."""
    target_session_attrs: str | None = None
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`passfile`, `sslmode` and the TLS files."""
    server_settings: Mapping[str, str] = field(default_factory=dict)


def read_database_url(url: str) -> SqliteUrl | PostgreSqlUrl:
    """Parse the URL.

    Raises:
        WrongDatabaseUrl: the URL cannot be used.
    """
    scheme, colon, rest = url.partition("://")
    if colon and scheme == "sqlite+aiosqlite":
        return _sqlite(rest)
    if colon and scheme == "postgresql+asyncpg":
        return _postgresql(rest)
    if colon and (known := _OTHER_NAMES.fullmatch(scheme)):
        right = "sqlite+aiosqlite:///" if known[1].startswith("sqlite") else "postgresql+asyncpg://"
        raise WrongDatabaseUrl(f"begin it with {right} (instead of {scheme}://)")
    raise WrongDatabaseUrl(f"give {SHAPES}")


def _sqlite(rest: str) -> SqliteUrl:
    path, mark, _ = rest.removeprefix("/").partition("?")
    if path in _NO_FILE and rest.startswith("/"):
        raise WrongDatabaseUrl("name a file: a database in memory is lost when the bot stops")
    if mark:
        raise WrongDatabaseUrl("leave out the ? and what follows it: an SQLite URL takes no parameters")
    if not rest.startswith("/") or "\0" in path:
        raise WrongDatabaseUrl(
            "give sqlite+aiosqlite:///path/to/file.db, with three slashes before a path in this folder "
            "and four before one that begins with /"
        )
    return SqliteUrl(Path(path))


def _postgresql(rest: str) -> PostgreSqlUrl:
    address, _, query = rest.partition("?")
    authority, _, path = address.partition("/")
    login, _, servers = authority.rpartition("@")
    for part, characters in ((rest, "#"), (login, "@[]"), (path, "@/[]"), (query, "@")):
        if wrong := next((one for one in characters if one in part), None):
            raise WrongDatabaseUrl(_encode(wrong))
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise WrongDatabaseUrl(_encode("%"))
    if re.search(r"[\s\x00-\x1f\x7f]|%00", rest):
        raise WrongDatabaseUrl("leave out blanks and line breaks, or percent-encode them (a blank is %20)")
    user, _, password = login.partition(":")
    found = _parameters(query)
    passwords = [password, unquote(password), found.get("password", ""), found.get("sslpassword", "")]
    hosts = list(_hosts(servers)) if servers else []
    if "host" in found:
        if hosts:
            raise WrongDatabaseUrl("name the host once: before the database, or as host= after the ?")
        hosts = [host for many in found["host"].split(",") for host in _hosts(many)]
    ports = [port or DEFAULT_PORT for _, port in hosts]
    if "port" in found:
        given = [_port(port) for port in found["port"].split(",")]
        ports = given * max(1, len(hosts)) if len(given) == 1 else given
        if len(ports) != max(1, len(hosts)):
            raise WrongDatabaseUrl("give one port for each host, or one port for all")
    return PostgreSqlUrl(
        hosts=tuple(host for host, _ in hosts),
        ports=tuple(ports),
        user=unquote(user) or found.get("user"),
        password=unquote(password) or found.get("password"),
        passwords=tuple(dict.fromkeys(filter(None, passwords))),
        database=unquote(path) or found.get("database"),
        timeout=_seconds(found, "timeout", CONNECT_SECONDS),
        command_timeout=_seconds(found, "command_timeout", STATEMENT_SECONDS),
        has_pooler=_has_pooler(found),
        target_session_attrs=_one_of(found, "target_session_attrs", _SESSIONS),
        files={name: found[name] for name in ("passfile", "sslmode", *_FILES) if name in found},
        server_settings={name: found[name] for name in ("application_name", "options") if name in found},
    )


def _encode(character: str) -> str:
    return (
        f"percent-encode the {character} in it as {_ENCODED[character]} "
        "(these characters must be encoded in a user, a password or a name: @ / ? # % [ ])"
    )


def _parameters(query: str) -> dict[str, str]:
    """Parse the part after `?`; other names for a parameter become the one used here."""
    found: dict[str, str] = {}
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, value in pairs:
        known = _SAME_AS.get(name, name)
        if remedy := _INSTEAD.get(name):
            raise WrongDatabaseUrl(f"the bot does not support the parameter {name}: {remedy}")
        if known not in _UNDERSTOOD:
            raise WrongDatabaseUrl(
                "it has an unknown parameter after the ?; known parameters are "
                + ", ".join(sorted(_UNDERSTOOD))
            )
        found[known] = f"{found[known]},{value}" if known in found and known == "host" else value
    if "sslmode" in found:
        found["sslmode"] = {"true": "require", "false": "disable"}.get(found["sslmode"], found["sslmode"])
        _one_of(found, "sslmode", _SSL_MODES)
    return found


def _hosts(servers: str) -> Iterator[tuple[str, int | None]]:
    """Yield each server: `host`, `host:port`, `[IPv6 address]:port` or `/folder of a socket`."""
    for server in servers.split(","):
        if "/" in (folder := unquote(server)):
            if not folder.startswith("/"):
                raise WrongDatabaseUrl(_encode("/"))
            yield folder, None
            continue
        bracketed = re.fullmatch(r"\[([^]]*)\](?::(.*))?", server)
        host, _, port = (bracketed[1], "", bracketed[2] or "") if bracketed else server.partition(":")
        if not (_is_ipv6(host) if bracketed else _HOST.fullmatch(host)) and (host or "," in servers):
            raise WrongDatabaseUrl(
                "its host is not valid: give host, host:port or [IPv6 address]:port "
                "(a port is a number up to 65535)"
            )
        if host or port:
            yield host or "localhost", _port(port) if port else None


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= 65535):
        raise WrongDatabaseUrl(
            "its port is not valid: give a number from 1 to 65535, "
            "and percent-encode the special characters of a password (@ as %40, : as %3A)"
        )
    return int(text)


def _seconds(found: Mapping[str, str], name: str, otherwise: float) -> float:
    text = found.get(name)
    if text is None:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not float(text):
        raise WrongDatabaseUrl(f"give {name} as seconds, such as {name}=5")
    return float(text)


def _one_of(found: Mapping[str, str], name: str, words: tuple[str, ...]) -> str | None:
    value = found.get(name)
    if value is not None and value not in words:
        raise WrongDatabaseUrl(f"{name} takes one of " + ", ".join(words))
    return value


def _has_pooler(found: Mapping[str, str]) -> bool:
    size = found.get("prepared_statement_cache_size", "1")
    if not re.fullmatch(r"[0-9]{1,6}", size):
        raise WrongDatabaseUrl("give prepared_statement_cache_size as a number, 0 behind PgBouncer")
    said = found.get("pgbouncer", "false").lower()
    if said not in _YES:
        raise WrongDatabaseUrl("give pgbouncer=true or leave it out")
    return _YES[said] or int(size) == 0
