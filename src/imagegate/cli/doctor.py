"""`imagegate doctor`: tries what a check would need here, and says what to do about what does not work."""

import os
from collections.abc import Iterator

from imagegate.cli import exit_code
from imagegate.cli.backends import CLAIR, Backends
from imagegate.cli.stores import cache_folder, default_path
from imagegate.cli.terminal import Terminal
from imagegate.errors import ImageGateError
from imagegate.model.check import Check
from imagegate.model.scan import EMBEDDED
from imagegate.report.console import harmless
from imagegate.text import clean

# What sets them, after the variables that the systems document.
_CI = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "JENKINS_URL": "Jenkins",
    "TRAVIS": "Travis CI",
    "CI": "a CI system",
}


def doctor(db: str | None, backends: Backends, timeout: float) -> int:
    """Print what works, and return 0, or 3 where something does not that was asked for."""
    terminal = Terminal()
    failed = False
    for check in _checks(db or default_path(), backends, timeout, terminal):
        failed = failed or check.status == "fail"
        print(harmless(f"{check.status:<5} {check.what:<14} {clean(check.detail, 1000)}"), flush=True)
        if check.hint:
            print(harmless(" " * 21 + clean(check.hint, 1000)), flush=True)
    return exit_code.SCAN_FAILED if failed else exit_code.SHIPS


def _checks(db: str, backends: Backends, timeout: float, terminal: Terminal) -> Iterator[Check]:
    yield Check("ci", "ok", next((name for variable, name in _CI.items() if os.environ.get(variable)), "none: a laptop"))
    yield _cache()
    yield from _engines(timeout)
    yield _store(db, needed=backends.name == EMBEDDED and not backends.urls)
    if backends.name == CLAIR or backends.urls:
        from imagegate.backend.clair.backend import Serving
        from imagegate.backend.clair.examine import examine

        serving = Serving(backends.serve or "", backends.advertise or "")
        yield from examine(backends.access(timeout), serving, terminal.say)


def _cache() -> Check:
    folder = cache_folder()
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        return Check("cache", "warn", f"{folder}: {error.strerror}", "Set XDG_CACHE_HOME to a folder that may be written.")
    good = os.access(folder, os.W_OK)
    return Check("cache", "ok" if good else "warn", folder if good else f"{folder} may not be written")


def _engines(timeout: float) -> Iterator[Check]:
    """Engines are not needed for archives and registries: none is worth saying, and no failure."""
    from imagegate.source.engine import Engine, endpoints

    for name in ("docker", "podman"):
        try:
            listed = endpoints(name, os.environ)
            if not listed:
                yield Check(name, "ok", "not here: images of registries and archives can be checked all the same")
            for endpoint in listed:
                Engine(endpoint, min(timeout, 10.0)).inspect("imagegate.invalid/nothing")
                yield Check(name, "ok", endpoint.address)
        except ImageGateError as error:
            yield Check(name, "warn", error.message, error.hint)


def _store(path: str, *, needed: bool) -> Check:
    from imagegate.advisory.store import Store

    missing = "warn" if needed else "ok"
    if not os.path.exists(path):
        return Check("advisories", missing, f"no store at {path}", "The first check fetches one; or run `imagegate db update`.")
    try:
        store = Store(path)
        try:
            facts = store.database(())
        finally:
            store.close()
    except ImageGateError as error:
        return Check("advisories", "fail" if needed else "warn", error.message, error.hint)
    return Check("advisories", "ok", f"{path}: {facts.records:,} records, confirmed {facts.confirmed}")
