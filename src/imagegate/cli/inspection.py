"""The command that shows what is in an image, and judges nothing."""

from datetime import UTC, datetime

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.cli import exit_code, reports
from imagegate.cli.images import EVERY, Images
from imagegate.cli.terminal import Terminal
from imagegate.errors import UsageError
from imagegate.gate import stamp
from imagegate.report.inventory import FORMS
from imagegate.source.opening import open_image


def inspect(image: str, wishes: list[str], images: Images, *, quiet: bool) -> int:
    """Write the inventory of an image in every form asked for; return 0, or 2 where one could not be written."""
    terminal = Terminal(quiet=quiet)
    targets = reports.parse(wishes, quiet=quiet, formats=tuple(FORMS))
    if images.platform == EVERY:
        raise UsageError("--platform all: an inventory is of one image", "Name a platform, such as linux/arm64.")
    inventory = take_inventory(open_image(image, INTEREST, images.options(terminal)))
    terminal.clear()
    for item in inventory.evidence:
        if item.found != "ok":
            terminal.say(f"warning: {item.kind}: {item.detail}")
    created = stamp(datetime.now(UTC))
    errors = reports.write_texts(targets, lambda target: FORMS[target.format](inventory, created))
    for problem in errors:
        terminal.error(f"error: {problem.message}")
        terminal.error(f"hint: {problem.hint}")
    return exit_code.USAGE if errors else exit_code.SHIPS
