"""The cloud's refusals as data: HTTP status, code and message.

Codes and statuses are from Huawei Cloud's error code pages. The start call's document gives MSS.00000001 to
MSS.00000004; the status 400 of the MSS.2001… codes is an assumption.
"""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal, and which of the three services sends it: each has its own shape of body."""

    status: int
    code: str
    words: str
    said_by: Literal["service", "gateway", "iam"] = "service"


UNAUTHORISED = Refusal(401, "MSS.00000001", "Unauthorized")
INVALID_BODY = Refusal(400, "MSS.00000002", "Invalid request body")
INVALID_PARAMETER = Refusal(400, "MSS.00000003", "Invalid parameter")
INTERNAL_ERROR = Refusal(500, "MSS.00000004", "Internal Error")
API_NOT_FOUND = Refusal(400, "MSS.00010003", "The API does not exist")
INVALID_TOKEN = Refusal(400, "MSS.00010008", "Invalid token in the request header")
WRONG_PROJECT = Refusal(400, "MSS.00010009", "The project ID does not match the token")
ROOM_NOT_FOUND = Refusal(400, "MSS.20010045", "The interactive dialog does not exist")
JOB_FINISHED = Refusal(400, "MSS.20010066", "The task is finished")
JOB_UNKNOWN = Refusal(400, "MSS.20010074", "The task does not exist or is over")
CONCURRENCY_USED_UP = Refusal(400, "MSS.20010135", "The concurrency of the interactive dialog is used up")
NOBODY_JOINED = Refusal(400, "MSS.45000023", "No one joined the RTC room, the task ended itself")

NO_SUCH_API = Refusal(404, "APIGW.0101", "The API does not exist or has not been published", "gateway")
BODY_TOO_LARGE = Refusal(413, "APIGW.0201", "Request entity too large", "gateway")
SIGNATURE_REFUSED = Refusal(401, "APIGW.0301", "Incorrect IAM authentication information", "gateway")
THROTTLED = Refusal(429, "APIGW.0308", "The throttling threshold has been reached", "gateway")

IAM_BAD_REQUEST = Refusal(400, "IAM.400", "Bad Request", "iam")
IAM_UNAUTHORISED = Refusal(401, "IAM.401", "Unauthorized", "iam")


class RefusedError(Exception):
    """A refusal that ends the handling of a request; `detail` says what exactly was wrong."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(refusal.code, detail)
        self.refusal = refusal
        self.detail = detail

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON body: `{error_code, error_msg}`, the gateway's with `request_id`; IAM's differs."""
        refusal = self.refusal
        if refusal.said_by == "iam":
            return {"error": {"code": refusal.status, "message": self.detail, "title": refusal.words}}
        words = f"{refusal.words}: {self.detail}" if self.detail else refusal.words
        body = {"error_code": refusal.code, "error_msg": words}
        return body | {"request_id": request_id} if refusal.said_by == "gateway" else body


class DroppedError(Exception):
    """The end of a request without any answer: the connection is cut."""
