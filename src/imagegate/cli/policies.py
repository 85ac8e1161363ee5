"""The commands around policies."""

import os
from datetime import UTC, datetime

from imagegate.cli.reports import write_file
from imagegate.errors import UsageError
from imagegate.policy import load
from imagegate.text import clean

_BEGINNING = """\
# The policy of this project's images: https://github.com/imagegate/imagegate#the-policy
version: 1
extends: [recommended]        # malicious, exploited and critical fail; high fails where a fix exists

# rules:
#   - id: fixable-high        # an inherited rule can be changed …
#     action: warn
#   - id: no-old-openssl      # … and others added; all keys of a match must hold
#     match: {package: openssl, cvss: ">=5.0"}
#     action: fail

# waivers:
#   list:
#     - id: CVE-2023-1234     # any of the vulnerability's names
#       package: openssl
#       reason: the code path is not reachable
#       owner: payments
#       expires: 2026-12-31   # the last day on which it holds
"""


def init(file: str, *, force: bool) -> None:
    """Write a policy to begin with."""
    if os.path.exists(file) and not force:
        raise UsageError(f"{clean(file)}: is already there", "Name another file, or replace it with --force.")
    write_file(file, _BEGINNING)
    print(f"wrote {clean(file)}; check it with: imagegate policy check {clean(file)}")


def check(files: list[str]) -> None:
    """Say of every policy that it is right; raises PolicyError at the first that is not."""
    for file in files:
        policy = load.load(file, datetime.now(UTC).date())
        waivers = f", {len(policy.waivers)} waivers" if policy.waivers else ""
        print(f"{clean(file)}: ok, {len(policy.rules)} rules{waivers}, {policy.digest}")


def show(reference: str) -> None:
    """Print the resolved policy as YAML."""
    policy = load.load(reference, datetime.now(UTC).date())
    print(f"# {policy.reference} {policy.digest}")
    print(load.as_yaml(policy), end="")
