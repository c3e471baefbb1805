"""Who may do what: the one gate for permissions. Pure; the file is read once, by the caller.

The policy is TOML. Each list that is there must hold the value; a list that is left out allows everything.
Admins may do everything, and whoever started a job may stop it. A person of another workspace may look; for
more, `admins` or the `users` of that table must name them:

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

    [look]
    users = ["U024BE7LH"]
    channels = ["C024BE7LR"]
"""

import tomllib
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.invocation import Action, Invocation, StartRequest
from bot.errors import Refused, SettingFault, SettingsError
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code

_Users = list[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    users: _Users | None = None
    channels: list[Annotated[str, Field(pattern=r"^[CDG][A-Z0-9]+$")]] | None = None


class _StopRules(_Rules):
    rooms: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = None


class _StartRules(_StopRules):
    regions: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]] | None = None


_REMEDIES = {
    "extra_forbidden": "there is no such rule; a policy has admins, "
    "[start] with users, channels, rooms and regions, [stop] with users, channels and rooms, "
    "and [look] with users and channels",
    "list_type": 'give a list, such as ["U024BE7LH"]',
    "string_type": "put it in quotes",
    "model_type": "this is a table: write [start] or [stop] or [look]",
    "string_pattern_mismatch": "this is no ID; users are U…, channels C…, rooms and regions MetaStudio's",
}


class Policy(BaseModel):
    """The rules of one file; `Policy()` lets everybody do everything."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    admins: _Users = []
    start: _StartRules = _StartRules()
    stop: _StopRules = _StopRules()
    look: _Rules = _Rules()

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

    def check(self, invocation: Invocation, start: Invocation | None = None) -> None:
        """The gate for every use of the bot: let it pass, or refuse it.

        Args:
            invocation: with the room and region that it is about, if it is about any.
            start: what made the job that it is about, where the log knows it.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        match invocation.action:
            case Action.HELP:
                pass
            case Action.JOBS | Action.DETAILS:
                self._check_look(invocation)
            case Action.START | Action.LOOK | Action.ADOPT:  # all of them may give a job to a start
                request = StartRequest(invocation.room_id or "", invocation.region)
                self.check_start(invocation, request)
            case Action.STOP:
                self.check_stop(invocation, invocation.room_id or "", start)
            case Action.RTC_ACCESS:
                self.check_rtc_access(invocation, start)

    def check_start(self, invocation: Invocation, request: StartRequest) -> None:
        """Let the start pass, or refuse it.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        if invocation.user_id in self.admins:
            return
        _check_home(invocation, self.start)
        regions = self.start.regions
        if regions and request.region is None:
            raise Refused(reason(Code.REGION_REQUIRED, allowed=" ".join(regions)))
        _check(self.start, invocation, "start")
        refusal = reason(Code.ROOM_NOT_ALLOWED, verb="start", room_id=request.room_id)
        _pass(self.start.rooms, request.room_id, refusal)
        if regions is not None and request.region not in regions:
            raise Refused(
                reason(Code.REGION_NOT_ALLOWED, region=str(request.region), allowed=" ".join(regions))
            )

    def check_stop(self, invocation: Invocation, room_id: str, start: Invocation | None) -> None:
        """Let the stop pass, or refuse it. `start` is what made the job, where the log knows it.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        if invocation.user_id in self.admins:
            return
        if start is not None and start.user_id == invocation.user_id:
            _check_home(invocation, self.start, self.stop)
            return
        _check_home(invocation, self.stop)
        _check(self.stop, invocation, "stop")
        is_hidden = start is not None and not start.is_visible_to(invocation)
        told = None if is_hidden else room_id
        _pass(self.stop.rooms, room_id, reason(Code.ROOM_NOT_ALLOWED, verb="stop", room_id=told))

    def check_rtc_access(self, invocation: Invocation, start: Invocation | None) -> None:
        """Let who made the job see what a client needs to join it, and admins.

        A job that was adopted may be somebody else's, however likely it is not.

        Raises:
            Refused: for anybody else.
        """
        if invocation.user_id in self.admins:
            return
        if start is not None and start.adopted_at is not None:
            raise Refused(reason(Code.RTC_ACCESS_OF_ADOPTED_JOB, has_admins=bool(self.admins)))
        if start is None or start.user_id != invocation.user_id:
            raise Refused(reason(Code.RTC_ACCESS_NOT_YOURS, has_admins=bool(self.admins)))
        _check_home(invocation, self.start)

    def _check_look(self, invocation: Invocation) -> None:
        if invocation.user_id not in self.admins:
            _check(self.look, invocation, "list")


def _check(rules: _Rules, invocation: Invocation, verb: str) -> None:
    _pass(rules.users, invocation.user_id, reason(Code.PERSON_NOT_ALLOWED, verb=verb))
    _pass(rules.channels, invocation.channel_id, reason(Code.CHANNEL_NOT_ALLOWED, verb=verb))


def _check_home(invocation: Invocation, *named_in: _Rules) -> None:
    """Refuse a person of another workspace whom none of these rules names."""
    named = any(invocation.user_id in (rules.users or ()) for rules in named_in)
    if invocation.foreign_team_id is not None and not named:
        raise Refused(reason(Code.WORKSPACE_NOT_ALLOWED))


def _pass(allowed: Sequence[str] | None, value: str | None, refusal: Reason) -> None:
    if allowed is not None and value not in allowed:
        raise Refused(refusal)
