"""Who may do what: the one gate for permissions. Pure; the file is read once, by the caller.

The policy is TOML. Each list that is there must hold the value; a list that is left out allows everything:

    [start]
    users = ["U024BE7LH"]
    channels = ["C024BE7LR"]
    rooms = ["24bad716-87b1-45e5-8912-6102f7693265"]
    regions = ["cn-north-4"]
"""

import tomllib
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import Refused, SettingFault, SettingsError
from bot.model import Invocation, StartRequest


class _StartRules(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    users: list[str] | None = None
    channels: list[str] | None = None
    rooms: list[str] | None = None
    regions: list[str] | None = None


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
            faults = [f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in details]
        except (ValueError, RecursionError) as error:
            faults = [str(error)]
        raise SettingsError([SettingFault("AVATAR_POLICY_FILE", fault) for fault in faults])

    def check_start(self, invocation: Invocation, request: StartRequest) -> None:
        """Let the start pass, or refuse it.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        rules = self.start
        gates = (
            (rules.users, invocation.user_id, "You may not start avatars with this bot."),
            (rules.channels, invocation.channel_id, "Avatars may not be started from this channel."),
            (rules.rooms, request.room_id, f"Room `{request.room_id}` may not be started with this bot."),
            (rules.regions, request.region, "This region may not be used; name one that may."),
        )
        for allowed, value, refusal in gates:
            if allowed is not None and value not in allowed:
                raise Refused(refusal, advice="Ask whoever runs the bot to change its policy.")
