"""The commands, and the only place that turns errors into messages and exit codes.

Imports of the stages are inside the functions: `imagegate --version` costs an interpreter and typer.
"""

import gc
import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from imagegate import __version__
from imagegate.cli import exit_code
from imagegate.cli.stop import Terminated, reports_itself
from imagegate.errors import ImageGateError

app = typer.Typer(
    name="imagegate",
    help="A gate for container images: the scanner reports, your policy decides, the exit code stops the build.",
    epilog="Exit codes: 0 ships, 10 policy violated, 4 evidence missing, 3 scan failed, 2 usage or policy wrong, 1 bug.",
    no_args_is_help=True,
    rich_markup_mode=None,  # with it, CI variables force colours and boxes even into a pipe
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy_app = typer.Typer(help="Write, check and show policies.", no_args_is_help=True, rich_markup_mode=None)
db_app = typer.Typer(help="The advisory store: fetch, build, look at, carry.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(policy_app, name="policy")
app.add_typer(db_app, name="db")

PolicyOption = Annotated[str | None, typer.Option("-p", "--policy", envvar="IMAGEGATE_POLICY", metavar="REF", help="recommended, strict, permissive, or a file.", show_default="imagegate.yaml, else recommended")]
FailOnOption = Annotated[str | None, typer.Option("--fail-on", envvar="IMAGEGATE_FAIL_ON", metavar="SEVERITY", help="The policy of one rule, for those who want no file: negligible, low, medium, high, critical.")]
ReportOption = Annotated[list[str] | None, typer.Option("-r", "--report", envvar="IMAGEGATE_REPORT", metavar="FORMAT[=PATH]", help="Repeatable: console, json, junit, sarif. Without a path: standard output.")]
ReportOnlyOption = Annotated[bool, typer.Option("--report-only", envvar="IMAGEGATE_REPORT_ONLY", help="Say that the policy is violated, but exit 0 instead of 10.")]
DbOption = Annotated[str | None, typer.Option("--db", envvar="IMAGEGATE_DB", metavar="PATH", help="The advisory store.", show_default="~/.cache/imagegate/advisories.db")]
UrlOption = Annotated[str | None, typer.Option("--db-url", envvar="IMAGEGATE_DB_URL", metavar="URL,...", help="Where advisories come from: the OSV bucket, a mirror in its layout, or oci://HOST/REPO[:TAG]; of several the first that serves.", show_default="the public bucket")]
InsecureOption = Annotated[bool, typer.Option("--registry-insecure", envvar="IMAGEGATE_REGISTRY_INSECURE", help="Allow plain HTTP to a registry that is not on this machine.")]
PlatformOption = Annotated[str | None, typer.Option("--platform", envvar="IMAGEGATE_PLATFORM", metavar="OS/ARCH[/VARIANT]|all", help="Which image of a multi-platform one; all gates each of them.", show_default="linux on this machine's architecture")]
TimeoutOption = Annotated[float, typer.Option("--timeout", envvar="IMAGEGATE_TIMEOUT", min=1, metavar="SECONDS", help="How long an engine, registry or Clair may keep silent.")]
JobsOption = Annotated[int, typer.Option("--jobs", envvar="IMAGEGATE_JOBS", min=0, max=64, help="Layers read at once.", show_default="processors")]
MirrorOption = Annotated[list[str] | None, typer.Option("--registry-mirror", envvar="IMAGEGATE_REGISTRY_MIRROR", metavar="REGISTRY=HOST[/FOLDER]", help="Repeatable: where to ask before that registry, as in docker.io=mirror.example.com/hub.")]
CacheOption = Annotated[str | None, typer.Option("--cache-dir", envvar="IMAGEGATE_CACHE_DIR", metavar="DIR", help="Where to keep what known layers hold.", show_default="~/.cache/imagegate/layers")]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", envvar="IMAGEGATE_NO_CACHE", help="Read every layer anew, keep nothing.")]
DistroOption = Annotated[str, typer.Option("--distro", envvar="IMAGEGATE_DISTRO", metavar="ID:VERSION", help="The distribution of an SBOM that does not tell, such as debian:12.")]
LimitOption = Annotated[list[str] | None, typer.Option("--limit", envvar="IMAGEGATE_LIMIT", metavar="NAME=NUMBER", help="Repeatable: raise a limit on what an image may make us read.")]
BackendOption = Annotated[list[str] | None, typer.Option("-b", "--backend", envvar="IMAGEGATE_BACKEND", metavar="NAME", help="Who scans: embedded or clair.", show_default="embedded")]
ClairUrlOption = Annotated[list[str] | None, typer.Option("--clair-url", envvar="IMAGEGATE_CLAIR_URL", metavar="URL[,URL]", help="Where Clair is; a second one for the matcher, where Clair is split in two.")]
ClairApiOption = Annotated[str | None, typer.Option("--clair-api", envvar="IMAGEGATE_CLAIR_API", metavar="v4|v1", help="The API of that Clair.", show_default="found out")]
ClairPskOption = Annotated[str | None, typer.Option("--clair-psk-file", envvar="IMAGEGATE_CLAIR_PSK_FILE", metavar="FILE", help="Holds the shared key in base64; or set IMAGEGATE_CLAIR_PSK to the key.")]
ClairIssuerOption = Annotated[str, typer.Option("--clair-issuer", envvar="IMAGEGATE_CLAIR_ISSUER", metavar="NAME", help="The issuer (iss) in our tokens, to a Clair with a shared key.")]
ClairHeaderOption = Annotated[list[str] | None, typer.Option("--clair-header", metavar="'NAME: VALUE'", help="Repeatable: for a proxy in front of Clair; one in IMAGEGATE_CLAIR_HEADER is not seen in lists of processes.")]
ClairCaOption = Annotated[str | None, typer.Option("--clair-ca", envvar="IMAGEGATE_CLAIR_CA", metavar="FILE", help="The authority of Clair's certificate, PEM.")]
ClairCertOption = Annotated[str | None, typer.Option("--clair-cert", envvar="IMAGEGATE_CLAIR_CERT", metavar="FILE", help="Our certificate, PEM.")]
ClairKeyOption = Annotated[str | None, typer.Option("--clair-key", envvar="IMAGEGATE_CLAIR_KEY", metavar="FILE", help="Its key, PEM.")]
ClairTimeoutOption = Annotated[float, typer.Option("--clair-timeout", envvar="IMAGEGATE_CLAIR_TIMEOUT", min=1, metavar="SECONDS", help="How long Clair may take for one image, everything included.")]
ClairDeleteOption = Annotated[bool, typer.Option("--clair-delete", envvar="IMAGEGATE_CLAIR_DELETE", help="Remove what Clair keeps of the image afterwards.")]
ServeOption = Annotated[str | None, typer.Option("--serve-address", envvar="IMAGEGATE_SERVE_ADDRESS", metavar="HOST[:PORT]", help="Where to lend Clair the layers of a local image: an address of this machine that Clair can reach.", show_default="the one from which Clair is reached")]
AdvertiseOption = Annotated[str | None, typer.Option("--advertise-address", envvar="IMAGEGATE_ADVERTISE_ADDRESS", metavar="HOST[:PORT]|URL", help="What Clair is told instead, where a port is published or a proxy is in between.")]
OfflineOption = Annotated[bool, typer.Option("--offline", envvar="IMAGEGATE_OFFLINE", help="Download no advisories.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", envvar="IMAGEGATE_QUIET", help="No console report, no messages but errors.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", envvar="IMAGEGATE_VERBOSE", help="List everything; on a bug show where.")]
LayersOption = Annotated[bool, typer.Option("--by-layer", envvar="IMAGEGATE_BY_LAYER", help="Group the console report by layer: what each brought, and what is wrong with it.")]
ColorOption = Annotated[str, typer.Option("--color", envvar="IMAGEGATE_COLOR", metavar="auto|always|never", help="Colours of the console report.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"imagegate {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)] = False,
) -> None:
    pass


@app.command(epilog="Example: imagegate check docker:app:1.4 -p imagegate.yaml -r junit=gate.xml -r sarif=gate.sarif")
def check(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="docker:NAME, podman:NAME, docker-archive:FILE[:REF], oci:DIR[:TAG|@DIGEST], oci-archive:FILE[:TAG|@DIGEST], registry:NAME, a file, or a name of the local engine or else of its registry.")],
    policy: PolicyOption = None,
    fail_on: FailOnOption = None,
    report: ReportOption = None,
    report_only: ReportOnlyOption = False,
    db: DbOption = None,
    db_url: UrlOption = None,
    offline: OfflineOption = False,
    platform: PlatformOption = None,
    timeout: TimeoutOption = 120,
    jobs: JobsOption = 0,
    registry_insecure: InsecureOption = False,
    registry_mirror: MirrorOption = None,
    cache_dir: CacheOption = None,
    no_cache: NoCacheOption = False,
    distro: DistroOption = "",
    limit: LimitOption = None,
    backend: BackendOption = None,
    clair_url: ClairUrlOption = None,
    clair_api: ClairApiOption = None,
    clair_psk_file: ClairPskOption = None,
    clair_issuer: ClairIssuerOption = "imagegate",
    clair_header: ClairHeaderOption = None,
    clair_ca: ClairCaOption = None,
    clair_cert: ClairCertOption = None,
    clair_key: ClairKeyOption = None,
    clair_timeout: ClairTimeoutOption = 900,
    clair_delete: ClairDeleteOption = False,
    serve_address: ServeOption = None,
    advertise_address: AdvertiseOption = None,
    by_layer: LayersOption = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    color: ColorOption = "auto",
) -> None:
    """The gate: scan, decide by the policy, report, exit."""
    from imagegate.cli import run
    from imagegate.cli.backends import Backends
    from imagegate.cli.images import Images

    settings = run.Settings(policy, fail_on, report or [], report_only, verbose, quiet, color, by_layer)
    opened = Images(platform, timeout, jobs, registry_insecure, cache_dir, no_cache, distro, tuple(limit or ()), tuple(registry_mirror or ()))
    backends = Backends(
        tuple(backend or ()), tuple(clair_url or ()), clair_api, clair_psk_file, clair_issuer, tuple(clair_header or ()), clair_ca,
        clair_cert, clair_key, clair_timeout, clair_delete, serve_address, advertise_address,
    )  # fmt: skip
    raise typer.Exit(run.check(settings, run.Scan(images, db, db_url, offline, opened, backends)))


