"""Replace the reasons' sentences by codes with arguments. Only this file knows the old sentences."""

import json
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BATCH = 1000
MAX_TEXT = 1000
LONGEST_WORD = 80
"""The sentence held only the beginning of a longer word."""

Args = dict[str, Any]

_rows = sa.table(
    "invocations",
    *(
        sa.column(name)
        for name in ("id", "action", "reason", "http_status", "error_code", "reason_code", "reason_args")
    ),
)


def upgrade() -> None:
    op.add_column("invocations", sa.Column("reason_code", sa.Text))
    op.add_column("invocations", sa.Column("reason_args", sa.Text))
    connection = op.get_bind()
    column = _rows.c
    query = (
        sa.select(column.id, column.action, column.reason, column.http_status, column.error_code)
        .where(column.reason.is_not(None), column.id > sa.bindparam("last"))
        .order_by(column.id)
        .limit(BATCH)
    )
    write = (
        sa.update(_rows)
        .where(column.id == sa.bindparam("row_id"))
        .values(reason_code=sa.bindparam("code"), reason_args=sa.bindparam("args"))
    )
    last = ""
    while rows := connection.execute(query, {"last": last}).all():
        connection.execute(write, [{"row_id": row.id, **_columns(row)} for row in rows])
        last = rows[-1].id
    op.drop_column("invocations", "reason")


def _columns(row: Any) -> Args:
    code, args = reason_of(row.reason, row.action, row.http_status, row.error_code)
    return {"code": code, "args": json.dumps(args) if args else None}


def reason_of(
    sentence: str, action: str, http_status: int | None = None, error_code: str | None = None
) -> tuple[str, Args]:
    """Return the code and the arguments of a sentence. An unknown sentence becomes `other` with its text."""
    code, args = _read(sentence)
    if code == "operation_unknown" and error_code == "MSS.00010003":
        code = "operation_unknown_in_region"
    if code == "metastudio_says" and http_status in _LIKE:
        args["like"] = _LIKE[http_status]
    if code in _LOST and action != "start":
        args["repeatable"] = True
    return code, args


def _read(sentence: str) -> tuple[str, Args]:
    if sentence in _WHOLE:
        code, args = _WHOLE[sentence]
        return code, dict(args)
    for pattern, code, make in _PATTERNS:
        if found := pattern.fullmatch(sentence):
            given = {name: text[:MAX_TEXT] for name, text in found.groupdict().items() if text is not None}
            if len(given.get("word", "")) > LONGEST_WORD:
                break
            try:
                return code, make(given)
            except ValueError:  # not a number; no known version has written this
                break
    return "other", {"text": sentence[:MAX_TEXT]}


def _as_found(given: Args) -> Args:
    return given


def _word(given: Args) -> Args:
    """Return the word as it was typed: the sentence held unprintable characters as numbers."""
    word = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code.group(1), 16)), given["word"])
    return {**given, "word": word}


def _seconds(given: Args) -> Args:
    return {"seconds": float(given["seconds"])}


def _status(given: Args) -> Args:
    return {name: int(value) if name == "status" else value for name, value in given.items()}


def _verb(given: Args) -> Args:
    verbs = {"started": "start", "stopped": "stop", "listed": "list"}
    return {**given, "verb": verbs[given["verb"]]}


def _way(given: Args) -> Args:
    """Add the setting to check for a host that could not be reached."""
    why = given.get("why", "")
    if "proxy" in why:
        return {**given, "setting": "HTTPS_PROXY"}
    if "certificate is not trusted" in why:
        return {**given, "setting": "SSL_CERT_FILE"}
    setting = "METASTUDIO_ENDPOINT" if given["service"] == "MetaStudio" else "HUAWEICLOUD_SDK_IAM_ENDPOINT"
    return {**given, "setting": setting, "network": True}


def _caused(given: Args) -> Args:
    code, args = _read(given["cause"])
    return {**args, "because": code}


def _has_admins(given: Args) -> Args:
    return {"has_admins": "admins" in given}


_LIKE = {
    401: "credentials_refused",
    403: "permission_missing",
    404: "operation_unknown",
    407: "proxy_wants_login",
    429: "throttled",
}

_LOST = {
    "no_answer_in_time",
    "connection_lost",
    "answer_unreadable",
    "answer_too_large",
    "list_unreadable",
    "room_unreadable",
}

