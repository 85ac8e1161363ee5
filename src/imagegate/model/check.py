"""What `doctor` finds out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: `status` is "ok", "warn" or "fail"; `hint` says what to do about it."""

    what: str
    status: str
    detail: str
    hint: str = ""
