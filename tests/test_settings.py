"""The settings: each rule, all faults at once, and no secret in any message."""

import json
import re
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bot.errors import SettingsError
from bot.settings import DatabaseSettings, LogFormat, LogLevel, Mode, RunningRoom, Settings, Switch

SLACK: dict[str, Any] = {"SLACK_BOT_TOKEN": "xoxb-bot-token", "SLACK_APP_TOKEN": "xapp-app-token"}
PROJECT: dict[str, Any] = {"HUAWEICLOUD_SDK_PROJECT_ID": "0123456789abcdef0123456789abcdef"}
KEYS: dict[str, Any] = {"HUAWEICLOUD_SDK_AK": "the-access-key", "HUAWEICLOUD_SDK_SK": "the-secret-key"}
TOKEN: dict[str, Any] = {"METASTUDIO_AUTH_TOKEN": "the-ready-made-token"}
LOGIN: dict[str, Any] = {
    "METASTUDIO_IAM_USER": "bot",
    "METASTUDIO_IAM_PASSWORD": "the password",
    "METASTUDIO_IAM_DOMAIN": "team",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://iam.cn-north-4.myhuaweicloud.com",
}
WAYS = {"keys": KEYS, "token": TOKEN, "login": LOGIN}
COMPLETE = SLACK | PROJECT | KEYS

