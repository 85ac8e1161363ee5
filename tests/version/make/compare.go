// Reads pairs of versions, tab-separated; prints how the tool named by the argument orders each; "!" for an error:
// mod is golang.org/x/mod/semver, toolchain the standard package go/version, bitnami github.com/bitnami/go-version.
package main

import (
	"bufio"
	"fmt"
	"go/version"
	"os"
	"strings"

	bitnami "github.com/bitnami/go-version/pkg/version"
	"golang.org/x/mod/semver"
)

func compare(tool, left, right string) (int, bool) {
	switch tool {
	case "toolchain":
		return version.Compare(left, right), version.IsValid(left) && version.IsValid(right)
	case "bitnami":
		one, first := bitnami.Parse(left)
		two, second := bitnami.Parse(right)
		if first != nil || second != nil {
			return 0, false
		}
		return one.Compare(two), true
	}
	left, right = "v"+strings.TrimPrefix(left, "v"), "v"+strings.TrimPrefix(right, "v")
	return semver.Compare(left, right), semver.IsValid(left) && semver.IsValid(right)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		left, right, _ := strings.Cut(lines.Text(), "\t")
		order, valid := compare(os.Args[1], left, right)
		if !valid {
			fmt.Println("!")
			continue
		}
		fmt.Println("<=>"[order+1 : order+2])
	}
}
