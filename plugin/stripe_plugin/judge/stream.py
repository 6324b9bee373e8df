"""What text does a stream hold, which may be endless, or none?"""

from typing import BinaryIO

from stripe_plugin.errors import UsageError

MOST_BYTES = 2_000_000  # four for each character that a flow may have


def text_in(stream: BinaryIO, name: str, most: int = MOST_BYTES) -> str:
    """All of it, as UTF-8; `name`: what a person calls it. Raises `UsageError`.

    `most`: bytes, of which no more than one beyond is read.
    """
    read = stream.read(most + 1)
    if len(read) > most:
        raise UsageError(f"{name} is longer than {most:,} bytes: no more was read.")
    try:
        return read.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: {error.reason}.") from None