@app.command(epilog="Example: imagegate evaluate result.json -p strict --at 2026-11-01")
def evaluate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A result written with -r json=FILE, or a stored report of Clair; - for standard input.")],
    policy: PolicyOption = None,
    fail_on: FailOnOption = None,
    report: ReportOption = None,
    report_only: ReportOnlyOption = False,
    at: Annotated[str | None, typer.Option("--at", envvar="IMAGEGATE_AT", metavar="TIME", help="The clock to judge by: a day or an RFC 3339 time.", show_default="now")] = None,
    form: Annotated[str | None, typer.Option("--from", envvar="IMAGEGATE_FROM", metavar="FORMAT", help="Whose report it is: imagegate, clair-v4, clair-v1.", show_default="found out")] = None,
    by_layer: LayersOption = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
    color: ColorOption = "auto",
) -> None:
    """The same decision on a stored result: nothing is scanned again."""
    from imagegate.cli import run

    raise typer.Exit(run.evaluate(run.Settings(policy, fail_on, report or [], report_only, verbose, quiet, color, by_layer), file, at, form))


@app.command(epilog="Example: imagegate inspect docker:app:1.4 -r cyclonedx=app.cdx.json -r spdx=app.spdx.json")
def inspect(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="As for check.")],
    report: Annotated[list[str] | None, typer.Option("-r", "--report", metavar="FORM[=PATH]", help="Repeatable: table, json, cyclonedx, spdx. Without a path: standard output.")] = None,
    platform: PlatformOption = None,
    timeout: TimeoutOption = 120,
    jobs: JobsOption = 0,
    registry_insecure: InsecureOption = False,
    registry_mirror: MirrorOption = None,
    cache_dir: CacheOption = None,
    no_cache: NoCacheOption = False,
    distro: DistroOption = "",
    limit: LimitOption = None,
    quiet: QuietOption = False,
) -> None:
    """The inventory alone: packages per layer, also as CycloneDX and SPDX."""
    from imagegate.cli import inspection
    from imagegate.cli.images import Images

    opened = Images(platform, timeout, jobs, registry_insecure, cache_dir, no_cache, distro, tuple(limit or ()), tuple(registry_mirror or ()))
    raise typer.Exit(inspection.inspect(image, report or [], opened, quiet=quiet))


