"""What a test wants to see of an image: the files whose path a function picks, kept."""

from collections.abc import Callable

from imagegate.model.image import KEEP, Content


class Keeping:
    """Implements model.image.Interest."""

    version = "test"
    smallest = 1 << 40

    def __init__(self, wanted: Callable[[str], bool] = lambda _: True) -> None:
        self._wanted = wanted

    def of(self, path: str) -> str:
        return KEEP if self._wanted(path) else ""

    def kind(self, path: str) -> str:
        return ""

    def knows(self, head: bytes) -> bool:
        return False

    def look(self, path: str, content: Content) -> bytes:
        raise AssertionError(path)

    def refuse(self, why: str) -> bytes:
        return why.encode()


EVERYTHING = Keeping()
NOTHING = Keeping(lambda _: False)
