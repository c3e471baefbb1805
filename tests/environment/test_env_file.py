"""The settings file: its values are literal, and errors say what cannot be read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.environment.env_file import MAX_FILE_BYTES, environment_and_file, read_env_file
from bot.errors import SettingsError

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Create a file `.env` of these bytes."""

    def write_to(content: bytes) -> Path:
        path = tmp_path / ".env"
        path.write_bytes(content)
        return path

    return write_to


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME='pa${HOME}ss'", "pa${HOME}ss"),
        ('NAME="pa${HOME}ss"', "pa${HOME}ss"),
        ("NAME=pa${HOME}ss", "pa${HOME}ss"),
        ("NAME=pa$HOME`id`$(id)", "pa$HOME`id`$(id)"),
        (r"NAME='a\b\\c\n'", r"a\b\\c\n"),
        (r"NAME='ends in a backslash\'", "ends in a backslash\\"),
        (r"NAME=C:\new", r"C:\new"),
        (r'NAME="say \"hi\" and \\ and \n and \d"', 'say "hi" and \\ and \n and \\d'),
        ("NAME='it's # here'", "it's # here"),
        ("NAME='with \"quotes\"'", 'with "quotes"'),
        ("NAME=ab#cd", "ab#cd"),
        ("NAME=#cd", "#cd"),
        ("NAME=ab # a comment", "ab"),
        ("NAME='ab' # it's a comment", "ab"),
        ('NAME="a # b"#c', "a # b"),
        ("NAME= # a comment", ""),
        ("NAME=", ""),
        ("NAME=''", ""),
        ("  export NAME = ab cd  ", "ab cd"),
        ("NAME=a=b=", "a=b="),
        ("NAME=it's", "it's"),
        ("name=ab", "ab"),
    ],
)
def test_a_value_is_literal(write: Write, line: str, value: str) -> None:
    assert read_env_file(write(f"# before\n{line}\nAFTER=1".encode())) == {"NAME": value, "AFTER": "1"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")))
def test_everything_between_single_quotes_is_literal(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "literal"
    path.write_text(f"NAME='{value}'\n", encoding="utf-8", newline="")
    closing = value.split("'")  # a quote before a comment ends the value; this is the only special case
    if not any(part.lstrip().startswith("#") for part in closing[1:]):
        assert read_env_file(path) == {"NAME": value}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_of_other_systems_are_read(write: Write, newline: str, mark: bytes) -> None:
    path = write(mark + newline.join(("ONE=1", "", "TWO='ü'", "")).encode())
    assert read_env_file(path) == {"ONE": "1", "TWO": "ü"}


def test_a_missing_file_has_no_settings(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


def told(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        read_env_file(path)
    return str(caught.value)


def test_an_unreadable_line_is_named_only_by_its_number(write: Write) -> None:
    words = told(write(b"ONE=1\ncanary-secret\nTWO='canary\nTHREE=3\n=canary\n"))
    assert [f"(line {number})" in words for number in range(1, 6)] == [False, True, True, False, True]
    assert "canary" not in words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("NAME=ü".encode("utf-16"), "save it as UTF-8"),
        (b"N\0A\0=\x001\0", "save it as UTF-8"),
        (b"NAME=\xfc", "save it as UTF-8"),
        (b"NAME=1\n" * MAX_FILE_BYTES, "larger than 1 MiB"),
    ],
)
def test_content_that_is_not_settings_is_reported(write: Write, content: bytes, words: str) -> None:
    assert words in told(write(content))


def test_a_folder_or_a_broken_link_in_its_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    assert "folder: it is a folder" in told(tmp_path / "folder")
    assert "link: it is a link to a missing file" in told(tmp_path / "link")


def test_a_pipe_in_its_place_is_reported_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    assert ".env: it is a pipe" in told(tmp_path / ".env")


def test_an_unreadable_file_of_another_user_is_reported(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(b"NAME=1")

    def refuse(*_: object) -> None:  # the tests may run as root, who may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    words = told(path)
    assert str(path) in words
    assert f"uid {os.geteuid()}" in words
    assert "mode 600" in words


def test_the_environment_comes_first_and_is_read_as_utf_8(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(b"avatar_mode=http\nAVATAR_REGIONS=a").parent)
    monkeypatch.setenv("Avatar_Mode", "socket")
    monkeypatch.setenv("METASTUDIO_IAM_PASSWORD", os.fsdecode("pä".encode()))
    found = environment_and_file()
    assert (found["AVATAR_MODE"], found["AVATAR_REGIONS"]) == ("socket", "a")
    assert found["METASTUDIO_IAM_PASSWORD"] == "pä"

    monkeypatch.setenv("METASTUDIO_IAM_PASSWORD", os.fsdecode(b"canary\xfc"))
    with pytest.raises(SettingsError, match="METASTUDIO_IAM_PASSWORD: give it in UTF-8") as caught:
        environment_and_file()
    assert "canary" not in str(caught.value)
