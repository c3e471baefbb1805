"""The settings: names of the environment (or `.env`), checked together: every fault is named at once."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from bot.errors import SettingFault, SettingsError

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_AK_SK = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
_IAM = (
    "METASTUDIO_IAM_USER",
    "METASTUDIO_IAM_PASSWORD",
    "METASTUDIO_IAM_DOMAIN",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT",
)
_TOKEN = ("METASTUDIO_AUTH_TOKEN",)


class Mode(StrEnum):
    """How Slack reaches the bot. `auto` is `socket` where there is an app token, else `http`."""

    AUTO = "auto"
    SOCKET = "socket"
    HTTP = "http"


class LogFormat(StrEnum):
    """`auto` is `console` on a terminal, else `json`."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """Python's own levels."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class DatabaseSettings(BaseSettings):
    """Where the log is: all that the commands need which only read it.

    `load()` reads the environment and `.env`. Called with `NAME=value, …` the class takes only what is given:
    the sandbox and the tests must not pick up a real key by accident.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    AVATAR_DATABASE_URL: SecretStr = SecretStr("sqlite+aiosqlite:///avatar-bot.db")

    @classmethod
    def load(cls) -> Self:
        """The settings of the environment.

        Raises:
            SettingsError: naming every wrong setting and what to do about it.
        """
        try:
            return cls()
        except ValidationError as error:
            faults = [_fault(detail) for detail in error.errors(include_input=False, include_url=False)]
        raise SettingsError(faults)

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, file_secret_settings
        return (init_settings,) if init_settings() else (env_settings, dotenv_settings)

    @field_validator("AVATAR_DATABASE_URL")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
            raise PydanticCustomError(
                "database",
                "give sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://user@host/database",
            )
        return value


class Settings(DatabaseSettings):
    """All settings, under their names in the environment."""

    SLACK_BOT_TOKEN: SecretStr
    SLACK_APP_TOKEN: SecretStr | None = None
    SLACK_SIGNING_SECRET: SecretStr | None = None
    SLACK_API_URL: str = "https://slack.com/api/"

    HUAWEICLOUD_SDK_AK: SecretStr | None = None
    HUAWEICLOUD_SDK_SK: SecretStr | None = None
    HUAWEICLOUD_SDK_SECURITY_TOKEN: SecretStr | None = None
    HUAWEICLOUD_SDK_PROJECT_ID: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    METASTUDIO_ENDPOINT: str = "https://metastudio.cn-north-4.myhuaweicloud.com"
    METASTUDIO_AUTH_TOKEN: SecretStr | None = None
    METASTUDIO_IAM_USER: str | None = None
    METASTUDIO_IAM_PASSWORD: SecretStr | None = None
    METASTUDIO_IAM_DOMAIN: str | None = None
    HUAWEICLOUD_SDK_IAM_ENDPOINT: str | None = None

    AVATAR_MODE: Mode = Mode.AUTO
    AVATAR_HTTP_HOST: str = "127.0.0.1"
    AVATAR_HTTP_PORT: int = Field(default=3000, ge=0, le=65535)
    AVATAR_REGIONS: Annotated[tuple[str, ...], NoDecode] = ("cn-north-4", "cn-southwest-2")
    AVATAR_DEFAULT_REGION: str | None = None
    AVATAR_STARTS_PER_SECOND: float = Field(default=3, ge=0, le=10_000, allow_inf_nan=False)
    AVATAR_START_TIMEOUT: float = Field(default=30, ge=1, le=600, allow_inf_nan=False)
    AVATAR_DRAIN_SECONDS: float = Field(default=20, ge=0, le=3600, allow_inf_nan=False)
    AVATAR_POLICY_FILE: Path | None = None
    AVATAR_LOG_FORMAT: LogFormat = LogFormat.AUTO
    AVATAR_LOG_LEVEL: LogLevel = LogLevel.INFO

    @property
    def mode(self) -> Mode:
        """`AVATAR_MODE` with `auto` resolved."""
        if self.AVATAR_MODE is not Mode.AUTO:
            return self.AVATAR_MODE
        return Mode.SOCKET if self.SLACK_APP_TOKEN else Mode.HTTP

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be seen, for the log's redaction."""
        values = (getattr(self, name) for name in type(self).model_fields)
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        password = urlsplit(self.AVATAR_DATABASE_URL.get_secret_value()).password
        return (*secrets, password) if password else tuple(secrets)

    @field_validator("AVATAR_REGIONS", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = tuple(word.strip().lower() for word in value.split(",") if word.strip())
        if not value:
            raise PydanticCustomError("regions", "name at least one region, e.g. cn-north-4,cn-southwest-2")
        return value

    @field_validator("METASTUDIO_ENDPOINT", "HUAWEICLOUD_SDK_IAM_ENDPOINT", "SLACK_API_URL")
    @classmethod
    def _https_except_on_loopback(cls, value: str | None) -> str | None:
        if value is None:
            return None
        url = urlsplit(value)
        secure = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
        if not secure or not url.hostname or url.query or url.fragment or "@" in url.netloc:
            raise PydanticCustomError(
                "endpoint",
                "give an https:// address (http:// only for this machine, e.g. http://127.0.0.1:8008)",
            )
        return value.rstrip("/")

    @model_validator(mode="wrap")
    @classmethod
    def _every_fault_at_once(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        faults: list[InitErrorDetails] = []
        built: Self | None = None
        try:
            built = build(values)
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            faults.extend(_detail(str(detail["loc"][0]), _remedy(detail)) for detail in details)
        faults.extend(_detail(name, remedy) for name, remedy in _faults_between(values))
        if built is None or faults:
            raise ValidationError.from_exception_data(cls.__name__, faults, hide_input=True)
        return built


def _fault(detail: Mapping[str, Any]) -> SettingFault:
    return SettingFault(name=".".join(str(part) for part in detail["loc"]), remedy=detail["msg"])


def _detail(name: str, remedy: str) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError("setting", "{remedy}", {"remedy": remedy}), loc=(name,), input=None
    )


def _remedy(detail: Mapping[str, Any]) -> str:
    name = detail["loc"][0]
    match detail["type"], name:
        case "missing", "SLACK_BOT_TOKEN":
            return "set it to the Bot User OAuth Token (xoxb-…) of the app's page OAuth & Permissions"
        case "missing", _:
            return "set it; it is on the console's page My Credentials (API Credentials)"
        case "string_pattern_mismatch", "HUAWEICLOUD_SDK_PROJECT_ID":
            return "give the project's ID (letters, digits, - and _), not its name"
        case _:
            return str(detail["msg"])


def _faults_between(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong between settings, told from which are given, so that it is found beside other faults."""
    given = {name for name, value in values.items() if value not in (None, "")}
    yield from _faults_of_tokens(values, given)
    yield from _faults_of_authentication(given)
    default_region = values.get("AVATAR_DEFAULT_REGION")
    regions = values.get("AVATAR_REGIONS", Settings.model_fields["AVATAR_REGIONS"].default)
    if default_region and default_region not in regions:
        yield "AVATAR_DEFAULT_REGION", "name one of AVATAR_REGIONS, or leave it out"


def _faults_of_tokens(values: Mapping[str, Any], given: set[str]) -> Iterator[tuple[str, str]]:
    mode = str(values.get("AVATAR_MODE") or Mode.AUTO)
    if mode == Mode.SOCKET and "SLACK_APP_TOKEN" not in given:
        yield "SLACK_APP_TOKEN", "set it (xapp-…) for Socket Mode, or set AVATAR_MODE=http"
    if mode == Mode.HTTP and "SLACK_SIGNING_SECRET" not in given:
        yield "SLACK_SIGNING_SECRET", "set it (the app's page Basic Information) for HTTP mode"
    if mode == Mode.AUTO and not given & {"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"}:
        yield "SLACK_APP_TOKEN", "set it (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode"
    serves_http = mode == Mode.HTTP or (mode == Mode.AUTO and "SLACK_APP_TOKEN" not in given)
    if serves_http and str(values.get("AVATAR_HTTP_PORT", "")) == "0":
        yield "AVATAR_HTTP_PORT", "0 switches the web server off, which only Socket Mode can do without"
    for name, prefix in (("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")):
        if name in given and not _plain(values[name]).startswith(prefix):
            yield name, f"this is another kind of token; the right one starts with {prefix}"


def _faults_of_authentication(given: set[str]) -> Iterator[tuple[str, str]]:
    ways = [way for way in (_AK_SK, _TOKEN, _IAM) if given & set(way)]
    if not ways:
        remedy = (
            "say how to authenticate to MetaStudio: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (recommended), "
            "or METASTUDIO_AUTH_TOKEN, or METASTUDIO_IAM_USER with METASTUDIO_IAM_PASSWORD, "
            "METASTUDIO_IAM_DOMAIN and HUAWEICLOUD_SDK_IAM_ENDPOINT"
        )
        yield "HUAWEICLOUD_SDK_AK", remedy
    if len(ways) > 1:
        several = ", ".join(name for way in ways for name in way if name in given)
        yield ways[1][0], f"keep exactly one way of authenticating to MetaStudio; set are {several}"
    for way in ways:
        for name in way:
            if name not in given:
                together = " and ".join(other for other in way if other in given)
                yield name, f"set it as well; it belongs to {together}"
    if "HUAWEICLOUD_SDK_SECURITY_TOKEN" in given and _AK_SK not in ways:
        remedy = "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, which it belongs to, or leave it out"
        yield "HUAWEICLOUD_SDK_SECURITY_TOKEN", remedy


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