_WHOLE: dict[str, tuple[str, Args]] = {
    "The text is too long.": ("text_too_long", {}),
    "The room ID is missing.": ("room_id_missing", {}),
    "The job ID is missing.": ("job_id_missing", {}),
    "This button names no job.": ("button_names_no_job", {}),
    "This button is about no start that was refused.": ("button_names_no_refused_start", {}),
    "The button says nothing of what to start.": ("button_names_no_room", {}),
    "This start is no longer in the log.": ("start_not_in_log", {}),
    "The bot's policy wants a region.": ("region_required", {}),
    "The room of this job may not be stopped with this bot.": ("room_not_allowed", {"verb": "stop"}),
    "You belong to another Slack workspace than this bot: "
    "you may look, but neither start nor stop anything.": ("workspace_not_allowed", {}),
    "RTC access is switched off.": ("rtc_access_off", {}),
    "This job was found after the answer to its start was lost, so it may be somebody else's: "
    "only the bot's admins may see its RTC access.": ("rtc_access_of_adopted_job", {}),
    "The job of the start before was found.": ("earlier_job_found", {}),
    "A job was found that may be that of the start before.": ("earlier_job_possible", {}),
    "The job was over already.": ("job_over_already", {}),
    "The call was cut off; the job had started.": ("adopted", {}),
    "So many questions wait for MetaStudio that this one had no turn.": ("no_turn_to_ask", {}),
    "The bot was stopped before the start was sent.": ("interrupted", {}),
    "The bot was stopped meanwhile.": ("interrupted_while_waited_for", {}),
    "The log took too long to write, so nothing was done.": ("called_off", {}),
    "Slack did not open the modal.": ("modal_not_opened", {}),
    "The log takes too long to write.": ("database_writes_slowly", {}),
    "The log takes too long to answer.": ("database_answers_slowly", {}),
    "The log has changed meanwhile.": ("database_changed", {}),
    "The bot was stopped before MetaStudio's answer came.": ("answer_not_awaited", {}),
    "MetaStudio accepted the start but named no job.": ("answer_names_no_job", {}),
    "MetaStudio's list of jobs cannot be read.": ("list_unreadable", {}),
    "MetaStudio's answer about the room cannot be read.": ("room_unreadable", {}),
    "No such job runs in this room.": ("job_not_in_room", {}),
    "There is no job of this ID.": ("job_id_impossible", {}),
    "MetaStudio does not accept the bot's credentials.": ("credentials_refused", {}),
    "MetaStudio does not accept the bot's token.": ("token_refused", {}),
    "The project and the credentials do not belong together.": ("wrong_project", {}),
    "The signature of the bot's request was refused.": ("signature_refused", {}),
    "The bot's credentials may not do this.": ("permission_missing", {}),
    "MetaStudio could not read the request.": ("request_unreadable", {}),
    "MetaStudio finds a parameter invalid.": ("parameter_invalid", {}),
    "MetaStudio had an internal error.": ("internal_error", {}),
    "MetaStudio does not offer this operation at the bot's endpoint.": ("operation_unknown", {}),
    "MetaStudio does not know this room.": ("room_unknown", {}),
    "The room already has a job.": ("room_has_a_job", {}),
    "The room's concurrency is used up.": ("room_is_full", {}),
    "Too many tasks are running.": ("too_many_tasks", {}),
    "The job is finished.": ("job_finished", {}),
    "The job does not exist or is over.": ("job_unknown", {}),
    "Nobody joined the RTC room, so the task ended itself.": ("nobody_joined", {}),
    "MetaStudio is throttling the bot.": ("throttled", {}),
    "The proxy wants a login (407).": ("proxy_wants_login", {}),
}

_A_WORD = r"`(?P<word>.+?)` "
_ODD = r"(?: It holds .+\.)?"
_UNTOLD = "IAM gave the bot no token, so nothing was sent to MetaStudio"