Load = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """`(**environment)` → the settings of an environment that holds just that, in an empty folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def load_from(**environment: str) -> Settings:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            return Settings.load()

    return load_from


@pytest.fixture
def faults(load: Load) -> Callable[..., dict[str, str]]:
    """`(**environment)` → what is wrong with it, name → what to do."""

    def faults_of(**environment: str) -> dict[str, str]:
        with pytest.raises(SettingsError) as caught:
            load(**environment)
        assert all(fault.remedy for fault in caught.value.faults)
        found = {fault.name: fault.remedy for fault in caught.value.faults}
        assert len(found) == len(caught.value.faults), "a setting is named twice"
        return found

    return faults_of


Faults = Callable[..., dict[str, str]]


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def test_little_has_to_be_set(load: Load) -> None:
    settings = load(**COMPLETE)
    assert settings.mode is Mode.SOCKET
    assert settings.SLACK_API_URL == "https://slack.com/api"
    assert settings.METASTUDIO_ENDPOINT == "https://metastudio.cn-north-4.myhuaweicloud.com"
    assert settings.AVATAR_DATABASE_URL.get_secret_value() == "sqlite+aiosqlite:///avatar-bot.db"
    assert (settings.AVATAR_HTTP_HOST, settings.AVATAR_HTTP_PORT) == ("127.0.0.1", 3000)
    assert settings.AVATAR_REGIONS == ("cn-north-4", "cn-southwest-2")
    assert settings.AVATAR_DEFAULT_REGION is None
    assert settings.AVATAR_STARTS_PER_SECOND == 3
    assert settings.AVATAR_READS_PER_SECOND == 10
    assert settings.AVATAR_START_TIMEOUT == 30
    assert settings.AVATAR_DRAIN_SECONDS == 20
    assert settings.AVATAR_POLICY_FILE is None
    assert settings.AVATAR_RTC_ACCESS is Switch.ON
    assert settings.AVATAR_RUNNING_ROOM is RunningRoom.ASK
    assert (settings.AVATAR_LOG_FORMAT, settings.AVATAR_LOG_LEVEL) == (LogFormat.AUTO, LogLevel.INFO)


def test_every_setting_can_be_set(load: Load) -> None:
    settings = load(
        **COMPLETE,
        SLACK_SIGNING_SECRET="the-signing-secret",
        SLACK_API_URL="http://127.0.0.1:8008/api/",
        HUAWEICLOUD_SDK_SECURITY_TOKEN="the-security-token",
        METASTUDIO_ENDPOINT="https://metastudio.ap-southeast-3.myhuaweicloud.com/",
        AVATAR_DATABASE_URL="postgresql+asyncpg://bot@host/avatars",
        AVATAR_MODE="http",
        AVATAR_HTTP_HOST="0.0.0.0",
        AVATAR_HTTP_PORT="8080",
        AVATAR_REGIONS="cn-north-4",
        AVATAR_DEFAULT_REGION="cn-north-4",
        AVATAR_STARTS_PER_SECOND="0.5",
        AVATAR_READS_PER_SECOND="2.5",
        AVATAR_START_TIMEOUT="12.5",
        AVATAR_DRAIN_SECONDS="0",
        AVATAR_POLICY_FILE="/etc/avatar-bot/policy.toml",
        AVATAR_RTC_ACCESS="off",
        AVATAR_RUNNING_ROOM="Start",
        AVATAR_LOG_FORMAT="json",
        AVATAR_LOG_LEVEL="DEBUG",
    )
    assert settings.mode is Mode.HTTP
    assert settings.SLACK_API_URL == "http://127.0.0.1:8008/api"
    assert settings.METASTUDIO_ENDPOINT == "https://metastudio.ap-southeast-3.myhuaweicloud.com"
    assert (settings.AVATAR_HTTP_HOST, settings.AVATAR_HTTP_PORT) == ("0.0.0.0", 8080)
    assert settings.AVATAR_REGIONS == ("cn-north-4",)
    assert settings.AVATAR_DEFAULT_REGION == "cn-north-4"
    assert settings.AVATAR_STARTS_PER_SECOND == 0.5
    assert settings.AVATAR_READS_PER_SECOND == 2.5
    assert settings.AVATAR_START_TIMEOUT == 12.5
    assert settings.AVATAR_DRAIN_SECONDS == 0
    assert Path("/etc/avatar-bot/policy.toml") == settings.AVATAR_POLICY_FILE
    assert settings.AVATAR_RTC_ACCESS is Switch.OFF
    assert settings.AVATAR_RUNNING_ROOM is RunningRoom.START
    assert (settings.AVATAR_LOG_FORMAT, settings.AVATAR_LOG_LEVEL) == (LogFormat.JSON, LogLevel.DEBUG)


def test_an_empty_environment_is_told_all_that_it_needs(faults: Faults) -> None:
    found = faults()
    assert found.keys() == {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "HUAWEICLOUD_SDK_PROJECT_ID",
        "HUAWEICLOUD_SDK_AK",
    }
    assert "xoxb-" in found["SLACK_BOT_TOKEN"]
    assert "SLACK_SIGNING_SECRET" in found["SLACK_APP_TOKEN"]
    assert "My Credentials" in found["HUAWEICLOUD_SDK_PROJECT_ID"]
    for name in (*KEYS, *TOKEN, *LOGIN):
        assert name in found["HUAWEICLOUD_SDK_AK"]


def test_every_fault_is_named_at_once(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load(
            SLACK_BOT_TOKEN="xapp-swapped",
            SLACK_APP_TOKEN="xoxb-swapped",
            SLACK_API_URL="http://slack.com/api/",
            HUAWEICLOUD_SDK_SK="the-secret-key",
            HUAWEICLOUD_SDK_PROJECT_ID="my project",
            METASTUDIO_ENDPOINT="metastudio.example",
            AVATAR_DATABASE_URL="mysql://host/database",
            AVATAR_HTTP_PORT="65536",
            AVATAR_REGIONS=",",
            AVATAR_STARTS_PER_SECOND="-1",
            AVATAR_READS_PER_SECOND="0",
            AVATAR_START_TIMEOUT="0",
            AVATAR_DRAIN_SECONDS="soon",
            AVATAR_RTC_ACCESS="perhaps",
            AVATAR_RUNNING_ROOM="perhaps",
            AVATAR_LOG_FORMAT="xml",
            AVATAR_LOG_LEVEL="LOUD",
        )
    names = {
        *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL"),
        *("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_PROJECT_ID", "METASTUDIO_ENDPOINT"),
        *("AVATAR_DATABASE_URL", "AVATAR_HTTP_PORT", "AVATAR_REGIONS", "AVATAR_STARTS_PER_SECOND"),
        *("AVATAR_READS_PER_SECOND", "AVATAR_START_TIMEOUT", "AVATAR_DRAIN_SECONDS", "AVATAR_RTC_ACCESS"),
        "AVATAR_RUNNING_ROOM",
        *("AVATAR_LOG_FORMAT", "AVATAR_LOG_LEVEL"),
    }
    assert {fault.name for fault in caught.value.faults} == names
    assert all(f"{name}: " in str(caught.value) for name in names)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_authenticating_is_enough(load: Load, way: str) -> None:
    settings = load(**SLACK, **PROJECT, **WAYS[way])
    for name, value in WAYS[way].items():
        held = getattr(settings, name)
        assert (held.get_secret_value() if isinstance(held, SecretStr) else held) == value


@pytest.mark.parametrize(("first", "second"), [("keys", "token"), ("keys", "login"), ("token", "login")])
def test_two_ways_of_authenticating_are_one_too_many(faults: Faults, first: str, second: str) -> None:
    found = faults(**SLACK, **PROJECT, **WAYS[first], **WAYS[second])
    (remedy,) = found.values()
    assert "exactly one way" in remedy
    assert all(name in remedy for name in (*WAYS[first], *WAYS[second]))


def test_two_halves_of_two_ways_are_told_to_decide_first(faults: Faults) -> None:
    found = faults(**SLACK, **PROJECT, HUAWEICLOUD_SDK_SK="sk", METASTUDIO_IAM_USER="bot")
    (remedy,) = found.values()
    assert "exactly one way" in remedy


@pytest.mark.parametrize("missing", [*KEYS, *LOGIN])
def test_what_belongs_together_must_be_set_together(faults: Faults, missing: str) -> None:
    way = KEYS if missing in KEYS else LOGIN
    found = faults(**SLACK, **PROJECT, **without(way, missing))
    assert found.keys() == {missing}
    assert all(name in found[missing] for name in without(way, missing))


@pytest.mark.parametrize("alone", LOGIN)
def test_one_part_of_a_login_asks_for_all_others(faults: Faults, alone: str) -> None:
    assert faults(**SLACK, **PROJECT, **{alone: LOGIN[alone]}).keys() == without(LOGIN, alone).keys()


def test_temporary_keys_have_a_security_token(load: Load) -> None:
    settings = load(**COMPLETE, HUAWEICLOUD_SDK_SECURITY_TOKEN="the-security-token")
    assert SecretStr("the-security-token") == settings.HUAWEICLOUD_SDK_SECURITY_TOKEN


@pytest.mark.parametrize("way", ["token", "login"])
def test_a_security_token_belongs_to_keys_alone(faults: Faults, way: str) -> None:
    found = faults(**SLACK, **PROJECT, **WAYS[way], HUAWEICLOUD_SDK_SECURITY_TOKEN="the-security-token")
    assert found.keys() == {"HUAWEICLOUD_SDK_SECURITY_TOKEN"}
    assert "HUAWEICLOUD_SDK_AK" in found["HUAWEICLOUD_SDK_SECURITY_TOKEN"]


ADDRESSES = ["METASTUDIO_ENDPOINT", "HUAWEICLOUD_SDK_IAM_ENDPOINT", "SLACK_API_URL"]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://cloud.example", "https://cloud.example"),
        ("https://cloud.example:8443/", "https://cloud.example:8443"),
        ("https://cloud.example/under/here/", "https://cloud.example/under/here"),
        ("HTTPS://Cloud.example", "HTTPS://Cloud.example"),
        ("http://127.0.0.1:8008", "http://127.0.0.1:8008"),
        ("http://localhost:8008/", "http://localhost:8008"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://[::1]:8008", "http://[::1]:8008"),
        (" https://cloud.example ", "https://cloud.example"),
    ],
)
def test_an_address_is_https_or_of_this_machine(load: Load, name: str, address: str, kept: str) -> None:
    assert getattr(load(**(SLACK | PROJECT | LOGIN | {name: address})), name) == kept


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "address",
    [
        "http://cloud.example",
        "http://10.0.0.1",
        "http://127.0.0.1.cloud.example",
        "http://localhost.cloud.example",
        "http://[::2]",
        "ftp://cloud.example",
        "cloud.example",
        "//cloud.example",
        "https://",
        "https:///path",
        "https://:443",
        "https://cloud.example:port",
        "https://cloud.example:65536",
        "https://cloud.example:-1",
        "https://[::1",
        "https://cloud example",
        "https://somebody:password@cloud.example",
        "http://127.0.0.1@cloud.example",
        "https://cloud.example?a=b",
        "https://cloud.example#part",
    ],
)
def test_any_other_address_is_refused(faults: Faults, name: str, address: str) -> None:
    found = faults(**(SLACK | PROJECT | LOGIN | {name: address}))
    assert found.keys() == {name}
    assert "https://" in found[name]
    assert "somebody" not in found[name]


@pytest.mark.parametrize(
    ("mode", "slack", "resolved"),
    [
        ("auto", ["SLACK_APP_TOKEN"], Mode.SOCKET),
        ("auto", ["SLACK_SIGNING_SECRET"], Mode.HTTP),
        ("auto", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"], Mode.SOCKET),
        ("socket", ["SLACK_APP_TOKEN"], Mode.SOCKET),
        ("socket", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"], Mode.SOCKET),
        ("http", ["SLACK_SIGNING_SECRET"], Mode.HTTP),
        ("http", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"], Mode.HTTP),
    ],
)
def test_the_mode_follows_from_what_there_is(load: Load, mode: str, slack: list[str], resolved: Mode) -> None:
    values = {"SLACK_APP_TOKEN": "xapp-app-token", "SLACK_SIGNING_SECRET": "the-signing-secret"}
    given = {name: values[name] for name in slack}
    assert load(**(without(COMPLETE, "SLACK_APP_TOKEN") | given), AVATAR_MODE=mode).mode is resolved


@pytest.mark.parametrize(
    ("mode", "slack", "missing"),
    [
        ("auto", {}, "SLACK_APP_TOKEN"),
        ("socket", {}, "SLACK_APP_TOKEN"),
        ("socket", {"SLACK_SIGNING_SECRET": "secret"}, "SLACK_APP_TOKEN"),
        ("http", {}, "SLACK_SIGNING_SECRET"),
        ("http", {"SLACK_APP_TOKEN": "xapp-app-token"}, "SLACK_SIGNING_SECRET"),
    ],
)
def test_a_mode_without_what_it_needs_is_refused(
    faults: Faults, mode: str, slack: dict[str, str], missing: str
) -> None:
    assert faults(**without(COMPLETE, "SLACK_APP_TOKEN"), **slack, AVATAR_MODE=mode).keys() == {missing}


def test_an_unknown_mode_is_told_the_known_ones(faults: Faults) -> None:
    remedy = faults(**COMPLETE, AVATAR_MODE="webhook")["AVATAR_MODE"]
    assert all(mode in remedy for mode in Mode)


@pytest.mark.parametrize("value", ["0", "-1", "10001"])
def test_a_rate_of_reads_out_of_range_is_told_the_bound(faults: Faults, value: str) -> None:
    remedy = faults(**COMPLETE, AVATAR_READS_PER_SECOND=value)["AVATAR_READS_PER_SECOND"]
    assert re.fullmatch(r"give a number (greater|less) than or equal to (0\.5|10000)", remedy)


@pytest.mark.parametrize(
    ("written", "access"),
    [
        *(("on", Switch.ON), ("On", Switch.ON), (" ON ", Switch.ON)),
        *(("off", Switch.OFF), ("OFF", Switch.OFF)),
    ],
)
def test_rtc_access_is_on_or_off_in_any_case(load: Load, written: str, access: Switch) -> None:
    assert load(**COMPLETE, AVATAR_RTC_ACCESS=written).AVATAR_RTC_ACCESS is access


@pytest.mark.parametrize("written", ["true", "1", "none", "on,off"])
def test_any_other_rtc_access_is_told_the_choice(faults: Faults, written: str) -> None:
    assert faults(**COMPLETE, AVATAR_RTC_ACCESS=written) == {
        "AVATAR_RTC_ACCESS": "choose one of 'on' or 'off'"
    }


@pytest.mark.parametrize(
    ("days", "kept"), [("0", None), ("1", timedelta(days=1)), ("90", timedelta(days=90))]
)
def test_the_log_is_kept_for_ever_or_for_days(load: Load, days: str, kept: timedelta | None) -> None:
    assert load(**COMPLETE, AVATAR_LOG_RETENTION_DAYS=days).log_retention == kept


def test_half_a_day_is_told_to_be_a_whole_number(faults: Faults) -> None:
    found = faults(**COMPLETE, AVATAR_LOG_RETENTION_DAYS="0.5")
    assert found == {"AVATAR_LOG_RETENTION_DAYS": "give a whole number"}


@pytest.mark.parametrize("mode", ["auto", "socket"])
def test_socket_mode_can_do_without_the_web_server(load: Load, mode: str) -> None:
    assert load(**COMPLETE, AVATAR_HTTP_PORT="0", AVATAR_MODE=mode).AVATAR_HTTP_PORT == 0


@pytest.mark.parametrize("mode", ["auto", "http"])
@pytest.mark.parametrize("port", ["0", "00", " 0 "])
def test_http_mode_cannot(faults: Faults, mode: str, port: str) -> None:
    values = without(COMPLETE, "SLACK_APP_TOKEN") | {"SLACK_SIGNING_SECRET": "secret"}
    found = faults(**values, AVATAR_HTTP_PORT=port, AVATAR_MODE=mode)
    assert found.keys() == {"AVATAR_HTTP_PORT"}
    assert "Socket Mode" in found["AVATAR_HTTP_PORT"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AVATAR_HTTP_PORT", "-1"),
        ("AVATAR_HTTP_PORT", "65536"),
        ("AVATAR_HTTP_PORT", "http"),
        ("AVATAR_STARTS_PER_SECOND", "-0.1"),
        ("AVATAR_STARTS_PER_SECOND", "inf"),
        ("AVATAR_STARTS_PER_SECOND", "nan"),
        ("AVATAR_READS_PER_SECOND", "0"),
        ("AVATAR_READS_PER_SECOND", "-1"),
        ("AVATAR_READS_PER_SECOND", "0.0001"),
        ("AVATAR_READS_PER_SECOND", "10001"),
        ("AVATAR_READS_PER_SECOND", "inf"),
        ("AVATAR_READS_PER_SECOND", "nan"),
        ("AVATAR_READS_PER_SECOND", "often"),
        ("AVATAR_START_TIMEOUT", "0.5"),
        ("AVATAR_START_TIMEOUT", "601"),
        ("AVATAR_START_TIMEOUT", "nan"),
        *(("AVATAR_LOG_RETENTION_DAYS", value) for value in ("-1", "0.5", "90d", "36501")),
        ("AVATAR_DRAIN_SECONDS", "-1"),
        ("AVATAR_DRAIN_SECONDS", "1 minute"),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "cn-north-4/project"),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "p" * 65),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "проект"),
        ("AVATAR_DATABASE_URL", "avatar-bot.db"),
        ("AVATAR_DATABASE_URL", "sqlite:///avatar-bot.db"),
        ("AVATAR_DATABASE_URL", "postgresql://host/database"),
        ("AVATAR_DATABASE_URL", "postgresql+asyncpg://bot:pass[word@host/database"),
    ],
)
def test_values_out_of_range_are_refused(faults: Faults, name: str, value: str) -> None:
    assert faults(**(COMPLETE | {name: value})).keys() == {name}


@pytest.mark.parametrize(
    ("written", "regions"),
    [
        ("cn-north-4", ("cn-north-4",)),
        (" cn-north-4 , CN-Southwest-2,, ", ("cn-north-4", "cn-southwest-2")),
        ("ap-southeast-3,cn-north-4", ("ap-southeast-3", "cn-north-4")),
    ],
)
def test_regions_are_a_list_with_commas(load: Load, written: str, regions: tuple[str, ...]) -> None:
    assert regions == load(**COMPLETE, AVATAR_REGIONS=written).AVATAR_REGIONS


@pytest.mark.parametrize("written", [",", " , ,"])
def test_at_least_one_region_is_needed(faults: Faults, written: str) -> None:
    assert "at least one region" in faults(**COMPLETE, AVATAR_REGIONS=written)["AVATAR_REGIONS"]


@pytest.mark.parametrize("written", ["cn-southwest-2", " cn-southwest-2 ", "CN-Southwest-2"])
def test_the_default_region_is_one_of_the_regions(load: Load, written: str) -> None:
    assert load(**COMPLETE, AVATAR_DEFAULT_REGION=written).AVATAR_DEFAULT_REGION == "cn-southwest-2"


@pytest.mark.parametrize("default", ["cn-east-3", "cn-north", "4", "cn-north-4,cn-southwest-2", ","])
@pytest.mark.parametrize(
    "regions", [{}, {"AVATAR_REGIONS": "cn-north-4,cn-southwest-2"}], ids=["default", "set"]
)
def test_another_default_region_is_refused(faults: Faults, default: str, regions: dict[str, str]) -> None:
    assert faults(**COMPLETE, **regions, AVATAR_DEFAULT_REGION=default).keys() == {"AVATAR_DEFAULT_REGION"}


@pytest.mark.parametrize(
    ("name", "value", "prefix"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1", "xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxp-1", "xoxb-"),
        ("SLACK_BOT_TOKEN", "XOXB-1", "xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-1", "xapp-"),
    ],
)
def test_tokens_of_another_kind_are_refused(faults: Faults, name: str, value: str, prefix: str) -> None:
    found = faults(**(COMPLETE | {name: value}))
    assert found.keys() == {name}
    assert prefix in found[name]


def test_blanks_around_a_value_do_not_belong_to_it(load: Load) -> None:
    settings = load(**{name: f" \t{value}\n" for name, value in COMPLETE.items()}, AVATAR_MODE=" socket ")
    assert settings == load(**COMPLETE, AVATAR_MODE="socket")


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_value_is_none(load: Load, faults: Faults, blank: str) -> None:
    blanks = dict.fromkeys(Settings.model_fields.keys() - COMPLETE.keys(), blank)
    assert load(**COMPLETE, **blanks) == load(**COMPLETE)
    assert faults(**dict.fromkeys(Settings.model_fields, blank)) == faults()


def test_a_blank_secret_counts_as_missing_beside_its_other_half(faults: Faults) -> None:
    assert faults(**(COMPLETE | {"HUAWEICLOUD_SDK_AK": "  "})).keys() == {"HUAWEICLOUD_SDK_AK"}


HEADER_VALUES = [*SLACK, *KEYS, *TOKEN, "HUAWEICLOUD_SDK_SECURITY_TOKEN"]


@pytest.mark.parametrize("name", HEADER_VALUES)
@pytest.mark.parametrize("odd", ["in two\nlines", "with a blank", "with\ttab", "with-ümlaut", "with-…"])
def test_a_key_or_token_that_fits_no_header_is_refused(faults: Faults, name: str, odd: str) -> None:
    way = TOKEN if name in TOKEN else KEYS
    prefix = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}.get(name, "")
    found = faults(**(SLACK | PROJECT | way | {name: prefix + odd}))
    assert found.keys() == {name}
    assert odd not in found[name]


def test_a_password_may_hold_anything(load: Load) -> None:
    settings = load(**(SLACK | PROJECT | LOGIN | {"METASTUDIO_IAM_PASSWORD": "pässword with blanks"}))
    assert SecretStr("pässword with blanks") == settings.METASTUDIO_IAM_PASSWORD


SECRETS: dict[str, Any] = {
    "SLACK_BOT_TOKEN": "hidden-bot-token",
    "SLACK_APP_TOKEN": "hidden-app-token",
    "SLACK_SIGNING_SECRET": "hidden-signing-secret",
    "HUAWEICLOUD_SDK_AK": "hidden-access-key",
    "HUAWEICLOUD_SDK_SK": "hidden-secret-key ü",
    "HUAWEICLOUD_SDK_SECURITY_TOKEN": "hidden-security-token ü",
    "METASTUDIO_AUTH_TOKEN": "hidden-auth-token",
    "METASTUDIO_IAM_PASSWORD": "hidden-password",
    "AVATAR_DATABASE_URL": "hidden://user:hidden@host/database",
    "AVATAR_MODE": "hidden-mode",
    "AVATAR_HTTP_PORT": "hidden-port",
    "SLACK_API_URL": "https://user:hidden@[host",
}


def test_no_secret_is_in_the_text_of_a_fault(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**SECRETS)
    assert len(caught.value.faults) > 5
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.faults)
    assert "hidden" not in told
    with pytest.raises(ValidationError) as direct:
        Settings(**SECRETS)
    assert "hidden" not in "".join(traceback.format_exception(direct.value)) + repr(direct.value.errors())


def test_no_secret_is_in_a_repr() -> None:
    values = SLACK | PROJECT | KEYS | {"AVATAR_DATABASE_URL": "postgresql+asyncpg://bot:the-password@host/db"}
    settings = Settings(
        **values, SLACK_SIGNING_SECRET="the-signing-secret", HUAWEICLOUD_SDK_SECURITY_TOKEN="the-token"
    )
    shown = repr(settings) + str(settings) + settings.model_dump_json() + repr(settings.model_dump())
    for secret in ("xoxb-bot", "xapp-app", "the-"):
        assert secret not in shown
    assert set(settings.secrets) == {
        *("xoxb-bot-token", "xapp-app-token", "the-signing-secret", "the-token"),
        *("the-access-key", "the-secret-key", "the-password"),
        "postgresql+asyncpg://bot:the-password@host/db",
    }


def test_the_secrets_to_hide_are_never_empty() -> None:
    blank: dict[str, Any] = {"METASTUDIO_AUTH_TOKEN": "", "SLACK_SIGNING_SECRET": SecretStr(" ")}
    assert all(Settings(**COMPLETE, **blank).secrets)


def test_a_password_is_hidden_as_it_is_written_and_as_it_is_meant() -> None:
    url = "postgresql+asyncpg://bot:p%40ss%5Bword@host/db"
    assert {"p%40ss%5Bword", "p@ss[word"} <= set(Settings(**COMPLETE, AVATAR_DATABASE_URL=url).secrets)


def test_settings_given_in_code_ignore_the_environment(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AVATAR_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("METASTUDIO_AUTH_TOKEN", "a-real-token")
    (tmp_path / ".env").write_text("AVATAR_DRAIN_SECONDS=1\nSLACK_SIGNING_SECRET=real\n")
    settings = Settings(**COMPLETE)
    assert settings.AVATAR_LOG_LEVEL is LogLevel.INFO
    assert settings.AVATAR_DRAIN_SECONDS == 20
    assert settings.METASTUDIO_AUTH_TOKEN is None
    assert settings.SLACK_SIGNING_SECRET is None


def test_settings_given_in_code_are_checked_alike() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**without(COMPLETE, "SLACK_BOT_TOKEN"), AVATAR_REGIONS=5, AVATAR_DEFAULT_REGION="x")
    assert {error["loc"][0] for error in caught.value.errors()} == {"SLACK_BOT_TOKEN", "AVATAR_REGIONS"}
    secret: dict[str, Any] = {name: SecretStr(f" {value} ") for name, value in (SLACK | KEYS).items()}
    listed = Settings(**PROJECT, **secret, AVATAR_REGIONS=["cn-north-4"], AVATAR_DEFAULT_REGION="cn-north-4")
    assert listed.AVATAR_REGIONS == ("cn-north-4",)
    assert SecretStr("xoxb-bot-token") == listed.SLACK_BOT_TOKEN


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings(**COMPLETE).AVATAR_MODE = Mode.HTTP  # type: ignore[misc]  # that it is frozen is the point


def test_a_file_named_env_is_read_and_the_environment_overrules_it(load: Load, tmp_path: Path) -> None:
    lines = [f"{name}={json.dumps(value)}" for name, value in COMPLETE.items()]
    lines += ["# a comment", "AVATAR_HTTP_PORT=4000", "AVATAR_LOG_LEVEL=", "SOMEBODY_ELSES=1"]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load().AVATAR_HTTP_PORT == 4000
    assert load(AVATAR_HTTP_PORT="5000").AVATAR_HTTP_PORT == 5000
    assert SecretStr("xoxb-bot-token") == load().SLACK_BOT_TOKEN


def test_faults_of_the_file_are_named_too(faults: Faults, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_APP_TOKEN=xoxb-swapped\nAVATAR_MODE=webhook\n")
    found = faults(**without(COMPLETE, "SLACK_APP_TOKEN"), AVATAR_LOG_LEVEL="LOUD")
    assert found.keys() == {"SLACK_APP_TOKEN", "AVATAR_MODE", "AVATAR_LOG_LEVEL"}


def test_the_log_alone_needs_nothing_but_its_database(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    assert DatabaseSettings.load().AVATAR_DATABASE_URL.get_secret_value().startswith("sqlite")
    monkeypatch.setenv("AVATAR_DATABASE_URL", "mysql://user:the-password@host/database")
    with pytest.raises(SettingsError) as caught:
        DatabaseSettings.load()
    assert re.fullmatch(r"AVATAR_DATABASE_URL: give sqlite.*", str(caught.value))
    assert "the-password" not in str(caught.value)
    with pytest.raises(ValidationError) as direct:
        DatabaseSettings(AVATAR_DATABASE_URL=SecretStr("mysql://user:the-password@host/database"))
    assert "the-password" not in str(direct.value)
    with pytest.raises(ValidationError) as direct:
        DatabaseSettings.model_validate({"AVATAR_DATABASE_URL": "mysql://user:the-password@host/database"})
    assert "the-password" not in str(direct.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:////var/lib/avatar-bot/[log] 1.db",
        "postgresql+asyncpg://bot@host:5432/avatars",
        "postgresql+asyncpg://bot:@/avatars?host=/run/postgresql",
    ],
)
def test_a_database_without_a_password_has_none_to_hide(load: Load, url: str) -> None:
    assert load(**COMPLETE, AVATAR_DATABASE_URL=url).secrets == (url, *load(**COMPLETE).secrets[1:])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AVATAR_POLICY_FIL", "AVATAR_POLICY_FILE"),
        ("avatar_policy_fil", "AVATAR_POLICY_FILE"),
        ("AVATAR_DATABASE_UR", "AVATAR_DATABASE_URL"),
        ("AVATAR_PORT", "AVATAR_HTTP_PORT"),
        ("METASTUDIO_ENDPOIN", "METASTUDIO_ENDPOINT"),
        ("METASTUDIO_IAM_PASWORD", "METASTUDIO_IAM_PASSWORD"),
    ],
)
def test_a_misspelt_setting_is_told_what_may_be_meant(
    faults: Faults, tmp_path: Path, name: str, meant: str
) -> None:
    expected = {name.upper(): f"there is no such setting; did you mean {meant}?"}
    assert faults(**COMPLETE, **{name: "canary"}) == expected
    assert faults(**COMPLETE, **{name: ""}) == expected
    (tmp_path / ".env").write_text(f"{name}=canary\n")
    assert faults(**COMPLETE) == expected
    with pytest.raises(SettingsError) as caught:
        DatabaseSettings.load()
    assert {fault.name: fault.remedy for fault in caught.value.faults} == expected


def test_a_name_like_no_setting_is_told_where_they_are(faults: Faults) -> None:
    assert "README" in faults(**COMPLETE, AVATAR_WEATHER="fine")["AVATAR_WEATHER"]


def test_misspelt_settings_are_told_with_every_other_fault(faults: Faults) -> None:
    found = faults(**without(COMPLETE, "SLACK_BOT_TOKEN"), AVATAR_MOD="http", AVATAR_LOG_LEVEL="LOUD")
    assert found.keys() == {"SLACK_BOT_TOKEN", "AVATAR_MOD", "AVATAR_LOG_LEVEL"}


def test_settings_in_any_case_are_the_same(load: Load) -> None:
    assert load(**COMPLETE, avatar_mode="socket", Avatar_Http_Port="4000").AVATAR_HTTP_PORT == 4000


def test_names_of_other_tools_stop_nothing(load: Load) -> None:
    # Kubernetes sets variables like the last four for a service named `avatar-bot`.
    others = {
        "SLACK_CLIENT_ID": "1",
        "HUAWEICLOUD_SDK_REGION": "cn",
        "AVATAR_BOT_SERVICE_HOST": "10.0.0.1",
        "AVATAR_BOT_SERVICE_PORT_HTTP": "3000",
        "AVATAR_BOT_PORT": "tcp://10.0.0.1:3000",
        "AVATAR_BOT_PORT_3000_TCP_ADDR": "10.0.0.1",
    }
    assert load(**COMPLETE, **others) == load(**COMPLETE)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        *(("::1", "::1"), ("[::1]", "::1"), ("::", "::"), ("fe80::1%eth0", "fe80::1%eth0")),
        *(("0.0.0.0", "0.0.0.0"), ("localhost", "localhost"), ("my_host.example.", "my_host.example.")),
    ],
)
def test_the_web_servers_host_is_an_address_or_a_name(load: Load, written: str, host: str) -> None:
    assert host == load(**COMPLETE, AVATAR_HTTP_HOST=written).AVATAR_HTTP_HOST


@pytest.mark.parametrize(
    "host",
    ["my host", "127.0.0.1:3000", "[::1]:3000", "http://127.0.0.1", "*", "[::1", "a" * 64, "a..b", ":"],
)
def test_any_other_host_is_refused(faults: Faults, host: str) -> None:
    assert "AVATAR_HTTP_PORT" in faults(**COMPLETE, AVATAR_HTTP_HOST=host)["AVATAR_HTTP_HOST"]


@pytest.mark.parametrize("content", [None, "", "garbage", "-----BEGIN CERTIFICATE-----\ngarbage\n"])
def test_a_file_of_no_certificates_is_named(faults: Faults, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "certificates.pem"
    if content is not None:
        file.write_text(content)
    found = faults(**COMPLETE, SSL_CERT_FILE=str(file))
    assert found.keys() == {"SSL_CERT_FILE"}
    assert str(file) in found["SSL_CERT_FILE"]


def test_a_folder_that_is_none_is_named(load: Load, faults: Faults, tmp_path: Path) -> None:
    assert faults(**COMPLETE, SSL_CERT_DIR=f"{tmp_path}:{tmp_path}/none").keys() == {"SSL_CERT_DIR"}
    load(**COMPLETE, SSL_CERT_DIR=str(tmp_path))
    assert faults(**COMPLETE, SSL_CERT_FILE=str(tmp_path)).keys() == {"SSL_CERT_FILE"}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize(
    "address", ["socks5://user:canary@proxy:1080", "http://user:canary@proxy:port", "http://[::1", "http://"]
)
def test_a_proxy_that_cannot_be_used_is_named(
    faults: Faults, monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    for known in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(known, raising=False)
    found = faults(**COMPLETE, **{name: address})
    assert found.keys() == {name.upper()}
    assert "canary" not in found[name.upper()]


def test_a_proxy_that_can_be_used_is_no_fault(load: Load) -> None:
    load(**COMPLETE, HTTPS_PROXY="http://user:p%40ss@proxy.example:3128", HTTP_PROXY="proxy.example:3128")
