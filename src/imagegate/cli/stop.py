"""What the commands and the frame around them tell each other: who was stopped, and who wrote its reports."""

_written: list[bool] = []


class Terminated(BaseException):
    """SIGTERM arrived: a CI server cancels the job."""


def will_report() -> None:
    """Note that the running command writes its reports itself, whatever happens."""
    _written.append(True)


def reports_itself() -> bool:
    """Return whether a command has said so."""
    return bool(_written)