_PATTERNS: list[tuple[re.Pattern[str], str, Callable[[Args], Args]]] = [
    (re.compile(pattern, re.DOTALL), code, make)
    for pattern, code, make in (
        (_A_WORD + rf"is not a room ID\.{_ODD}", "room_id_unusable", _word),
        (_A_WORD + r"is a region; the room ID belongs in its place\.", "region_in_place_of_room_id", _word),
        (_A_WORD + rf"is not a region that this bot may use\.{_ODD}", "region_unknown", _word),
        (_A_WORD + rf"is not a room type\.{_ODD}", "room_type_unknown", _word),
        (_A_WORD + rf"is not a client ID\.{_ODD}", "client_id_unusable", _word),
        (_A_WORD + rf"is not a job ID\.{_ODD}", "job_id_unusable", _word),
        (_A_WORD + rf"is not an option\.{_ODD}", "option_unknown", _word),
        (_A_WORD + rf"is one word too many\.{_ODD}", "word_too_many", _word),
        (rf"There is no subcommand `(?P<word>.+?)`\.{_ODD}", "subcommand_unknown", _word),
        (r"`(?P<name>\w+)` is given twice\.", "option_given_twice", _as_found),
        (r"`(?P<name>\w+)=` has no value\.", "option_empty", _as_found),
        (r"The bot has not started a job `(?P<job_id>.+)`\.", "job_not_started_here", _as_found),
        (r"Region `(?P<region>.+)` may not be used\.", "region_not_allowed", _as_found),
        (
            r"Room `(?P<room_id>.*)` may not be (?P<verb>started|stopped) with this bot\.",
            "room_not_allowed",
            _verb,
        ),
        (
            r"You may not (?P<verb>start|stop|list) avatars with this bot\.",
            "person_not_allowed",
            _as_found,
        ),
        (
            r"Avatars may not be (?P<verb>started|stopped|listed) from this channel\.",
            "channel_not_allowed",
            _verb,
        ),
        (
            r"Only who started the job(?P<admins>, and the bot's admins,)? may see its RTC access\.",
            "rtc_access_not_yours",
            _has_admins,
        ),
        (r"The same is being started already, by (?P<user_id>\S+)\.", "duplicate_under_way", _as_found),
        (r"The same was started a moment ago, by (?P<user_id>\S+)\.", "duplicate_started", _as_found),
        (
            r"It is not known whether the same start, by (?P<user_id>\S+), made a job\.",
            "duplicate_unknown",
            _as_found,
        ),
        (
            r"The button was used already, by (?P<user_id>\S+): log entry (?P<invocation_id>\S+)\.",
            "button_used",
            _as_found,
        ),
        (r"The start was settled already: job (?P<job_id>.+)\.", "start_settled", _as_found),
        (
            r"Too many starts are waiting: this one had no turn within (?P<seconds>[\d.e+]+) seconds\.",
            "no_turn",
            _seconds,
        ),
        (r"The log cannot be used: (?P<why>.+)\.", "database_failed", _as_found),
        (
            r"(?P<service>MetaStudio|IAM) cannot be reached at (?P<host>\S+?)(?:: (?P<why>.+))?\.",
            "unreachable",
            _way,
        ),
        (
            r"The bot did not get .+ within (?P<seconds>[\d.e+]+) seconds, so nothing was sent\.",
            "not_sent_in_time",
            _seconds,
        ),
        (_UNTOLD + r" \(HTTP (?P<status>\d+)\)\.", "no_token_in_answer", _status),
        (_UNTOLD + r": (?P<text>.*)", "no_token_in_answer", _as_found),
        (_UNTOLD + r"\. (?P<cause>.+)", "no_token", _caused),
        (r"IAM refused the bot's login \(HTTP (?P<status>\d+)\)\.", "login_refused", _status),
        (r"IAM refused the bot's login: (?P<text>.*)", "login_refused", _as_found),
        (
            r"Whether the job runs in this room could not be found out: (?P<cause>.+)",
            "room_of_job_unknown",
            _caused,
        ),
        (
            r"MetaStudio did not answer within (?P<seconds>[\d.e+]+) seconds\.",
            "no_answer_in_time",
            _seconds,
        ),
        (
            r"The connection to (?P<service>MetaStudio|IAM) was lost before its answer came\.",
            "connection_lost",
            _as_found,
        ),
        (
            r"(?P<service>MetaStudio|IAM)'s answer is too large to be read\.",
            "answer_too_large",
            _as_found,
        ),
        (
            r"(?P<service>MetaStudio|IAM)'s answer cannot be read \((?P<kind>\w+)\)\.",
            "answer_unreadable",
            _as_found,
        ),
        (r"MetaStudio says: (?P<text>.*)", "metastudio_says", _as_found),
        (
            r"MetaStudio answered HTTP (?P<status>\d+) without saying why\.",
            "metastudio_says_nothing",
            _status,
        ),
    )
]
