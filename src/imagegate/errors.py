"""The errors of imagegate: one root, one subclass per stage.

    ImageGateError
    ├── UsageError        exit 2: the command line
    ├── PolicyError       exit 2: the policy or a waiver
    ├── ReportError       exit 2: a report that could not be written
    ├── SourceError       exit 3: the image could not be found or read
    ├── StoreError        exit 3: the advisory store
    └── BackendError      exit 3: the scanner, or a stored result

Only `cli/` turns them into messages and exit codes.
"""


class ImageGateError(Exception):
    """What went wrong in one sentence, and in `hint` what to try next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ImageGateError):
    """The command line asks for something that does not exist or does not fit together."""


class PolicyError(ImageGateError):
    """The policy is wrong; the message begins with `file:line:column`."""


class ReportError(ImageGateError):
    """A report could not be written where it was asked for."""


class SourceError(ImageGateError):
    """The image was not found, is not an image, is damaged, or is not what it says it is."""


class StoreError(ImageGateError):
    """The advisory store is missing, damaged, locked or could not be updated."""


class BackendError(ImageGateError):
    """The scanner, or a stored answer of one, could not be used."""
