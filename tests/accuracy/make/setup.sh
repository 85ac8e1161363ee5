#!/bin/sh
# Prepares the tools that own the orders in a folder: setup.sh FOLDER. Needs Debian's packages default-jdk-headless, golang,
# libdpkg-perl, maven, nodejs, npm, php-cli, composer, python3-rpm, r-base-core and ruby.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
versions=$here/../../version/make
mkdir -p "$1/go" "$1/apk"
cd "$1"
npm install --silent --prefix . semver@7.7.3
mvn -q -B dependency:copy -Dartifact=org.apache.maven:maven-artifact:3.9.9 -DoutputDirectory="$PWD"
javac -cp maven-artifact-3.9.9.jar -d . "$versions/Compare.java"
cp "$versions/compare.go" go/main.go
(cd go && { [ -f go.mod ] || go mod init compare; } && go get golang.org/x/mod@v0.29.0 github.com/bitnami/go-version@latest && go mod tidy && go build -o ../compare .)
cp "$here/compare_apk.go" apk/main.go
(cd apk && { [ -f go.mod ] || go mod init compare; } && go get github.com/knqyf263/go-apk-version@latest && go mod tidy && go build -o ../compare-apk .)
