"""Normalise typed text into words: remove what keyboards, editors and Slack add to it.

Slack escapes (`&lt;`, `<http://…|label>`) and marks (`*bold*`, `_italic_`, ticks). Phones and editors make
long dashes and curly quotes. A copied text may hold invisible characters.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import takewhile

_SLACK_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_EQUALS = re.compile(r" ?= ?")

_LIKE_MINUS = frozenset("\u02d7\u2043\u2212\u23af\u2500\u2501\u2504\u2505\u2508\u2509\u254c\u254d\u2796")
"""Signs that look like `-` but are not in Unicode's dash category: minus signs, bullets, box drawing."""

_LETTER_LIKE_MINUS = re.compile(r"(?<![^\x00-\x7f])[\u1173\u30fc\u4e00](?![^\x00-\x7f])")
"""Letters of Hangul, Katakana and Han that look like `-`. Beside other letters they are kept."""

_LIKE_EQUALS = frozenset("\u2550\ua78a\U0001f7f0")
_INVISIBLE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffc"
    r"\U000e0000-\U000e0fff]"
)
"""Invisible characters that have no common category: fillers, variation selectors, tags, joiners."""

_BRAILLE_BLANK = "\u2800"

_MARKS = frozenset("\"'`<>,;\u02b9\u02ba\u02bb\u02bc\u02bd\u2032\u2033\u2035\u3001\u060c\u061b")
_MARK_CATEGORIES = frozenset({"Pi", "Pf", "Ps", "Pe"})
"""Quotation marks and brackets of all scripts."""

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "[\"'`\u2018-\u201f\u2039\u203a\u00ab\u00bb\u300a-\u300f\u2032\u2033\u02ba]"
_QUOTED = re.compile(rf"(?<![^\s=])([*_~]*{_QUOTES}{{1,3}}+)(.{{1,200}}?)({_QUOTES}{{1,3}}+)(?![^\s*_~,.;])")
_JOINT = "\ue000"
"""Replaces a blank that belongs to a name. Nobody types it."""

_FULL_STOPS = ".\u3002\u06d4"


def words_of(text: str, *, are_a_name: Callable[[Sequence[str]], bool] | None = None) -> list[str]:
    """Return the words of a command. `name = value` is one word.

    Args:
        are_a_name: returns True if words in quotes are one name, with blanks in it.
    """
    text = _SLACK_LINK.sub(_label, text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = _EQUALS.sub("=", " ".join(normalised(text).split()))
    if are_a_name is not None:
        text = _with_names_joined(text, are_a_name)
    words = _without_common_marks(text.split())
    parts = (_without_common_marks(word.split("=", 1)) for word in words)
    found = ("=".join(map(without_marks, pair)) for pair in parts)
    return [word.replace(_JOINT, " ") for word in found if word]


def _with_names_joined(text: str, are_a_name: Callable[[Sequence[str]], bool]) -> str:
    def joined(quoted: re.Match[str]) -> str:
        inside = [without_marks(word) for word in quoted.group(2).split()]
        is_name = len(inside) > 1 and are_a_name(inside)
        return quoted.group().replace(" ", _JOINT) if is_name else quoted.group()

    return _QUOTED.sub(joined, text.replace(_JOINT, " "))


def without_marks(text: str) -> str:
    """Remove the marks around a text: quotes, ticks, brackets, commas, full stops, bold, italics.

    `*`, `~` and `_` are removed in pairs. `_` may be part of an ID, so only one pair of it is removed, and
    only if the text inside has a letter or a digit.
    """
    is_italic = False
    while True:
        before, text = text, _without_brackets(_without_outer_marks(text))
        for mark in "*~":
            if len(text) > 2 and text[0] == mark == text[-1]:
                text = text[1:-1]
        if not is_italic and text[:1] == "_" == text[-1:] and any(map(str.isalnum, text)):
            is_italic, text = True, text[1:-1]
        if text == before:
            return text


def peculiarities(word: str) -> str:
    """Name the characters of a word that are not ASCII, at most three: a reader may not see them."""
    found = dict.fromkeys(char for char in word if not " " < char < "\x7f")
    named = [f"U+{ord(char):04X} ({unicodedata.name(char, 'no letter')[:60].lower()})" for char in found]
    return ", ".join([*named[:3], *(["…"] if len(named) > 3 else ())])


def visible(word: str) -> str:
    """Return the word with each unprintable character as its number."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in word)


def _label(link: re.Match[str]) -> str:
    target, label = link.group(1), link.group(2)
    sigil = target[:1] if target[:1] in {"#", "@"} else ""
    return sigil + label if label else target


def normalised(text: str) -> str:
    """Return the text in NFKC, with `-` for every dash and without invisible characters."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.replace("´", "'"))  # NFKC would make a blank and a mark of it
    text = unicodedata.normalize("NFKC", "".join(map(_normalised_char, text)))
    return _LETTER_LIKE_MINUS.sub("-", text)


def _normalised_char(char: str) -> str:
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category == "Pd" or char in _LIKE_MINUS:
        return "-"
    if char in _LIKE_EQUALS:
        return "="
    if char == _BRAILLE_BLANK:
        return " "
    return "" if category == "Cf" or _INVISIBLE.match(char) else char


def _without_outer_marks(text: str) -> str:
    """Remove quotes and similar marks from both ends, balanced or not, and full stops from the end."""
    start, end = 0, len(text)
    while start < end and _is_mark(text[start]):
        start += 1
    while start < end and _is_mark(text[end - 1]):
        end -= 1
    inside = text[start:end]
    return inside.rstrip(_FULL_STOPS) or inside


def _is_mark(char: str) -> bool:
    return char in _MARKS or (not char.isascii() and unicodedata.category(char) in _MARK_CATEGORIES)


def _without_brackets(text: str) -> str:
    """Remove a pair of brackets around the text, or one bracket without a partner."""
    closing = _BRACKETS.get(text[:1])
    opening = next((opener for opener, closer in _BRACKETS.items() if closer == text[-1:]), None)
    if closing and closing == text[-1:]:
        return text[1:-1]
    if closing and closing not in text:
        return text[1:]
    return text[:-1] if opening and opening not in text else text


def _without_common_marks(words: list[str]) -> list[str]:
    """Remove a mark that encloses all words together: `*one two*`, but not `*one* *two*`."""
    if len(words) < 2:
        return words
    first, *between, last = words
    for mark in "*~_":
        opens = mark in _leading_signs(first) and mark not in _leading_signs(first[::-1])
        closes = mark in _leading_signs(last[::-1]) and mark not in _leading_signs(last)
        if opens and closes:
            first, last = first.replace(mark, "", 1), last[::-1].replace(mark, "", 1)[::-1]
    return [first, *between, last]


def _leading_signs(word: str) -> str:
    """Return the signs that a word begins with."""
    return "".join(takewhile(lambda char: not char.isalnum() and char != "-", word))
