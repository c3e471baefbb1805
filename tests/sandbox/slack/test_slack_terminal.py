import io
from typing import Any

import pytest
from rich.console import Console, RenderableType

from bot.sandbox.slack import Message, default_workspace
from bot.sandbox.slack.mrkdwn import mrkdwn
from bot.sandbox.slack.terminal import draw_message, draw_shortly, names_in

NAMES = names_in(default_workspace())


def shown(drawn: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(drawn)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def message(text: str = "", *blocks: dict[str, Any], **changes: Any) -> Message:
    written = Message("C0AVATARS1", "1700000000.000100", "U0AVATARBOT", text, list(blocks), "ack")
    for name, value in changes.items():
        setattr(written, name, value)
    return written


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("*bold* _italic_ ~gone~ `code`", "bold italic gone code"),
        ("a*b*c snake_case_name 2 * 3 * 4", "a*b*c snake_case_name 2 * 3 * 4"),
        ("```two\nlines```", "two\nlines"),
        ("*<@U0MEI00001>*", "@Mei"),
        ("<@U0OTHER001|other> <#C0AVATARS1> <!here>", "@other #avatars @here"),
        ("<https://a.b/?c&amp;d|docs> <https://a.b>", "docs https://a.b"),
        ("<!date^1700000000^{date_short_pretty} {time}|then>", "Nov 14, 2023 22:13 UTC"),
        ("<!date^1700000000^{date_num}^https://a.b|then>", "2023-11-14 UTC"),
        ("<!date^99999999999^{date_num}|then>", "5138-11-16 UTC"),
        ("&lt;!channel&gt; &amp;amp;", "<!channel> &amp;"),
    ],
)
def test_markup_is_shown_as_slack_shows_it(markup: str, words: str) -> None:
    assert mrkdwn(markup, NAMES).plain == words


def test_a_message_names_its_author_place_and_time() -> None:
    drawn = shown(draw_message(message("*Started* `room-1`", edited="1700000001.000000"), NAMES))
    assert "Avatar bot APP 22:13 UTC" in drawn
    assert "#avatars · edited" in drawn
    assert "Started room-1" in drawn
    assert "Only visible to you" not in drawn


def test_an_ephemeral_message_says_so() -> None:
    assert "Only visible to you" in shown(draw_message(message("Psst", visible_to="U0MEI00001"), NAMES))


def test_a_reply_and_a_person_are_marked() -> None:
    reply = message("Running", thread_ts="1699999999.000100")
    assert "#avatars · in a thread" in shown(draw_message(reply, NAMES))
    reply.reply_broadcast = True
    assert "in a thread and in the channel" in shown(draw_message(reply, NAMES))
    said = shown(draw_message(message("Hello", user="U0MEI00001", origin="person"), NAMES))
    assert "Mei 22:13 UTC" in said


def test_a_known_message_is_shown_in_one_line() -> None:
    text = "Avatar job ended.\nJob ID: `job-1`\nState: Stopped by <@U0MEI00001>\nRoom: `lobby`\nRegion: cn"
    edited = message(text, edited="1700000600.000000", thread_ts="1699999999.000100")
    assert draw_shortly(edited, NAMES).plain == (
        "22:23 UTC · #avatars · edited · in a thread  "
        "Avatar job ended. · Job ID: job-1 · State: Stopped by @Mei · Room: lobby"
    )
    assert draw_shortly(message("Hello"), NAMES).plain == "22:13 UTC · #avatars  Hello"


def test_every_kind_of_block_is_drawn() -> None:
    drawn = shown(
        draw_message(
            message(
                "fallback",
                {"type": "header", "text": {"type": "plain_text", "text": "Avatar &amp; voice"}},
                {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": "*Running*"},
                    "fields": [{"type": "mrkdwn", "text": text} for text in ("*Room*", "room-1", "*Job*")],
                    "accessory": {"type": "button", "text": {"type": "plain_text", "text": "Open"}},
                },
                {"type": "divider"},
                {
                    "type": "context",
                    "elements": [
                        {"type": "mrkdwn", "text": "by <@U0MEI00001>"},
                        {"type": "image", "image_url": "https://a.b", "alt_text": "a face"},
                    ],
                },
                {
                    "type": "actions",
                    "elements": [
                        {"type": "button", "text": {"type": "plain_text", "text": "Stop"}, "style": "danger"},
                        {
                            "type": "static_select",
                            "placeholder": {"type": "plain_text", "text": "Region"},
                            "options": [{"text": {"type": "plain_text", "text": "cn-north-4"}, "value": "1"}],
                        },
                    ],
                },
                {"type": "image", "image_url": "https://a.b", "alt_text": "A chart"},
                {
                    "type": "table",
                    "rows": [
                        [
                            {"type": "raw_text", "text": "left"},
                            {
                                "type": "rich_text",
                                "elements": [
                                    {
                                        "type": "rich_text_section",
                                        "elements": [{"type": "text", "text": "right"}],
                                    }
                                ],
                            },
                        ]
                    ],
                },
            ),
            NAMES,
        )
    )
    for words in ("Avatar & voice", "Running", "Room   room-1", "Job", "[Open]", "by @Mei  [a face]"):
        assert words in drawn
    for words in ("[Stop]  [Region ▾ cn-north-4]", "[image: A chart]", "│ left │ right │", "───"):
        assert words in drawn
    assert "fallback" not in drawn
    assert "cannot draw" not in drawn


def test_what_cannot_be_drawn_is_not_hidden() -> None:
    teapots = message(
        "",
        {"type": "teapot"},
        {"type": "actions", "elements": [{"type": "datepicker"}]},
    )
    drawn = shown(draw_message(teapots, NAMES))
    assert "cannot draw: teapot" in drawn
    assert "cannot draw: datepicker" in drawn


def test_console_markup_in_a_message_is_only_text() -> None:
    assert "[red]no[/red]" in shown(draw_message(message("[red]no[/red]"), NAMES))
