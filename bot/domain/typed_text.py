"""Typed text → the words that were meant: what keyboards, editors and Slack do to a text is undone.

Slack escapes (`&lt;`, `<http://…|label>`) and marks (`*bold*`, `_italic_`, ticks); phones and editors make
long dashes and curly quotes; and a text that was copied may hold characters that nobody sees.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import takewhile

_SLACK_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_EQUALS = re.compile(r" ?= ?")

_LIKE_MINUS = frozenset("\u02d7\u2043\u2212\u23af\u2500\u2501\u2504\u2505\u2508\u2509\u254c\u254d\u2796")
"""Signs that look like `-` and are none of Unicode's dashes: minus signs, bullets, the lines of boxes."""

_LETTER_LIKE_MINUS = re.compile(r"(?<![^\x00-\x7f])[\u1173\u30fc\u4e00](?![^\x00-\x7f])")
"""Letters of Hangul, Katakana and Han that look like `-`; beside other letters they stay what they are."""

_LIKE_EQUALS = frozenset("\u2550\ua78a\U0001f7f0")
_INVISIBLE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffc"
    r"\U000e0000-\U000e0fff]"
)
"""What shows nothing and is of no category of its own: fillers, variation selectors, tags, joiners."""

_BLANK_OF_BRAILLE = "\u2800"

_MARKS = frozenset("\"'`<>,;\u02b9\u02ba\u02bb\u02bc\u02bd\u2032\u2033\u2035\u3001\u060c\u061b")
_MARK_CATEGORIES = frozenset({"Pi", "Pf", "Ps", "Pe"})
"""Quotation marks and brackets of all scripts."""

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "[\"'`\u2018-\u201f\u2039\u203a\u00ab\u00bb\u300a-\u300f\u2032\u2033\u02ba]"
_QUOTED = re.compile(rf"(?<![^\s=])([*_~]*{_QUOTES}{{1,3}}+)(.{{1,200}}?)({_QUOTES}{{1,3}}+)(?![^\s*_~,.;])")
_JOINT = "\ue000"
"""In the place of a blank that belongs to a name; nobody types it."""

_FULL_STOPS = ".\u3002\u06d4"


def words_of(text: str, *, are_a_name: Callable[[Sequence[str]], bool] | None = None) -> list[str]:
    """The words of a command; `name = value` is one of them.

    Args:
        are_a_name: whether words that stand between quotes are one name, with blanks in it.
    """
    text = _SLACK_LINK.sub(_label, text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = _EQUALS.sub("=", " ".join(plain(text).split()))
    if are_a_name is not None:
        text = _with_names_joined(text, are_a_name)
    words = _without_common_marks(text.split())
    parts = (_without_common_marks(word.split("=", 1)) for word in words)
    found = ("=".join(map(without_marks, pair)) for pair in parts)
    return [word.replace(_JOINT, " ") for word in found if word]


def _with_names_joined(text: str, are_a_name: Callable[[Sequence[str]], bool]) -> str:
    def joined(quoted: re.Match[str]) -> str:
        inside = [without_marks(word) for word in quoted.group(2).split()]
        return (
            quoted.group().replace(" ", _JOINT) if len(inside) > 1 and are_a_name(inside) else quoted.group()
        )

    return _QUOTED.sub(joined, text.replace(_JOINT, " "))


def without_marks(text: str) -> str:
    """The text without what is around it: quotes, ticks, brackets, commas, full stops, bold, italics.

    `*`, `~` and `_` go where they stand on both sides. `_` may be part of an ID: one pair goes, and only
    where there is more inside than signs.
    """
    is_italic = False
    while True:
        before, text = text, _within_brackets(_without_ends(text))
        for mark in "*~":
            if len(text) > 2 and text[0] == mark == text[-1]:
                text = text[1:-1]
        if not is_italic and text[:1] == "_" == text[-1:] and any(map(str.isalnum, text)):
            is_italic, text = True, text[1:-1]
        if text == before:
            return text


def peculiarities(word: str) -> str:
    """What a reader may not see of a word: its characters beyond ASCII by their names, at most three."""
    found = dict.fromkeys(char for char in word if not " " < char < "\x7f")
    named = [f"U+{ord(char):04X} ({unicodedata.name(char, 'no letter')[:60].lower()})" for char in found]
    return ", ".join([*named[:3], *(["…"] if len(named) > 3 else ())])


def visible(word: str) -> str:
    """The word with what cannot be shown as its number."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in word)


def _label(link: re.Match[str]) -> str:
    target, label = link.group(1), link.group(2)
    sigil = target[:1] if target[:1] in {"#", "@"} else ""
    return sigil + label if label else target


def plain(text: str) -> str:
    """The text in compatible characters (NFKC), with one sort of dash and nothing invisible."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.replace("´", "'"))  # NFKC would make a blank and a mark of it
    text = unicodedata.normalize("NFKC", "".join(map(_meant, text)))
    return _LETTER_LIKE_MINUS.sub("-", text)


def _meant(char: str) -> str:
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category == "Pd" or char in _LIKE_MINUS:
        return "-"
    if char in _LIKE_EQUALS:
        return "="
    if char == _BLANK_OF_BRAILLE:
        return " "
    return "" if category == "Cf" or _INVISIBLE.match(char) else char


def _without_ends(text: str) -> str:
    """Without quotes and the like on either side, be they balanced or not, and full stops at the end."""
    start, end = 0, len(text)
    while start < end and _is_mark(text[start]):
        start += 1
    while start < end and _is_mark(text[end - 1]):
        end -= 1
    inside = text[start:end]
    return inside.rstrip(_FULL_STOPS) or inside


def _is_mark(char: str) -> bool:
    return char in _MARKS or (not char.isascii() and unicodedata.category(char) in _MARK_CATEGORIES)


def _within_brackets(text: str) -> str:
    """Without a pair of brackets around it, or one bracket whose partner is not there."""
    closing = _BRACKETS.get(text[:1])
    opening = next((opener for opener, closer in _BRACKETS.items() if closer == text[-1:]), None)
    if closing and closing == text[-1:]:
        return text[1:-1]
    if closing and closing not in text:
        return text[1:]
    return text[:-1] if opening and opening not in text else text


def _without_common_marks(words: list[str]) -> list[str]:
    """The words without what marks all of them together: `*one two*`, but not `*one* *two*`."""
    if len(words) < 2:
        return words
    first, *between, last = words
    for mark in "*~_":
        opens = mark in _edge(first) and mark not in _edge(first[::-1])
        closes = mark in _edge(last[::-1]) and mark not in _edge(last)
        if opens and closes:
            first, last = first.replace(mark, "", 1), last[::-1].replace(mark, "", 1)[::-1]
    return [first, *between, last]


def _edge(word: str) -> str:
    """The signs that a word begins with."""
    return "".join(takewhile(lambda char: not char.isalnum() and char != "-", word))
