"""Who may do what: the one gate for permissions. Pure; the file is read once, by the caller.

The policy is TOML. Each list that is there must hold the value; a list that is left out allows everything:

    [start]
    users = ["U024BE7LH"]
    channels = ["C024BE7LR"]
    rooms = ["24bad716-87b1-45e5-8912-6102f7693265"]
    regions = ["cn-north-4"]
"""

import tomllib
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import Refused, SettingFault, SettingsError
from bot.model import Invocation, StartRequest


class _StartRules(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    users: list[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]] | None = None
    channels: list[Annotated[str, Field(pattern=r"^[CDG][A-Z0-9]+$")]] | None = None
    rooms: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = None
    regions: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]] | None = None


_REMEDIES = {
    "extra_forbidden": "there is no such rule; a policy has [start] with users, channels, rooms and regions",
    "list_type": 'give a list, such as ["U024BE7LH"]',
    "string_type": "put it in quotes",
    "model_type": "this is a table: write [start]",
    "string_pattern_mismatch": "this is no ID; users are U…, channels C…, rooms and regions MetaStudio's",
}


class Policy(BaseModel):
    """The rules of one file; `Policy()` lets everybody do everything."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    start: _StartRules = _StartRules()

    @classmethod
    def parse(cls, toml: str) -> Self:
        """The policy written in `toml`.

        A mistake closes the gate instead of opening it: an unknown table or key is an error.

        Raises:
            SettingsError: saying where the file is wrong.
        """
        try:
            return cls.model_validate(tomllib.loads(toml))
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            faults = [
                f"{'.'.join(map(str, detail['loc']))}: {_REMEDIES.get(detail['type'], detail['msg'])}"
                for detail in details
            ]
        except (ValueError, RecursionError) as error:
            faults = [str(error)]
        raise SettingsError([SettingFault("AVATAR_POLICY_FILE", fault) for fault in faults])

    def check_start(self, invocation: Invocation, request: StartRequest) -> None:
        """Let the start pass, or refuse it.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        rules = self.start
        ask = "Ask whoever runs the bot to change its policy."
        if rules.regions and request.region is None:
            raise Refused("The bot's policy wants a region.", advice=f"Allowed: {_listed(rules.regions)}.")
        gates = (
            (rules.users, invocation.user_id, "You may not start avatars with this bot.", ask),
            (rules.channels, invocation.channel_id, "Avatars may not be started from this channel.", ask),
            (
                rules.rooms,
                request.room_id,
                f"Room `{request.room_id}` may not be started with this bot.",
                ask,
            ),
            (
                rules.regions,
                request.region,
                f"Region `{request.region}` may not be used.",
                f"Allowed: {_listed(rules.regions or ())}.",
            ),
        )
        for allowed, value, refusal, advice in gates:
            if allowed is not None and value not in allowed:
                raise Refused(refusal, advice=advice)


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"`{value}`" for value in values) or "none"
