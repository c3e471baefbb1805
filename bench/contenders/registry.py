"""The contenders and how to run them."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.toolchains import NODE, SCRIPT, SCRIPT_PYTHON, Toolchain

_HERE = Path(__file__).parent
_AVATAR_BOT = (sys.executable, "-m", "bot", "run")


class Way(StrEnum):
    """The transport of commands."""

    HTTP = "http"
    SOCKET = "socket"


class Store(StrEnum):
    """The database of a contender."""

    OWN = "own"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One contender.

    `announces`: whether it posts. `signs`: whether it signs with AK/SK instead of using a token. `manner`:
    how it works, for the report.
    """

    name: str
    label: str
    command: tuple[str, ...]
    way: Way
    manner: str
    announces: bool = True
    signs: bool = False
    store: Store = Store.OWN
    needs: Toolchain | None = None


OURS = Contender(
    name="ours",
    label="avatar-bot, HTTP, SQLite",
    command=_AVATAR_BOT,
    way=Way.HTTP,
    signs=True,
    manner="signs with AK/SK; commits four times a command, each synced",
)
OURS_POSTGRESQL = Contender(
    name="ours_postgresql",
    label="avatar-bot, HTTP, PostgreSQL",
    command=_AVATAR_BOT,
    way=Way.HTTP,
    store=Store.POSTGRESQL,
    signs=True,
    manner="as above; the memory and CPU of the database's server are not counted",
)
OURS_SOCKET = Contender(
    name="ours_socket",
    label="avatar-bot, Socket Mode, SQLite",
    command=_AVATAR_BOT,
    way=Way.SOCKET,
    signs=True,
    manner="as above",
)
SCRIPT_CONTENDER = Contender(
    name="script",
    label="script: Bolt for Python, vendor's SDK, Socket Mode",
    command=(SCRIPT_PYTHON, str(_HERE / "script" / "app.py")),
    way=Way.SOCKET,
    needs=SCRIPT,
    signs=True,
    manner="signs with AK/SK; one row a command, synced",
)
_APP_JS = ("node", str(_HERE / "bolt_js" / "app.js"))
BOLT_JS = Contender(
    name="bolt_js",
    label="Bolt for JavaScript, Socket Mode",
    command=_APP_JS,
    way=Way.SOCKET,
    needs=NODE,
    manner="ready-made token; one row a command, not synced (better-sqlite3's default)",
)
BOLT_JS_HTTP = Contender(
    name="bolt_js_http",
    label="Bolt for JavaScript, HTTP",
    command=_APP_JS,
    way=Way.HTTP,
    needs=NODE,
    manner="as above",
)
FLOOR = Contender(
    name="floor",
    label="floor: AsyncApp, call and post, HTTP",
    command=(sys.executable, str(_HERE / "floor.py")),
    way=Way.HTTP,
    manner="ready-made token; no log, no checks",
)
FLOOR_SOCKET = Contender(
    name="floor_socket",
    label="floor: AsyncApp, call and post, Socket Mode",
    command=FLOOR.command,
    way=Way.SOCKET,
    manner="as above",
)
FLOOR_ACK = Contender(
    name="floor_ack",
    label="floor: AsyncApp, ack only, HTTP",
    command=(sys.executable, str(_HERE / "floor_ack.py")),
    way=Way.HTTP,
    announces=False,
    manner="nothing but the ack: done means acknowledged",
)
BARE = Contender(
    name="bare",
    label="yardstick: bare sockets, no contender",
    command=(sys.executable, "-m", "bench.contenders.bare"),
    way=Way.HTTP,
    manner="shows what stand-ins and load generator can sustain at least",
)

CONTENDERS = (
    OURS,
    OURS_POSTGRESQL,
    OURS_SOCKET,
    SCRIPT_CONTENDER,
    BOLT_JS,
    BOLT_JS_HTTP,
    FLOOR,
    FLOOR_SOCKET,
    FLOOR_ACK,
)
