"""Check the options with which an app answers what was typed in a menu. Pure.

https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select
"""

from typing import Any

from bot.sandbox.slack.objects import Problems, each, items, option_group, options, problem

MOST = 100


def suggested_groups(ack: Any) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return the options in their groups, and what Slack would refuse in the answer."""
    problems = tuple(_problems(ack))
    if problems:
        return [], problems
    return list(ack.get("option_groups") or [{"options": ack.get("options", [])}]), ()


def _problems(ack: Any) -> Problems:
    if not isinstance(ack, dict) or ("options" in ack) == ("option_groups" in ack):
        yield problem("must have exactly one of options and option_groups", "/")
        return
    if ack.get("options"):
        yield from options(ack["options"], "/options", MOST)
    elif "options" in ack:
        yield from items(ack["options"], "/options", MOST, least=0)
    if "option_groups" in ack:
        yield from items(ack["option_groups"], "/option_groups", MOST)
        for group, where in each(ack["option_groups"], "/option_groups"):
            yield from option_group(group, where)
