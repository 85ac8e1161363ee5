"""What the benchmark image is made of: real packages, installed by their own package managers as these are configured here.

Versions are a few years old where that gives findings. A part whose tool is missing, or whose index cannot be reached, is
made in code in the same shape (shapes.py), and that is said.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import shapes

PYTHON = "usr/local/lib/python3.11/dist-packages"

DEBIAN = (
    "build-essential", "ca-certificates", "curl", "git", "libffi-dev", "libpq-dev", "libssl-dev", "libyaml-dev", "nodejs",
    "openjdk-17-jre-headless", "openssh-client", "procps", "python3", "python3-venv", "ruby", "rsync", "sqlite3", "unzip",
    "vim-tiny", "wget", "zlib1g-dev",
)  # fmt: skip
EXCLUDED = "/usr/share/locale/*"  # as the slim variants of the official image

NPM = {
    "axios": "0.21.1", "eslint": "8.57.1", "express": "4.17.1", "jest": "29.7.0", "jsonwebtoken": "8.5.1", "lodash": "4.17.20",
    "typescript": "5.7.2", "webpack": "5.75.0",
}  # fmt: skip

GEMS = {"rails": "7.0.4", "sidekiq": "7.0.0", "puma": "5.6.4", "devise": "4.8.1"}

WHEELS = (
    "cryptography==41.0.3", "Django==4.2.1", "Flask==2.3.1", "gunicorn==20.1.0", "Jinja2==3.1.2", "Pillow==10.0.0",
    "psycopg2-binary==2.9.9", "PyYAML==6.0.1", "requests==2.31.0", "SQLAlchemy==2.0.36",
)  # fmt: skip

JARS = (
    "org.springframework.boot:spring-boot-starter-web:2.7.5", "org.apache.logging.log4j:log4j-core:2.14.1",
    "commons-io:commons-io:2.11.0", "com.google.guava:guava:31.1-jre", "org.postgresql:postgresql:42.5.0",
)  # fmt: skip

GO = (
    "github.com/gin-gonic/gin@v1.9.0", "github.com/go-chi/chi/v5@v5.2.0", "github.com/golang-jwt/jwt/v4@v4.5.0",
    "github.com/jackc/pgx/v5@v5.5.0", "github.com/minio/minio-go/v7@v7.0.82", "github.com/nats-io/nats.go@v1.38.0",
    "github.com/prometheus/client_golang/prometheus/promhttp@v1.20.5", "github.com/redis/go-redis/v9@v9.7.0",
    "github.com/spf13/cobra@v1.8.1", "github.com/spf13/viper@v1.19.0", "go.etcd.io/bbolt@v1.3.11", "go.uber.org/zap@v1.27.0",
    "golang.org/x/crypto/ssh@v0.31.0", "google.golang.org/grpc@v1.62.1",
)  # fmt: skip
GO_BINARIES = 12


class Failed(Exception):
    """A tool could not do its part; the text is its last word."""


@dataclass(frozen=True)
class Part:
    """One kind of packages; `make` runs the real tools in a scratch folder, `shape` needs none; both fill `target`."""

    name: str
    tools: tuple[str, ...]
    make: Callable[[Path, Path], None]
    shape: Callable[[Path], None]

    def fill(self, target: Path, scratch: Path) -> str:
        """Put the packages into `target`; returns how they were made, which is said on standard error too."""
        missing = [tool for tool in self.tools if not shutil.which(tool)]
        why = f"no {' and no '.join(missing)}"
        if not missing:
            print(f"  {self.name} with {' and '.join(self.tools) or 'pip'} …", file=sys.stderr)
            scratch.mkdir(parents=True)
            try:
                self.make(target, scratch)
                return f"{self.name} by {' and '.join(self.tools) or 'pip'}"
            except Failed as failed:
                why = str(failed)
        print(f"  {self.name} of the same shape, made in code ({why})", file=sys.stderr)
        self.shape(target)
        return f"{self.name} made in code"


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> None:
    """Run a tool with its own configuration; raises Failed."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise Failed(f"{command[0]} ended with {done.returncode}: {' … '.join(words[-2:])[:300]}")


def _debian(layer: Path, _: Path) -> None:
    if os.geteuid() != 0:
        raise Failed("mmdebstrap has to be root for the owners of the files")
    include, exclude = f"--include={','.join(DEBIAN)}", f"--dpkgopt=path-exclude={EXCLUDED}"
    clean = "--customize-hook=rm -rf $1/var/lib/apt/lists/*"
    run("mmdebstrap", "--mode=root", "--variant=minbase", include, exclude, clean, "bookworm", layer)


def _npm(root: Path, scratch: Path) -> None:
    (scratch / "package.json").write_text(json.dumps({"name": "bigapp", "version": "1.0.0", "dependencies": NPM}))
    run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", cwd=scratch)
    shutil.copytree(scratch, root / "app", symlinks=True)


def _gems(root: Path, _: Path) -> None:
    wanted = [f"{name}:{version}" for name, version in GEMS.items()]
    run("gem", "install", "--no-document", "--install-dir", root / "usr/local/bundle", *wanted)


def _wheels(root: Path, _: Path) -> None:
    linux = (
        "--only-binary=:all:",
        "--python-version=3.11",
        "--platform=manylinux2014_x86_64",
        "--platform=manylinux_2_28_x86_64",
        "--no-compile",
    )
    run(sys.executable, "-m", "pip", "install", "--quiet", *linux, "--target", root / PYTHON, *WHEELS)


def _jars(root: Path, scratch: Path) -> None:
    library = root / "opt/service/lib"
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        for group, artifact, version in (jar.split(":") for jar in JARS)
    )
    (scratch / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>bigapp</artifactId>"
        f"<version>1</version><dependencies>{wanted}</dependencies></project>"
    )
    run("mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", f"-DoutputDirectory={library}", cwd=scratch)
    shapes.fat_jar(library, root / "opt/service/service.jar")


def _go(root: Path, scratch: Path) -> None:
    (scratch / "go.mod").write_text("module bigapp\n")
    packages = [wanted.split("@")[0] for wanted in GO]
    for number in range(GO_BINARIES):
        chosen = [packages[(number + step) % len(packages)] for step in range(5)]
        folder = scratch / f"service{number}"
        folder.mkdir()
        imports = "".join(f'import _ "{package}"\n' for package in chosen)
        (folder / "main.go").write_text(f"package main\n\n{imports}\nfunc main() {{}}\n")
    binaries = root / "usr/local/bin"
    binaries.mkdir(parents=True, exist_ok=True)
    run("go", "get", *GO, cwd=scratch)
    run(
        "go",
        "build",
        "-trimpath",
        "-ldflags=-s -w",
        "-o",
        f"{binaries}/",
        "./...",
        cwd=scratch,
        CGO_ENABLED="0",
        GOOS="linux",
        GOARCH="amd64",
    )


BASE = Part("Debian packages", ("mmdebstrap",), _debian, shapes.debian)
PARTS = (
    Part("npm packages", ("npm",), _npm, shapes.npm),
    Part("gems", ("gem",), _gems, shapes.gems),
    Part("wheels", (), _wheels, shapes.wheels),
    Part("jars", ("mvn",), _jars, shapes.jars),
    Part("Go binaries", ("go",), _go, shapes.go),
)
