"""Run with `python -m imagegate`."""

from imagegate.cli.app import main

if __name__ == "__main__":
    main()
