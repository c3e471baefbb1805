"""The words for refusals of the policy: what is refused, by which rule, and whom to ask."""

import re

from bot.messages.reason_wording import Args, Wording, as_list, text_in
from bot.reasons import ReasonCode as Code

_MAY_NOT = {"rtc": "see the RTC access of avatars", "quick": "change quick starts"}
_DONE = {"start": "started", "stop": "stopped", "list": "listed"}
_ESCAPED_MENTION = re.compile(r"&lt;(@[UW][A-Z0-9]{1,50}|#C[A-Z0-9]{1,50}|!subteam\^S[A-Z0-9]{1,50})&gt;")


def with_mentions(escaped: str) -> str:
    """Return an escaped text with its mentions of people, channels and groups made real.

    Use it only in a message for one person: in a channel, it would notify the people and groups.
    """
    return _ESCAPED_MENTION.sub(r"<\1>", escaped)


def _person(args: Args) -> str:
    verb = text_in(args, "verb")
    return "You may not {} with this bot.".format(_MAY_NOT.get(verb) or f"{verb or 'use'} avatars")


def _channel(args: Args) -> str:
    match text_in(args, "verb"):
        case "rtc":
            return "The RTC access of avatars may not be seen from this channel."
        case "quick":
            return "Quick starts may not be changed from this channel."
        case verb:
            return f"Avatars may not be {_DONE.get(verb, 'used')} from this channel."


def _room(args: Args) -> str:
    room = f"Room `{args['room_id']}`" if "room_id" in args else "The room of this job"
    if text_in(args, "verb") == "rtc":
        return f"The RTC access of {_in_the_middle(room)} may not be seen with this bot."
    return f"{room} may not be {_DONE.get(text_in(args, 'verb'), 'used')} with this bot."


def _only_the_starter(args: Args) -> str:
    admins = ", and the bot's admins," if args.get("has_admins") else ""
    return f"Only who started the job{admins} may see its RTC access."


def _empty(args: Args) -> str:
    group = text_in(args, "group")
    return f"{_person(args)} The user group `{group}`, whose members may, has no members at the moment."


def _unknown(args: Args) -> str:
    group = text_in(args, "group")
    return f"{_person(args)} Slack does not tell the bot at the moment who is in the user group `{group}`."


def _too_many(args: Args) -> str:
    limit = args.get("limit", "?")
    starts = "1 avatar" if limit == 1 else f"{limit} avatars"
    return f"You have started {starts} within the last hour, and more are not allowed."


def whom_to_ask(args: Args) -> str:
    """Return whom to ask: the policy's own words for it, else its admins, else whoever runs the bot."""
    if ask := text_in(args, "ask"):
        return ask
    admins = [_mentioned(admin) for admin in text_in(args, "admins").split()]
    return " or ".join(admins) if admins else "whoever runs the bot"


def _mentioned(admin: str) -> str:
    return f"<!subteam^{admin}>" if admin.startswith("S") else f"<@{admin}>"


def _ask(args: Args) -> str:
    rule = text_in(args, "rule")
    if not rule:
        return f"Ask {whom_to_ask(args)} to change its policy."
    return f"Ask {whom_to_ask(args)}. The rule is `{rule}` in the bot's policy."


def _in_the_middle(sentence: str) -> str:
    return f"{sentence[0].lower()}{sentence[1:]}"


def _allowed(args: Args) -> str:
    return _with_allowed("Allowed", args)


def _allowed_quick_starts(args: Args) -> str:
    return _with_allowed("Allowed quick starts", args)


def _with_allowed(label: str, args: Args) -> str:
    return f"{label}: {as_list(text_in(args, 'allowed'))}. {_ask(args)}" if "allowed" in args else _ask(args)


def _ask_for_adopted(args: Args) -> str:
    return _ask(args) if args.get("has_admins") else "Stop the job and start anew."


def _ask_the_starter(args: Args) -> str:
    rule = text_in(args, "rule")
    return (
        f"Ask them to open it. The rule is `{rule}` in the bot's policy." if rule else "Ask them to open it."
    )


POLICY_WORDINGS = {
    Code.REGION_REQUIRED: Wording("The bot's policy wants a region.", _allowed),
    Code.REGION_NOT_ALLOWED: Wording("Region `{region}` may not be used.", _allowed),
    Code.ROOM_NOT_ALLOWED: Wording(_room, _allowed_quick_starts),
    Code.QUICK_START_NOT_ALLOWED: Wording(
        "Quick start `{quick_start}` may not be started with this bot.", _allowed_quick_starts
    ),
    Code.PERSON_NOT_ALLOWED: Wording(_person, _ask),
    Code.GROUP_EMPTY: Wording(_empty, _ask),
    Code.GROUP_UNKNOWN: Wording(
        _unknown, lambda args: f"Try again in a moment; if it stays so: {_in_the_middle(_ask(args))}"
    ),
    Code.CHANNEL_NOT_ALLOWED: Wording(_channel, _ask),
    Code.WORKSPACE_NOT_ALLOWED: Wording(
        "You belong to another Slack workspace than this bot: "
        "you may look, but neither start nor stop anything.",
        _ask,
    ),
    Code.STARTS_PER_HOUR: Wording(_too_many, lambda args: f"Wait, or {_in_the_middle(_ask(args))}"),
    Code.BREAK_GLASS_NOT_ALLOWED: Wording("You may not start what the bot's policy refuses.", _ask),
    Code.RTC_ACCESS_OFF: Wording("RTC access is switched off.", "Ask whoever runs the bot."),
    Code.RTC_ACCESS_OF_ADOPTED_JOB: Wording(
        "This job was found after the answer to its start was lost, so it may be somebody else's: "
        "only the bot's admins may see its RTC access.",
        _ask_for_adopted,
    ),
    Code.RTC_ACCESS_NOT_YOURS: Wording(_only_the_starter, _ask_the_starter),
}
