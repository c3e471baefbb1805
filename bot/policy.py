"""Who may do what: the one gate for permissions. Pure; the file is read once, by the caller.

The policy is TOML. Each list that is there must hold the value; a list that is left out allows everything.
Admins may do everything, and whoever started a job may stop it:

    admins = ["U024BE7LA"]

    [start]
    users = ["U024BE7LH"]
    channels = ["C024BE7LR"]
    rooms = ["24bad716-87b1-45e5-8912-6102f7693265"]
    regions = ["cn-north-4"]

    [stop]
    users = ["U024BE7LH"]
    channels = ["C024BE7LR"]
    rooms = ["24bad716-87b1-45e5-8912-6102f7693265"]
"""

import tomllib
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import Refused, SettingFault, SettingsError
from bot.model import Invocation, StartRequest

_Users = list[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    users: _Users | None = None
    channels: list[Annotated[str, Field(pattern=r"^[CDG][A-Z0-9]+$")]] | None = None
    rooms: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = None


class _StartRules(_Rules):
    regions: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]] | None = None


_REMEDIES = {
    "extra_forbidden": "there is no such rule; a policy has admins, "
    "[start] with users, channels, rooms and regions, and [stop] with users, channels and rooms",
    "list_type": 'give a list, such as ["U024BE7LH"]',
    "string_type": "put it in quotes",
    "model_type": "this is a table: write [start] or [stop]",
    "string_pattern_mismatch": "this is no ID; users are U…, channels C…, rooms and regions MetaStudio's",
}


class Policy(BaseModel):
    """The rules of one file; `Policy()` lets everybody do everything."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    admins: _Users = []
    start: _StartRules = _StartRules()
    stop: _Rules = _Rules()

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
        if invocation.user_id in self.admins:
            return
        regions = self.start.regions
        if regions and request.region is None:
            raise Refused("The bot's policy wants a region.", advice=f"Allowed: {_listed(regions)}.")
        _check(self.start, invocation, request.room_id, "start")
        if regions is not None and request.region not in regions:
            raise Refused(
                f"Region `{request.region}` may not be used.", advice=f"Allowed: {_listed(regions)}."
            )

    def check_stop(self, invocation: Invocation, room_id: str, start: Invocation | None) -> None:
        """Let the stop pass, or refuse it. `start` is what made the job, where the log knows it.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        own = start is not None and start.user_id == invocation.user_id
        if not own and invocation.user_id not in self.admins:
            _check(self.stop, invocation, room_id, "stop")

    def check_rtc_access(self, invocation: Invocation, start: Invocation | None) -> None:
        """Let who made the job see what a client needs to join it, and admins.

        A job that was adopted may be somebody else's, however likely it is not.

        Raises:
            Refused: for anybody else.
        """
        if invocation.user_id in self.admins:
            return
        if start is not None and start.adopted_at is not None:
            raise Refused(
                "This job was found after the answer to its start was lost, so it may be somebody else's: "
                "only the bot's admins may see its RTC access.",
                advice="Ask one of them."
                if self.admins
                else "Ask whoever runs the bot to name admins in its policy, or stop the job and start anew.",
            )
        if start is None or start.user_id != invocation.user_id:
            admins = ", and the bot's admins," if self.admins else ""
            raise Refused(
                f"Only who started the job{admins} may see its RTC access.", advice="Ask them to open it."
            )


def _check(rules: _Rules, invocation: Invocation, room_id: str, verb: str) -> None:
    done = "stopped" if verb == "stop" else "started"
    gates = (
        (rules.users, invocation.user_id, f"You may not {verb} avatars with this bot."),
        (rules.channels, invocation.channel_id, f"Avatars may not be {done} from this channel."),
        (rules.rooms, room_id, f"Room `{room_id}` may not be {done} with this bot."),
    )
    for allowed, value, refusal in gates:
        if allowed is not None and value not in allowed:
            raise Refused(refusal, advice="Ask whoever runs the bot to change its policy.")


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"`{value}`" for value in values) or "none"
