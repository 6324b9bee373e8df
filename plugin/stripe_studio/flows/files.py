"""Which flow files are in the folder, and how is one read, and written whole or not at all?

A name is one of the folder's own: no path leads out of it, and no link does.
"""

import hashlib
import os
import re
import secrets
import stat
from pathlib import Path

from stripe_plugin.errors import UsageError
from stripe_plugin.judge.stream import text_in
from stripe_plugin.secrets import shown

LONGEST = 180  # bytes; file systems take 255, and a draft is called longer
NAME = re.compile(r"[^/\\:\x00-\x1f\x7f.][^/\\:\x00-\x1f\x7f]*\.ya?ml", re.IGNORECASE)
SUCH_AS = "A flow file has a name such as sell.yaml, without a folder before it"
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
USUAL_MODE = 0o666  # less what the process's mask takes away


class NoSuchFile(UsageError):
    """There is no such flow file in the folder."""

    http_status = 404


class Exists(UsageError):
    """The file has other contents than those that were opened: it is not overwritten unasked."""

    http_status = 409


class Folder:
    """The flow files of one folder, by name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        """Where it is, for a person."""
        return str(self._path.resolve())

    def path_of(self, name: str) -> str:
        """Where a file of this name is, for a command: its name alone in the current folder."""
        is_here = self._path.resolve() == Path.cwd()
        return name if is_here else str(self._path.resolve() / name)

    def names(self) -> list[str]:
        """Those that can be opened, by the alphabet."""
        try:
            found = [each.name for each in self._path.iterdir()]
        except OSError:
            return []
        return sorted(name for name in found if self._is_ours(name))

    def _is_ours(self, name: str) -> bool:
        try:
            return self._place(name).is_file()
        except (UsageError, OSError):
            return False

    def read(self, name: str) -> str:
        """The text of a file, as it is kept, with its own ends of lines."""
        place = self._place(name)
        try:
            if not place.is_file():
                raise NoSuchFile(f"There is no {shown(name)} in {self}.")
            return _text(name, place)
        except OSError as error:
            why = error.strerror or error
            raise UsageError(f"{shown(name)} cannot be read: {why}.") from None

    def save(self, name: str, text: str, opened: str = "", *, overwrite: bool = False) -> None:
        """Writes the whole file. `opened`: the digest of what it held when it was opened.

        Raises `Exists` if it holds something else since, unless it is to be overwritten.
        """
        place = self._place(name)
        if not os.path.lexists(place):
            _write(place, text, None)
            return
        before = self.read(name)
        is_known = digest(before) in (opened, digest(text))
        if not is_known and not overwrite:
            raise Exists(f"{name} is there already, with other contents.")
        ends = "\r\n" if "\r\n" in before else "\n"
        whole = plain(text).replace("\n", ends)
        mode = stat.S_IMODE(place.stat().st_mode)
        _write(place, whole, mode)

    def _place(self, name: str) -> Path:
        """Where it is. Refuses what is no name, and a link that leads elsewhere."""
        size = len(name.encode("utf-8", "replace"))
        if size > LONGEST or not NAME.fullmatch(name):
            raise UsageError(f"{SUCH_AS}; got {shown(name)}.")
        folder = self._path.resolve()
        place = (folder / name).resolve()
        if place.parent != folder:
            raise UsageError(f"{shown(name)} leads out of {folder}: only files in it are opened.")
        return place


def plain(text: str) -> str:
    """A text with the ends of lines that flows are written with here."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def digest(text: str) -> str:
    """What tells one text from another, however its lines end."""
    encoded = plain(text).encode("utf-8", "surrogatepass")
    return hashlib.sha256(encoded).hexdigest()[:16]


def _text(name: str, place: Path) -> str:
    with place.open("rb") as stream:
        return text_in(stream, shown(name))


def _write(place: Path, text: str, mode: int | None) -> None:
    """The whole file, or nothing. Without a mode it is new: nobody's file is in its place."""
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        _fill(draft, text)
        if mode is None:
            os.link(draft, place)
        else:
            draft.chmod(mode)
            draft.replace(place)
    except FileExistsError:
        raise Exists(f"{place.name} was made by somebody else meanwhile.") from None
    except (OSError, UnicodeEncodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{place.name} cannot be written: {why}.") from None
    finally:
        draft.unlink(missing_ok=True)


def _fill(draft: Path, text: str) -> None:
    made = os.open(draft, NEW, USUAL_MODE)
    with os.fdopen(made, "wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
