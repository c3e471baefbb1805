"""Home tabs that Slack shows, shows without their blocks, or refuses."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs
from typing_extensions import override

from bot.slack.errors import Again, SlackFailure
from bot.slack.modals import Modals

HOME = {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Running now"}}]}
PLAIN = [{"type": "section", "text": {"type": "mrkdwn", "text": "Running now"}}]


class Slack(AsyncWebClient):
    """Records published views, and refuses the first ones with these words."""

    def __init__(self, *refusals: str) -> None:
        super().__init__()
        self.refusals = list(refusals)
        self.published: list[Any] = []

    @override
    async def views_publish(self, **arguments: Any) -> Any:
        self.published.append((arguments["user_id"], arguments["view"]["blocks"]))
        if self.refusals:
            raise SlackFailure(self.refusals.pop(0), Again.NEVER)
        return {"ok": True}


@pytest.mark.parametrize(
    ("refusals", "shown"),
    [
        ([], [("U1", HOME["blocks"])]),
        (["invalid_blocks"], [("U1", HOME["blocks"]), ("U1", PLAIN)]),
    ],
)
async def test_a_home_tab_is_shown_and_in_plain_paragraphs_where_slack_refuses_its_blocks(
    refusals: list[str], shown: list[Any]
) -> None:
    slack = Slack(*refusals)
    assert await Modals(slack).publish("U1", HOME)
    assert slack.published == shown


async def test_that_slack_shows_no_home_tab_is_logged_and_not_raised() -> None:
    with capture_logs() as logs:
        assert not await Modals(Slack("not_enabled")).publish("U1", HOME)
    [line] = logs
    assert (line["event"], line["reason"]) == ("the Home tab is not shown", "not_enabled")
