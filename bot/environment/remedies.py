"""What pydantic finds wrong with settings, as faults that say what to do."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

from bot.errors import SettingFault

_WHERE_TO_FIND = {
    "SLACK_BOT_TOKEN": "set it to the Bot User OAuth Token (xoxb-…) of the app's page OAuth & Permissions",
    "HUAWEICLOUD_SDK_PROJECT_ID": "set it; it is on the console's page My Credentials (API Credentials)",
}


def fault_of(detail: Mapping[str, Any]) -> SettingFault:
    """What a detail of a ValidationError says of a setting."""
    return SettingFault(name=".".join(str(part) for part in detail["loc"]), remedy=detail["msg"])


def detail_of(name: str, remedy: str) -> InitErrorDetails:
    """A detail of a ValidationError that says this of a setting."""
    return InitErrorDetails(
        type=PydanticCustomError("setting", "{remedy}", {"remedy": remedy}), loc=(name,), input=None
    )


def remedy_for(detail: Mapping[str, Any]) -> str:
    """What to do about what pydantic has found."""
    name, kind = detail["loc"][0], detail["type"]
    if kind == "missing":
        return _WHERE_TO_FIND.get(name, "set it")
    if kind == "string_pattern_mismatch":
        return "give the project's ID (letters, digits, - and _), not its name"
    if kind == "enum":
        return f"choose one of {detail['ctx']['expected']}"
    if kind in {"int_parsing", "int_from_float"}:
        return "give a whole number"
    if kind == "float_parsing":
        return "give a number"
    return str(detail["msg"]).replace("Input should be", "give a number")