@app.command(epilog="Example: imagegate demo -r sarif=demo.sarif")
def demo(report: ReportOption = None, by_layer: LayersOption = False, verbose: VerboseOption = False, quiet: QuietOption = False, color: ColorOption = "auto") -> None:
    """Break a build, with nothing to set up.

    The Heartbleed image against bundled advisories: no network, no store, no engine.
    """
    from imagegate.cli import run

    raise typer.Exit(run.demo(run.Settings(None, None, report or [], False, verbose, quiet, color, by_layer)))


@app.command(epilog="Example: imagegate doctor -b clair --clair-url http://clair.example:6060")
def doctor(
    db: DbOption = None,
    timeout: TimeoutOption = 120,
    backend: BackendOption = None,
    clair_url: ClairUrlOption = None,
    clair_api: ClairApiOption = None,
    clair_psk_file: ClairPskOption = None,
    clair_issuer: ClairIssuerOption = "imagegate",
    clair_header: ClairHeaderOption = None,
    clair_ca: ClairCaOption = None,
    clair_cert: ClairCertOption = None,
    clair_key: ClairKeyOption = None,
    clair_timeout: ClairTimeoutOption = 120,
    serve_address: ServeOption = None,
    advertise_address: AdvertiseOption = None,
) -> None:
    """Try what works here: engines, advisories, cache, and a Clair, with a layer that it is asked to fetch."""
    from imagegate.cli.backends import Backends
    from imagegate.cli.doctor import doctor as examine

    backends = Backends(
        tuple(backend or ()), tuple(clair_url or ()), clair_api, clair_psk_file, clair_issuer, tuple(clair_header or ()), clair_ca,
        clair_cert, clair_key, clair_timeout, True, serve_address, advertise_address,
    )  # fmt: skip
    raise typer.Exit(examine(db, backends, timeout))


