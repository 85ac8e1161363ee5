"""The image: what was asked for, what was found, and its layers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imagegate.model.inventory import Bill


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system, architecture and variant, as in an OCI image index."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """Return `os/architecture[/variant]`."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: `digest` names the blob as stored, `diff_id` its uncompressed tar; `size` is in bytes as stored."""

    index: int
    digest: str
    diff_id: str
    size: int
    created_by: str = ""
    base: bool | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one platform; `id` is the digest of its configuration, `digest` that of its manifest."""

    reference: str
    source: str
    id: str
    digest: str | None
    platform: str
    labels: tuple[tuple[str, str], ...] = ()
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that was seen, or could not be seen, while looking.

    `found` is the worst that it can mean: "fail" (the gate could not see), "warn" (worth saying) or "ok";
    the policy may lower it, never raise it. `kind` is one of the evidence checks of the policy.
    """

    kind: str
    found: str
    detail: str


@dataclass(frozen=True, slots=True)
class File:
    """A file as a cataloger sees it: where it really is, after links, and which layer brought its content."""

    path: str
    layer: int
    size: int


class Content(Protocol):
    """The bytes of one file, read by position; `size` is in bytes."""

    @property
    def size(self) -> int:
        """How long the file is."""

    def read_at(self, at: int, size: int) -> bytes:
        """Return up to `size` bytes from the position `at`, fewer at the end; raises SourceError for a failing disk."""


class Interest(Protocol):
    """Which files of an image matter, and what is in those that can be judged one by one."""

    smallest: int  # bytes: smaller files are only known by their path

    @property
    def version(self) -> str:
        """What changes with what is seen: what another version saw is not taken from a cache."""

    def of(self, path: str) -> str:
        """Return KEEP where `Files.read` may be asked for the file, LOOK where it is to be looked at, else "".

        With `/` at its end it is the path of a folder: LOOK where files in it are to be looked at because of its name.
        Asked for every file of the image, so it must be quick.
        """

    def kind(self, path: str) -> str:
        """Return as what a file is looked at because of its path, "" where it is not."""

    def knows(self, head: bytes) -> bool:
        """Return whether a file that begins with these four bytes is to be looked at, whatever its path."""

    def look(self, path: str, content: Content) -> bytes:
        """Return what the file holds, in words that only the interest itself reads. Never raises for bad content.

        The path "" asks for what the content alone tells.
        """

    def refuse(self, why: str) -> bytes:
        """Return, in the same words, that a file could not be looked at."""


KEEP, LOOK = "keep", "look"


class Files(Protocol):
    """The files of an image, readable as they were after any of its layers."""

    @property
    def depth(self) -> int:
        """How many layers there are."""

    def find(self, path: str, upto: int) -> File | None:
        """Return the regular file at `path` once layers 0 to `upto` are applied, links followed inside the image."""

    def children(self, folder: str, upto: int) -> Iterator[str]:
        """Yield the paths of what lies directly in `folder` once layers 0 to `upto` are applied, sorted."""

    def exists(self, path: str, upto: int) -> bool:
        """Return whether `path` is there in any form: file, folder, device, or a link that leads nowhere."""

    def read(self, file: File) -> bytes:
        """Return the content; raises `TooLarge` when it exceeds the limit for a single file."""

    def looked(self) -> Iterator[tuple[File, bytes]]:
        """Yield the files in the finished image that the interest looked at, each with what it said, sorted by path."""


class TooLarge(Exception):
    """A single file is larger than what is read into memory."""


class Memory(Protocol):
    """What was found out about exactly these layers, by exactly this version, the last time that they were looked at.

    `what` names one of several such things.
    """

    def recall(self, what: str = "") -> bytes | None:
        """Return what was remembered, None where nothing was."""

    def remember(self, data: bytes, what: str = "") -> None:
        """Keep something for the next time; it is no error where that is not possible."""


class Offer(Protocol):
    """How somebody else gets the bytes of the layers, each as stored: what its digest names."""

    def here(self, layer: int) -> Content | None:
        """Return the bytes of a layer that lies on this machine, None for one in a registry."""

    def there(self, layer: int) -> tuple[str, dict[str, str]]:
        """Return the address of a layer in a registry, and the headers that open it now: a token in them lasts minutes.

        Raises SourceError where the registry gives none.
        """


def _confirmed() -> None:
    """Nothing is left to verify."""


@dataclass(frozen=True, slots=True)
class OpenImage:
    """An image whose digests were verified, the files in it, and what could not be looked at.

    With a `bill` there are no files: somebody else says what is installed. Digests may still be computed on another
    core: nothing of the image may be believed before `confirm` has returned, which raises SourceError for a wrong one.
    `offer` is there where it was asked for. `looked` is False where the layers were left to somebody else: then there
    are no files either.
    """

    image: Image
    files: Files
    evidence: tuple[Evidence, ...] = field(default=())
    bill: "Bill | None" = None
    memory: Memory | None = None
    confirm: Callable[[], None] = _confirmed
    offer: Offer | None = None
    looked: bool = True
