"""Run with `python -m imagegate`."""

from imagegate.cli.app import process

if __name__ == "__main__":
    process()
