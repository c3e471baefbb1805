"""What was meant by a mistake."""

import pytest

from bot.domain.correction import Correction, correction
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code

START, AVATAR = "/avatar-start", "/avatar"
VERBS = ("help", "jobs", "stop", "quick")


@pytest.mark.parametrize(
    ("command", "text", "why", "meant"),
    [
        (AVATAR, "jbos", reason(Code.SUBCOMMAND_UNKNOWN, word="jbos", close="jobs"), "/avatar jobs"),
        (
            AVATAR,
            "stpo lobby",
            reason(Code.SUBCOMMAND_UNKNOWN, word="stpo", close="stop"),
            "/avatar stop lobby",
        ),
        (
            AVATAR,
            'stpo "Lobby kiosk"',
            reason(Code.SUBCOMMAND_UNKNOWN, close="stop"),
            '/avatar stop "Lobby kiosk"',
        ),
        (AVATAR, "start lobby x", reason(Code.SUBCOMMAND_UNKNOWN, close="stop"), "/avatar-start lobby x"),
        (AVATAR, "START", reason(Code.SUBCOMMAND_UNKNOWN), "/avatar-start help"),
        (AVATAR, "xyz", reason(Code.SUBCOMMAND_UNKNOWN, word="xyz"), None),
        (START, "Stop lobby", reason(Code.WORD_OF_OTHER_COMMAND, word="Stop"), "/avatar stop lobby"),
        (
            START,
            "lobby cn-nroth-4 client_id=x",
            reason(Code.REGION_UNKNOWN, word="cn-nroth-4", close="cn-north-4"),
            "/avatar-start lobby cn-north-4 client_id=x",
        ),
        (
            START,
            "“Lobby kiosk” region = cn-nroth-4",
            reason(Code.REGION_UNKNOWN, word="cn-nroth-4", close="cn-north-4"),
            '/avatar-start "Lobby kiosk" region=cn-north-4',
        ),
        (
            START,
            "lobby rom_type=rtc",
            reason(Code.OPTION_UNKNOWN, word="rom_type", close="room_type"),
            "/avatar-start lobby room_type=rtc",
        ),
        (
            START,
            '"Loby kiosk" cn-north-4',
            reason(Code.ROOM_NAME_UNKNOWN, word="Loby kiosk", close='"Lobby kiosk"'),
            '/avatar-start "Lobby kiosk" cn-north-4',
        ),
        (AVATAR, "stop loby", reason(Code.NO_JOB_OF_ROOM, word="loby", close="lobby"), "/avatar stop lobby"),
        (
            START,
            "Lobby kiosk 2 cn-north-4 client_id=x",
            reason(Code.WORD_TOO_MANY, word="2"),
            '/avatar-start "Lobby kiosk 2" cn-north-4 client_id=x',
        ),
        (START, "大厅 前台", reason(Code.REGION_UNKNOWN, word="前台"), '/avatar-start "大厅 前台"'),
        (START, "lobby cn-north-4 cn-north-4", reason(Code.WORD_TOO_MANY, word="cn-north-4"), None),
        (AVATAR, "jobs of mine", reason(Code.WORD_TOO_MANY, word="of"), None),
        (START, "lobby", reason(Code.REGION_UNKNOWN, word="elsewhere", close="cn-north-4"), None),
        (START, "x" * 5000, reason(Code.TEXT_TOO_LONG), None),
    ],
)
def test_the_words_that_were_meant_stand_for_the_mistake(
    command: str, text: str, why: Reason, meant: str | None
) -> None:
    found = correction(command, text, why, VERBS if command == AVATAR else ())
    assert (found.typed if found else None) == meant
    if found is not None:
        assert Correction.parse(found.typed) == found


def test_words_that_would_be_read_as_others_are_no_correction() -> None:
    why = reason(Code.ROOM_NAME_UNKNOWN, word="x", close='a "b" c=d')
    assert correction(START, "x", why) is None
