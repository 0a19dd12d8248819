from pydantic import Field

from contracts.base import Answer


class Problem(Answer):
    """An error (RFC 9457). `code` is stable, `request_id` finds it in the log, `retryable`: trying again may help."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    retryable: bool = False


class FieldError(Answer):
    field: str
    message: str


class ValidationProblem(Problem):
    errors: list[FieldError] = Field(default=[])


class UploadProblem(Problem):
    """All files of an upload were refused: one problem a file, in order."""

    errors: list[Problem] = Field(default=[])
