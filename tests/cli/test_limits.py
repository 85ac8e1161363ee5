"""Limits can be raised for one run, and never lowered."""

from pathlib import Path

import pytest

from imagegate.cli.images import Images
from imagegate.cli.terminal import Terminal
from imagegate.errors import UsageError
from imagegate.source import limits
from imagegate.source.opening import open_image
from tests.images import Image, file, layer
from tests.source.interests import EVERYTHING


def test_a_limit_that_was_raised_is_not_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(Image([layer([file(f"f{number}") for number in range(20)])]).docker_archive(tmp_path / "a.tar"))
    monkeypatch.setattr(limits, "MEMBERS", 10)
    terminal = Terminal(quiet=True)
    low = open_image(path, EVERYTHING, Images(no_cache=True).options(terminal))
    assert [item.kind for item in low.evidence] == ["unreadable"]
    raised = Images(no_cache=True, limits=("members=20",)).options(terminal)
    assert open_image(path, EVERYTHING, raised).evidence == ()


@pytest.mark.parametrize(
    "text", ["members", "members=", "members=x", "members=-1", "members=1", "nonsense=5", f"members={9 * 10**20}"]
)
def test_what_is_no_limit_or_would_lower_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Images(limits=(text,)).options(Terminal(quiet=True))
    assert caught.value.hint
