"""The settings, from the environment and `.env`. All are checked at once, and every fault is reported."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from bot.environment.addresses import is_host, is_safe_address
from bot.environment.certificates import certificate_faults
from bot.environment.database_url import WrongDatabaseUrl, read_database_url
from bot.environment.env_file import environment_and_file, is_ours
from bot.environment.proxies import proxy_faults
from bot.environment.remedies import detail_of, fault_of, remedy_for
from bot.environment.setting_rules import AK_SK, TOKEN, faults_between, misspelt, resolved_mode
from bot.environment.setting_values import plain, split_regions, without_blanks
from bot.errors import SettingFault, SettingsError

_HEADER_VALUES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", *AK_SK, "HUAWEICLOUD_SDK_SECURITY_TOKEN", *TOKEN)
"""Keys and tokens that are sent in headers. A value that no header can hold is reported at the start."""


class Mode(StrEnum):
    """How Slack reaches the bot. `auto` is `socket` if there is an app token, else `http`."""

    AUTO = "auto"
    SOCKET = "socket"
    HTTP = "http"


class Switch(StrEnum):
    """A feature that can be switched off."""

    ON = "on"
    OFF = "off"


class RunningRoom(StrEnum):
    """The answer to a start for a room in which a job of this bot runs: a question, or another job."""

    ASK = "ask"
    START = "start"


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


class _EnvironmentAndFile(EnvSettingsSource):
    """Reads the environment and `.env`: the settings, and unknown names with a setting's prefix."""

    @override
    def _load_env_vars(self) -> Mapping[str, str | None]:
        return environment_and_file()

    @override
    def __call__(self) -> dict[str, Any]:
        ours = {name: value for name, value in self.env_vars.items() if is_ours(name)}
        return ours | super().__call__()


