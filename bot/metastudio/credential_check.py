"""Check MetaStudio's credentials with one call at the start.

Nothing waits for the check or depends on it. It finds a wrong key before somebody starts a job.
"""

from collections.abc import Callable

import structlog

from bot.errors import MetaStudioError, Throttled
from bot.metastudio.client import MetaStudio

SECONDS = 15.0

_log = structlog.get_logger()


async def check_credentials(
    metastudio: MetaStudio, *, in_words: Callable[[MetaStudioError], tuple[str, str]]
) -> None:
    """Make one call; if it fails, log the reason and the advice in the process log.

    Args:
        in_words: tells what happened and what to do.
    """
    try:
        await metastudio.check(seconds=SECONDS)
    except Throttled:  # throttled, so the credentials are good
        return
    except MetaStudioError as error:
        answer, (what, advice) = error.answer, in_words(error)
        _log.warning(
            "a call to MetaStudio failed at the start, so starts will fail too",
            reason=what,
            advice=advice,
            http_status=answer.http_status,
            error_code=answer.error_code,
            request_id=answer.request_id,
        )
