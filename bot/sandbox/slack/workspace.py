"""The workspace: its people and channels, and who may write where."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

ChannelKind: TypeAlias = Literal["public", "private", "group_dm", "dm"]


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account. `handle` is the name typed after the @.

    `team_id` is set for a guest from another workspace, who shares channels through Slack Connect.
    """

    id: str
    name: str
    handle: str
    team_id: str | None = None


@dataclass(slots=True)
class Channel:
    """A conversation of any kind. `members` holds user ids, including the bot's if it was invited."""

    id: str
    name: str
    kind: ChannelKind
    members: set[str] = field(default_factory=set)
    archived: bool = False
    restricted: bool = False

    @property
    def name_in_payloads(self) -> str:
        """The `channel_name` in a slash command: Slack hides the names of private conversations."""
        match self.kind:
            case "public" | "group_dm":
                return self.name
            case "private":
                return "privategroup"
            case "dm":
                return "directmessage"


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """The installed app, as the workspace knows it."""

    app_id: str = "A0AVATARBOT"
    bot_id: str = "B0AVATARBOT"
    user_id: str = "U0AVATARBOT"
    name: str = "Avatar bot"
    handle: str = "avatar-bot"


class Workspace:
    """The people, channels, user groups and memberships of one team.

    `user_groups` holds the members of each group by the group's id. `optional_scopes` are those that the app
    was given beside the required ones.

    A change takes effect at once, also for calls in progress, as in Slack. Set `changed` to be notified.
    """

    def __init__(
        self,
        people: Iterable[Person],
        channels: Iterable[Channel],
        *,
        bot: AppIdentity | None = None,
        team_id: str = "T0SANDBOX1",
        team_name: str = "Sandbox",
        team_domain: str = "sandbox",
    ) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.bot = bot or AppIdentity()
        self.team_id = team_id
        self.team_name = team_name
        self.team_domain = team_domain
        self.people = {person.id: person for person in people}
        self.channels = {channel.id: channel for channel in channels}
        self.user_groups: dict[str, list[str]] = {}
        self.optional_scopes: set[str] = set()

    def first_person(self) -> Person:
        return next(iter(self.people.values()))

    def home_channel(self) -> Channel:
        """The first public channel with the bot in it: commands are typed there by default."""
        for channel in self.channels.values():
            if channel.kind == "public" and self.bot.user_id in channel.members:
                return channel
        raise LookupError("no public channel has the bot in it")

    def find(self, reference: str) -> Channel | None:
        """Return the channel of an id or, as chat.postMessage allows, of a `#name`."""
        if reference.startswith("#"):
            named = (channel for channel in self.channels.values() if channel.name == reference[1:])
            return next(named, None)
        return self.channels.get(reference)

    def direct_message(self, user: str) -> Channel:
        """Return the conversation between a person and the bot, and create it if necessary."""
        both = {user, self.bot.user_id}
        channel_id = f"D0{user[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(channel_id, self.people[user].handle, "dm", both)
            self.changed()
        return self.channels[channel_id]

    def posting_error(self, channel: Channel | None) -> str | None:
        """Return Slack's word for why the bot cannot write in the channel, or None if it can.

        Slack does not tell a bot outside that a private conversation exists.
        """
        if channel is None:
            return "channel_not_found"
        inside = self.bot.user_id in channel.members
        if not inside and channel.kind != "public":
            return "channel_not_found"
        if channel.archived:
            return "is_archived"
        if not inside:
            return "not_in_channel"
        return "restricted_action" if channel.restricted else None

    def presence(self, user: str, channel: str) -> tuple[Person, Channel]:
        """Return a person and a channel. Raises ValueError, in words, if one is unknown or not visible."""
        person, place = self.people.get(user), self.channels.get(channel)
        if person is None:
            raise ValueError(f"nobody here has the user id {user!r}")
        if place is None or not self.can_see(user, place):
            raise ValueError(f"{person.name} sees no channel with the id {channel!r}")
        return person, place

    def can_see(self, user: str, channel: Channel) -> bool:
        """Return whether the person sees the channel; a guest only sees channels they are a member of."""
        is_guest = user in self.people and self.people[user].team_id is not None
        return (channel.kind == "public" and not is_guest) or user in channel.members

    def invite(self, channel: str, user: str) -> None:
        self.channels[channel].members.add(user)
        self.changed()

    def remove(self, channel: str, user: str) -> None:
        self.channels[channel].members.discard(user)
        self.changed()

    def archive(self, channel: str) -> None:
        self.channels[channel].archived = True
        self.changed()

    def unarchive(self, channel: str) -> None:
        self.channels[channel].archived = False
        self.changed()

    def restrict(self, channel: str) -> None:
        """Let only the channel's managers post from now on; the bot gets `restricted_action`."""
        self.channels[channel].restricted = True
        self.changed()


def default_workspace() -> Workspace:
    """Return three people, a guest from another workspace, and one channel of every kind that a bot meets."""
    mei = Person("U0MEI00001", "Mei", "mei")
    jonas = Person("U0JONAS001", "Jonas", "jonas")
    amara = Person("U0AMARA001", "Amara", "amara")
    priya = Person("U0PRIYA001", "Priya (Partner)", "priya", team_id="T0PARTNER1")
    bot = AppIdentity()
    everybody = {mei.id, jonas.id, amara.id}
    return Workspace(
        people=[mei, jonas, amara, priya],
        channels=[
            Channel("C0AVATARS1", "avatars", "public", {*everybody, priya.id, bot.user_id}),
            Channel("C0GENERAL1", "general", "public", set(everybody)),
            Channel("C0STUDIO01", "studio", "private", {mei.id, jonas.id, bot.user_id}),
            Channel("C0PLANS001", "plans", "private", {mei.id, amara.id}),
            Channel("G0TRIO0001", "mpdm-mei--jonas--amara-1", "group_dm", set(everybody)),
            Channel("D0MEIJONAS", "jonas", "dm", {mei.id, jonas.id}),
        ],
        bot=bot,
    )