class DatabaseSettings(BaseSettings):
    """The settings of commands that only read the invocation log: where the database is.

    `load()` reads the environment and `.env`. The constructor, called with `NAME=value, …`, uses only these
    values, so that the sandbox and the tests never use a real key by accident.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    AVATAR_DATABASE_URL: SecretStr = SecretStr("sqlite+aiosqlite:///avatar-bot.db")

    @classmethod
    def load(cls) -> Self:
        """Load the settings from the environment and `.env`.

        Raises:
            SettingsError: settings are wrong; the error names each of them and says what to do.
        """
        faults = list(cls._faults_of_environment())
        try:
            settings = cls()
        except ValidationError as error:
            found = [fault_of(detail) for detail in error.errors(include_input=False, include_url=False)]
            raise SettingsError([*found, *faults]) from None
        if faults:
            raise SettingsError(faults)
        return settings

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
        del env_settings, dotenv_settings, file_secret_settings
        return (init_settings,) if init_settings() else (_EnvironmentAndFile(settings_cls),)

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_faults(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        faults: list[InitErrorDetails] = []
        built: Self | None = None
        tidied = without_blanks(values)
        try:
            built = build(tidied)
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            faults.extend(detail_of(str(detail["loc"][0]), remedy_for(detail)) for detail in details)
        unknown = misspelt({name: plain(value) for name, value in values.items()}, Settings.model_fields)
        faults.extend(
            detail_of(fault.name, fault.remedy) for fault in (*cls._faults_between(tidied), *unknown)
        )
        if built is None or faults:
            raise ValidationError.from_exception_data(cls.__name__, faults, hide_input=True)
        return built

    @classmethod
    def _faults_between(cls, values: Mapping[str, Any]) -> Iterator[SettingFault]:
        """Yield the faults of settings that contradict each other."""
        del values
        return iter(())

    @classmethod
    def _faults_of_environment(cls) -> Iterator[SettingFault]:
        """Yield the faults of environment variables that other programs use too (proxies, certificates)."""
        return iter(())

    @field_validator("AVATAR_DATABASE_URL")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        try:
            read_database_url(value.get_secret_value())
        except WrongDatabaseUrl as error:
            raise PydanticCustomError("database", "{remedy}", {"remedy": str(error)}) from None
        return value


class PolicySettings(DatabaseSettings):
    """The settings of `policy check`. With a token, it can ask Slack for the members of user groups."""

    SLACK_BOT_TOKEN: SecretStr | None = None
    SLACK_API_URL: str = "https://slack.com/api"
    AVATAR_DEFAULT_REGION: str | None = None
    AVATAR_POLICY_FILE: Path | None = None


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
    AVATAR_READS_PER_SECOND: float = Field(default=10, ge=0.5, le=10_000, allow_inf_nan=False)
    AVATAR_START_TIMEOUT: float = Field(default=30, ge=1, le=600, allow_inf_nan=False)
    AVATAR_DRAIN_SECONDS: float = Field(default=20, ge=0, le=3600, allow_inf_nan=False)
    AVATAR_POLICY_FILE: Path | None = None
    AVATAR_RTC_ACCESS: Switch = Switch.ON
    AVATAR_RUNNING_ROOM: RunningRoom = RunningRoom.ASK
    AVATAR_LOG_RETENTION_DAYS: int = Field(default=0, ge=0, le=36_500)
    AVATAR_LOG_FORMAT: LogFormat = LogFormat.AUTO
    AVATAR_LOG_LEVEL: LogLevel = LogLevel.INFO

    @property
    def mode(self) -> Mode:
        """`AVATAR_MODE` with `auto` resolved."""
        return Mode(resolved_mode(self.AVATAR_MODE, has_app_token=self.SLACK_APP_TOKEN is not None))

    @property
    def log_retention(self) -> timedelta | None:
        """How long the invocation log keeps a row; None for ever."""
        return timedelta(days=self.AVATAR_LOG_RETENTION_DAYS) or None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values, for the redaction of the process log."""
        values = (getattr(self, name) for name in type(self).model_fields)
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return (*secrets, *read_database_url(self.AVATAR_DATABASE_URL.get_secret_value()).passwords)

    @field_validator("AVATAR_REGIONS", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        regions = split_regions(value)
        if not regions:
            raise PydanticCustomError("regions", "name at least one region, e.g. cn-north-4,cn-southwest-2")
        return regions

    @field_validator("AVATAR_DEFAULT_REGION")
    @classmethod
    def _lower_case(cls, value: str | None) -> str | None:
        return value.lower() if value else None

    @field_validator("AVATAR_RTC_ACCESS", "AVATAR_RUNNING_ROOM", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator(*_HEADER_VALUES)
    @classmethod
    def _valid_in_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value else ""
        if any(not "!" <= character <= "~" for character in text):
            raise PydanticCustomError(
                "header", "copy it again: no key or token holds blanks, line breaks or letters beyond ASCII"
            )
        return value

    @field_validator("AVATAR_HTTP_HOST")
    @classmethod
    def _host_name_or_address(cls, value: str) -> str:
        bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
        if not is_host(bare):
            raise PydanticCustomError(
                "host", "give an IP address or a host name of this machine; the port is AVATAR_HTTP_PORT"
            )
        return bare

    @field_validator("AVATAR_STARTS_PER_SECOND")
    @classmethod
    def _zero_or_at_least_a_thousandth(cls, value: float) -> float:
        if 0 < value < 0.001:
            raise PydanticCustomError("rate", "give at least 0.001 starts a second, or 0 for no limit")
        return value

    @field_validator("METASTUDIO_ENDPOINT", "HUAWEICLOUD_SDK_IAM_ENDPOINT", "SLACK_API_URL")
    @classmethod
    def _https_except_on_loopback(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not is_safe_address(value):
            raise PydanticCustomError(
                "endpoint",
                "give an https:// address (http:// only for this machine, e.g. http://127.0.0.1:8008)",
            )
        return value.rstrip("/")

    @classmethod
    @override
    def _faults_between(cls, values: Mapping[str, Any]) -> Iterator[SettingFault]:
        given = {name: plain(value) for name, value in values.items() if name != "AVATAR_REGIONS"}
        regions = split_regions(values.get("AVATAR_REGIONS", cls.model_fields["AVATAR_REGIONS"].default))
        return faults_between(given, regions)

    @classmethod
    @override
    def _faults_of_environment(cls) -> Iterator[SettingFault]:
        yield from certificate_faults(os.environ)
        yield from proxy_faults()