@policy_app.command("init", epilog="Example: imagegate policy init imagegate.yaml")
def policy_init(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.")] = "imagegate.yaml",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a policy to begin with."""
    from imagegate.cli import policies

    policies.init(file, force=force)


@policy_app.command("check", epilog="Example: imagegate policy check imagegate.yaml")
def policy_check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Policies to check.")],
) -> None:
    """Check policies without scanning anything."""
    from imagegate.cli import policies

    policies.check(files)


@policy_app.command("show", epilog="Example: imagegate policy show strict")
def policy_show(policy: Annotated[str, typer.Argument(metavar="REF", help="A name or a file.")] = "recommended") -> None:
    """Show a policy as it is after everything it extends."""
    from imagegate.cli import policies

    policies.show(policy)


@db_app.command("update", epilog="Example: imagegate db update Debian Alpine")
def db_update(
    ecosystems: Annotated[list[str] | None, typer.Argument(metavar="[ECOSYSTEM]...", help="OSV names: Debian, Ubuntu, Alpine, Wolfi …; without one: all that can be judged.")] = None,
    db: DbOption = None,
    url: UrlOption = None,
    registry_insecure: InsecureOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fetch what changed from the public OSV data, a mirror of it, or a registry."""
    from imagegate.cli import databases

    databases.update(db, ecosystems or [], url, insecure=registry_insecure, quiet=quiet)


@db_app.command("build", epilog="Example: imagegate db build ./osv-mirror --db store.db")
def db_build(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Holds ECOSYSTEM/all.zip, as the OSV bucket does.")],
    db: DbOption = None,
    quiet: QuietOption = False,
) -> None:
    """Build the store from a folder."""
    from imagegate.cli import databases

    databases.build(db, folder, quiet=quiet)


@db_app.command("status", epilog="Example: imagegate db status")
def db_status(
    db: DbOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show sources, dates, counts, age, and what the store covers."""
    from imagegate.cli import databases

    databases.status(db, as_json=as_json)


@db_app.command("export", epilog="Example: imagegate db export advisories.zst")
def db_export(
    target: Annotated[str, typer.Argument(metavar="FILE|oci://HOST/REPO[:TAG]", help="What to write, or where to push it.")],
    db: DbOption = None,
    registry_insecure: InsecureOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the store as one compressed file or as an artifact of a registry, for many runners to share."""
    from imagegate.cli import databases

    databases.export(db, target, insecure=registry_insecure, quiet=quiet)


@db_app.command("import", epilog="Example: imagegate db import https://example.com/advisories.zst")
def db_import(
    origin: Annotated[str, typer.Argument(metavar="FILE|URL|oci://HOST/REPO[:TAG][@DIGEST]", help="What `db export` wrote.")],
    db: DbOption = None,
    registry_insecure: InsecureOption = False,
    sha256: Annotated[str | None, typer.Option("--sha256", envvar="IMAGEGATE_DB_SHA256", metavar="DIGEST", help="The digest that `db export FILE` printed.")] = None,
    quiet: QuietOption = False,
) -> None:
    """Use a store that was exported elsewhere, after checking its digest."""
    from imagegate.cli import databases

    databases.import_file(db, origin, sha256 or "", insecure=registry_insecure, quiet=quiet)


def process() -> NoReturn:
    """What the installed command runs: `main`, without tidying up memory that nobody needs any more."""
    gc.set_threshold(1_000_000, 20, 20)  # next to nothing here refers to itself
    try:
        main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else exit_code.BUG
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                code = code or exit_code.USAGE  # a report that could not be written
        os._exit(code)


def main() -> NoReturn:
    """Run the command line and exit with a code of the table in exit_code.py."""
    signal.signal(signal.SIGTERM, _terminate)
    _open_streams()
    code = _guarded()
    if code in (exit_code.INTERRUPTED, exit_code.TERMINATED):
        sys.stdout.flush()
        os._exit(code)  # whoever interrupts does not want to wait for threads that still read layers
    sys.exit(code)


def _open_streams() -> None:
    """Whoever started us may have closed them, or have an encoding that lacks a letter: neither changes the verdict."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _guarded() -> int:
    try:
        app(standalone_mode=True)
    except ImageGateError as error:
        _complain(error)
        _rescue(exit_code.of(error), error.message, error.hint)
        return exit_code.of(error)
    except KeyboardInterrupt:
        print("interrupted: no verdict", file=sys.stderr)
        return exit_code.INTERRUPTED
    except Terminated:
        print("terminated: no verdict", file=sys.stderr)
        return exit_code.TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_code.BUG
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else exit_code.BUG if error.code else exit_code.SHIPS
        if code == exit_code.USAGE and not reports_itself():
            _rescue(code, "the command line is wrong", "Standard error says what; see `imagegate check --help`.")
        return code
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not look like a verdict
        return _bug(error)
    return exit_code.SHIPS


def _rescue(code: int, message: str, hint: str) -> None:
    """Write the reports that were asked for on a command line that is otherwise wrong: a CI server looks for them."""
    if any(word in sys.argv for word in ("check", "evaluate", "demo")) and not reports_itself():
        from imagegate.cli.reports import rescue

        rescue(sys.argv[1:], os.environ.get("IMAGEGATE_REPORT", ""), code, message, hint)


def _complain(error: ImageGateError) -> None:
    from imagegate.cli.terminal import Terminal

    terminal = Terminal()
    terminal.error(f"error: {error.message}")
    if error.hint:
        terminal.error(f"hint: {error.hint}")


def _bug(error: Exception) -> int:
    from imagegate.cli.terminal import Terminal

    if "-v" in sys.argv or "--verbose" in sys.argv:
        import traceback

        traceback.print_exception(error)
    Terminal().error(f"error: a bug in imagegate, no verdict: {type(error).__name__}: {error}")
    Terminal().error("hint: Please report it, with what `-v` shows: https://github.com/imagegate/imagegate/issues")
    return exit_code.BUG


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
