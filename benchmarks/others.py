"""Other scanners, where they are installed: the same archive, offline, what each can do with the databases it has."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import bigapp
import gate
from measuring import Measured, Table, measure

FOUND = (0, 1, 2)  # some end with 1 or 2 where they find vulnerabilities


def run(table: Table, archive: Path, advisories: Path, ours: Measured, runs: int) -> None:
    """Print a line for every scanner; ratios are to our check of the same archive, never seen."""
    table.head("other scanners, docker archive never seen")
    versus = ("imagegate check", ours.seconds)
    for name, work in (("trivy", _trivy), ("syft", _syft), ("grype", _grype), ("osv-scanner", _osv)):
        program = shutil.which(name)
        if program is None:
            table.note(f"{name}: not on PATH")
        else:
            work(table, program, archive, advisories, versus, runs)
    inventory = measure([*gate.GATE, "inspect", f"docker-archive:{archive}", "--no-cache"], runs)
    table.line("imagegate inspect, cataloguing only", inventory, versus)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _trivy(table: Table, program: str, archive: Path, _: Path, versus: tuple[str, float], runs: int) -> None:
    cache = bigapp.CACHE / "trivy"
    quiet = ["image", "--quiet", "--offline-scan", "--skip-db-update", "--skip-java-db-update", "--skip-version-check"]
    asked = [*quiet, f"--input={archive}", f"--output={bigapp.CACHE / 'trivy.json'}"]

    def forget() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    catalogue = [program, *asked, f"--cache-dir={cache}", "--format=cyclonedx"]
    table.line("trivy, cataloguing only", measure(catalogue, runs, before=forget), versus)
    forget()
    version = json.loads(_said(program, "version", "--format=json") or "{}")
    if "VulnerabilityDB" not in version:
        table.note("trivy with matching: it has no database here")
        return

    def clean() -> None:
        subprocess.run([program, "clean", "--scan-cache", "--quiet"], capture_output=True, check=True)

    matching = [program, *asked, "--scanners=vuln", "--format=json"]
    table.line("trivy with matching, its own database", measure(matching, runs, before=clean), versus)


def _syft(table: Table, program: str, archive: Path, _: Path, versus: tuple[str, float], runs: int) -> None:
    command = [program, "scan", "--quiet", f"docker-archive:{archive}", f"--output=json={bigapp.CACHE / 'syft.json'}"]
    got = measure(command, runs, env={"SYFT_CHECK_FOR_APP_UPDATE": "false"}, warm=False)
    table.line("syft, cataloguing only", got, versus)


def _grype(table: Table, program: str, archive: Path, _: Path, versus: tuple[str, float], runs: int) -> None:
    if subprocess.run([program, "db", "status"], capture_output=True, check=False).returncode:
        table.note("grype: it has no valid database here")
        return
    env = {"GRYPE_CHECK_FOR_APP_UPDATE": "false", "GRYPE_DB_AUTO_UPDATE": "false", "GRYPE_DB_VALIDATE_AGE": "false"}
    command = [program, "--quiet", f"docker-archive:{archive}", "--output=json", f"--file={bigapp.CACHE / 'grype.json'}"]
    table.line("grype with matching, its own database", measure(command, runs, env=env, codes=FOUND, warm=False), versus)


def _osv(table: Table, program: str, archive: Path, advisories: Path, versus: tuple[str, float], runs: int) -> None:
    # Its databases are folders in the layout of the OSV bucket: the very advisories that we are measured with. Where it
    # looks for them changed with its versions (docs/offline-mode.md).
    cache = bigapp.CACHE / "osv"
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir()
    for name in ("osv-scanner", "osv-scalibr"):
        os.symlink(advisories.resolve(), cache / name)
    env = {"OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(cache), "XDG_CACHE_HOME": str(cache)}
    command = [program, "scan", "image", "--offline", "--format=json", f"--archive={archive}"]
    got = measure(command, runs, env=env, codes=FOUND, warm=False)
    table.line("osv-scanner with matching, the same advisories", got, versus)
    shutil.rmtree(cache)
