"""The policy: who may do what. Pure; the caller reads the file once.

The policy is TOML. A list allows only the values that it holds. A list that is left out allows everything.
Admins may do everything, and the person who started a job may stop it. A person of another workspace may
look; to do more, they must be named in `admins` or in the `users` of that table:

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

from bot.domain.invocation import Action, Invocation, JobInvocation, StartRequest
from bot.domain.start_words import is_by_name
from bot.errors import Refused, SettingFault, SettingsError
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

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
    """The rules of one file. `Policy()` allows everything to everybody."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    admins: _Users = []
    start: _StartRules = _StartRules()
    stop: _StopRules = _StopRules()
    look: _Rules = _Rules()

    @classmethod
    def parse(cls, toml: str) -> Self:
        """Parse a policy.

        An unknown table or key is an error, because a rule with a typing mistake would allow everything.

        Raises:
            SettingsError: the file is wrong; the error says where.
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

    def check(self, invocation: Invocation, start: JobInvocation | None = None) -> None:
        """Allow or refuse one use of the bot.

        Args:
            invocation: the use, with its room and region if it has them.
            start: the start that made the job in question, if the invocation log knows it.

        Raises:
            Refused: a rule forbids it; the error names the first such rule.
        """
        match invocation.action:
            case Action.HELP:
                pass
            case Action.JOBS | Action.DETAILS:
                self._check_look(invocation)
            case Action.QUICK:
                self._check_quick(invocation)
            case Action.START | Action.LOOK | Action.ADOPT:  # each of them may give a job to a start
                self.check_start(invocation, invocation.request)
            case Action.STOP:
                room_id = invocation.request.room_id if invocation.request else None
                self.check_stop(invocation, room_id, start)
            case Action.RTC_ACCESS:
                self.check_rtc_access(invocation, start)

    def check_start(self, invocation: Invocation, request: StartRequest | None) -> None:
        """Allow or refuse a start.

        Raises:
            Refused: a rule forbids it; the error names the first such rule.
        """
        if invocation.origin.user_id in self.admins:
            return
        _check_workspace(invocation, self.start)
        room_id, region = (request.room_id, request.region) if request else (None, None)
        regions = self.start.regions
        if regions and region is None:
            raise Refused(reason(Code.REGION_REQUIRED, allowed=" ".join(regions)))
        _check(self.start, invocation, "start")
        if not is_by_name(invocation):
            _require(self.start.rooms, room_id, Code.ROOM_NOT_ALLOWED, verb="start", room_id=room_id)
        if regions is not None and region not in regions:
            raise Refused(reason(Code.REGION_NOT_ALLOWED, region=str(region), allowed=" ".join(regions)))

    def check_stop(self, invocation: Invocation, room_id: str | None, start: JobInvocation | None) -> None:
        """Allow or refuse a stop. `start` is the start that made the job, if the invocation log knows it.

        Raises:
            Refused: a rule forbids it; the error names the first such rule.
        """
        if invocation.origin.user_id in self.admins:
            return
        if start is not None and start.origin.user_id == invocation.origin.user_id:
            _check_workspace(invocation, self.start, self.stop)
            return
        _check_workspace(invocation, self.stop)
        _check(self.stop, invocation, "stop")
        is_hidden = start is not None and not start.is_visible_to(invocation)
        told = None if is_hidden else room_id
        _require(self.stop.rooms, room_id, Code.ROOM_NOT_ALLOWED, verb="stop", room_id=told)

    def check_rtc_access(self, invocation: Invocation, start: JobInvocation | None) -> None:
        """Allow RTC access to the person who started the job, and to admins.

        An adopted job may belong to somebody else, so only admins have access to it.

        Raises:
            Refused: the person is neither of them.
        """
        if invocation.origin.user_id in self.admins:
            return
        if start is not None and start.job.adopted_at is not None:
            raise Refused(reason(Code.RTC_ACCESS_OF_ADOPTED_JOB, has_admins=bool(self.admins)))
        if start is None or start.origin.user_id != invocation.origin.user_id:
            raise Refused(reason(Code.RTC_ACCESS_NOT_YOURS, has_admins=bool(self.admins)))
        _check_workspace(invocation, self.start)

    def check_everywhere(self, invocation: Invocation) -> None:
        """Allow admins to change quick starts of all channels; without admins in the policy, everybody may.

        Raises:
            Refused: the person is not an admin.
        """
        if self.admins and invocation.origin.user_id not in self.admins:
            raise Refused(reason(Code.EVERYWHERE_NOT_ALLOWED))

    def _check_quick(self, invocation: Invocation) -> None:
        """Quick starts are for people who may start something in this channel, whichever room."""
        if invocation.origin.user_id not in self.admins:
            _check_workspace(invocation, self.start)
            _check(self.start, invocation, "start")

    def _check_look(self, invocation: Invocation) -> None:
        if invocation.origin.user_id not in self.admins:
            _check(self.look, invocation, "list")


def _check(rules: _Rules, invocation: Invocation, verb: str) -> None:
    _require(rules.users, invocation.origin.user_id, Code.PERSON_NOT_ALLOWED, verb=verb)
    _require(rules.channels, invocation.origin.channel_id, Code.CHANNEL_NOT_ALLOWED, verb=verb)


def _check_workspace(invocation: Invocation, *named_in: _Rules) -> None:
    """Refuse a person of another workspace, unless one of these rules names them."""
    named = any(invocation.origin.user_id in (rules.users or ()) for rules in named_in)
    if invocation.origin.foreign_team_id is not None and not named:
        raise Refused(reason(Code.WORKSPACE_NOT_ALLOWED))


def _require(allowed: Sequence[str] | None, value: str | None, refusal: Code, **args: str | None) -> None:
    if allowed is not None and value not in allowed:
        raise Refused(reason(refusal, **args))
