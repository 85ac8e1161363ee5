"""What a Clair v4 that answers at once costs its client: a report of ten thousand findings, from the first call to the last.

    python benchmarks/asking.py [--runs N] [--quick]

Server and client are processes of their own; the client's time and memory are its own, measured inside.
"""

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bigapp import CACHE
from measuring import Goal, Measured, Table, alone

_MB = 1_000_000
_DIGEST = "sha256:" + "a" * 64
_LAYER = "sha256:" + "b" * 64
_SERVER = """
import http.server, sys
index, report = (open(path, "rb").read() for path in sys.argv[1:3])
state = b'{"state": "s"}'
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", 1 << 16, True
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        known = "vulnerability_report" in self.path
        body = report if known else index if self.command == "POST" else state if "state" in self.path else b"{}"
        self.send_response(404 if self.command == "GET" and "/index_report/" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
_CLIENT = f"""
import gc, resource, sys, time
gc.set_threshold(1_000_000, 20, 20)  # as the program does
begin = time.perf_counter()
from imagegate.backend.clair import v4
from imagegate.backend.clair.access import Access
from imagegate.backend.clair.client import Client
from imagegate.model.image import Image, Layer, OpenImage

class Nowhere:
    def of(self, layer):
        return "http://127.0.0.1:1/layer", {{}}
    def heard(self):
        return ""

image = Image("app", "registry", "", "{_DIGEST}", "linux/amd64", layers=(Layer(0, "{_LAYER}", "", 1),))
answered = v4.scan(Client(Access(sys.argv[1], sys.argv[1]), lambda _: None), OpenImage(image, files=None), Nowhere())
used = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss, len(answered.reading.findings))
"""


def run(table: Table, runs: int, *, quick: bool) -> None:
    """Add the lines to the table."""
    findings = 500 if quick else 10_000
    table.head(f"a report of {findings:,} findings from a Clair that answers at once")
    folder = CACHE / "asking"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        seconds, memory, size = _measure(folder, findings, runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table.line("the client, imports included", Measured(seconds, memory), goal=Goal(0.5, "0.5 s", 150 * _MB))
    table.note(f"{size / _MB:.0f} MB of JSON")


def _measure(folder: Path, findings: int, runs: int) -> tuple[float, int, int]:
    index, report = folder / "index.json", folder / "report.json"
    index.write_text(json.dumps({"manifest_hash": _DIGEST, "state": "IndexFinished", "success": True, "err": ""}))
    report.write_text(json.dumps(_report(findings)))
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(index), str(report)], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip() if server.stdout else ""
        results = []
        for _ in range(runs + 1):
            command = [sys.executable, "-c", _CLIENT, f"http://127.0.0.1:{port}"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, _, memory, found = done.stdout.split()
            if int(found) != findings:
                sys.exit(f"{found} findings instead of {findings}")
            results.append((float(seconds), int(memory) * (1 if sys.platform == "darwin" else 1024)))
        return statistics.median(one for one, _ in results[1:]), max(one for _, one in results[1:]), report.stat().st_size
    finally:
        server.terminate()
        server.wait(30)


def _report(findings: int) -> dict[str, object]:
    """Return a report in the form of Clair 4.9: twenty vulnerabilities in each package."""
    packages: dict[str, object] = {}
    environments, vulnerabilities, hits = {}, {}, {}
    for number in range(findings // 20):
        key = str(number)
        source = {"id": f"s{key}", "name": f"source{number}", "version": "1.0-1", "kind": "source"}
        binary = {"id": key, "name": f"package{number}", "version": "1.0-1", "kind": "binary", "arch": "amd64"}
        packages[key] = binary | {"source": source}
        environments[key] = [{"package_db": "var/lib/dpkg/status", "introduced_in": _LAYER, "distribution_id": "1"}]
        hits[key] = [str(number * 20 + offset) for offset in range(20)]
    for number in range(findings):
        vulnerabilities[str(number)] = {
            "id": str(number),
            "updater": "debian/updater",
            "name": f"CVE-2026-{number:05}",
            "description": f"A weakness with the number {number}. " * 10,
            "issued": "2026-01-01T00:00:00Z",
            "links": f"https://security-tracker.debian.org/tracker/CVE-2026-{number:05}",
            "severity": "medium",
            "normalized_severity": "High",
            "package": {"name": f"source{number // 20}", "kind": "source"},
            "fixed_in_version": "1.0-2" if number % 2 else "",
        }
    distribution: dict[str, str] = {
        "id": "1",
        "did": "debian",
        "name": "Debian GNU/Linux",
        "version": "12 (bookworm)",
        "version_id": "12",
    }
    return {
        "manifest_hash": _DIGEST,
        "packages": packages,
        "distributions": {"1": distribution | {"version_code_name": "bookworm", "pretty_name": "Debian GNU/Linux 12"}},
        "repository": {},
        "environments": environments,
        "vulnerabilities": vulnerabilities,
        "package_vulnerabilities": hits,
        "enrichments": {},
    }


if __name__ == "__main__":
    alone(__doc__, run)
