"""Prints precision and recall for every list: python -m tests.accuracy [NAME…]; 1 where one of them is too low."""

import sys

from tests.accuracy.measure import LEAST, load, measure, names, table


def main() -> int:
    """See above."""
    results = [measure(name, load(name)) for name in sys.argv[1:] or names()]
    print(table(results))
    for result in results:
        for kind, pairs in (("missed", result.missed), ("extra", result.extra), ("untold", result.untold)):
            for package, record in pairs:
                print(result.name, kind, package, record, sep="\t")
    return int(any(min(result.precision, result.recall) < LEAST for result in results))


if __name__ == "__main__":
    sys.exit(main())
