"""The command that shows what is in an image, and judges nothing."""

import os
from datetime import UTC, datetime

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.cli import exit_code, reports
from imagegate.cli.run import platform_of
from imagegate.cli.terminal import Terminal
from imagegate.gate import stamp
from imagegate.report.inventory import FORMS
from imagegate.source.opening import Options, open_image


def inspect(image: str, wishes: list[str], platform: str | None, timeout: float, *, quiet: bool) -> int:
    """Write the inventory of an image in every form asked for; return 0, or 2 where one could not be written."""
    terminal = Terminal(quiet=quiet)
    targets = reports.parse(wishes, quiet=quiet, formats=tuple(FORMS))
    options = Options(
        platform=platform_of(platform),
        jobs=os.cpu_count() or 1,
        timeout=timeout,
        env=os.environ,
        say=terminal.say,
        progress=terminal.counter("reading the image"),
    )
    inventory = take_inventory(open_image(image, INTEREST, options))
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
