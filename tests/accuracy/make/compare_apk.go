// Reads pairs of versions, tab-separated; prints how github.com/knqyf263/go-apk-version orders each; "!" for an error.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	apk "github.com/knqyf263/go-apk-version"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		left, right, _ := strings.Cut(lines.Text(), "\t")
		one, first := apk.NewVersion(left)
		two, second := apk.NewVersion(right)
		if first != nil || second != nil {
			fmt.Println("!")
			continue
		}
		order := one.Compare(two)
		fmt.Println("<=>"[order+1 : order+2])
	}
}
