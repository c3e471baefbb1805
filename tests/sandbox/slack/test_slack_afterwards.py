"""Changes of messages that somebody has seen."""

from dataclasses import replace

from bot.sandbox.slack import Message
from bot.sandbox.slack.afterwards import Afterwards

SEEN = Message("C0AVATARS1", "1700000000.000100", "U0AVATARBOT", "Started", [], "chat.postMessage")
OTHER = replace(SEEN, ts="1700000000.000200")


def test_an_edit_is_news_once_and_each_later_one_again() -> None:
    afterwards, message = Afterwards(), replace(SEEN)
    afterwards.seen([message])
    assert afterwards.news([message, OTHER]) == []
    for ts in ("1700000001.000000", "1700000002.000000"):
        message.edited = ts
        assert afterwards.news([message, OTHER]) == [message]
        assert afterwards.news([message, OTHER]) == []


def test_a_line_in_the_thread_is_news_and_so_is_its_edit() -> None:
    afterwards, line = Afterwards(), replace(OTHER, thread_ts=SEEN.ts)
    afterwards.seen([SEEN])
    elsewhere = [replace(line, channel="C0GENERAL1"), replace(line, thread_ts="1.000000", ts="2.000000")]
    assert afterwards.news([SEEN, line, *elsewhere]) == [line]
    assert afterwards.news([SEEN, line, *elsewhere]) == []
    line.edited = "1700000001.000000"
    assert afterwards.news([SEEN, line]) == [line]


def test_seeing_a_message_again_hides_no_edit() -> None:
    afterwards, message = Afterwards(), replace(SEEN)
    afterwards.seen([message])
    message.edited = "1700000001.000000"
    afterwards.seen([message])
    assert afterwards.news([message]) == [message]
