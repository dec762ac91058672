"""What commands take as arguments, read from their text."""

import argparse


def positive(text: str) -> int:
    """The whole number from 1 on; raises ArgumentTypeError for anything else."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from 1 on")
    return number
