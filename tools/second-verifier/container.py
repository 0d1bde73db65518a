"""Reading a bundle from a folder or a zip without trusting either (SPEC.md, section 8)."""

import hashlib
import os
import re
import stat
import zipfile
import zlib

from report import CannotStart

NAME = re.compile(r"[A-Za-z0-9._/-]{1,1024}")
READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
CHUNK = 1 << 18


class Unreadable(Exception):
    """A member cannot be read to its end."""


def safe_name(name):
    """Whether a member's name stays in the bundle and consists of the allowed characters."""
    return NAME.fullmatch(name) is not None and not {"", ".", ".."} & set(name.split("/"))


class Folder:
    def __init__(self, path):
        self._path = path
        self.names = set()
        self._scan("")

    def _scan(self, prefix):
        with os.scandir(os.path.join(self._path, prefix)) as found:
            entries = list(found)
        for entry in entries:
            name = prefix + entry.name
            if not safe_name(name):
                raise CannotStart("bundle_unsafe", "a file has a name that is not allowed")
            if entry.is_dir(follow_symlinks=False):
                self._scan(name + "/")
            elif entry.is_file(follow_symlinks=False):
                self.names.add(name)
            else:
                raise CannotStart("bundle_unsafe", "a link or special file", name)

    def open(self, name):
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(os.path.join(self._path, name), flags), "rb")


class Zip:
    def __init__(self, path):
        with open(path, "rb") as file:
            if file.read(4) != b"PK\x03\x04":
                raise CannotStart("bundle_unreadable", "neither a folder nor a zip")
        self._zip = zipfile.ZipFile(path)
        self.names, seen = set(), set()
        for info in self._zip.infolist():
            name = _zip_name(info)
            if name in seen:
                raise CannotStart("bundle_unsafe", "two members have one name", name)
            seen.add(name)
            if not info.is_dir():
                self.names.add(name)

    def open(self, name):
        return self._zip.open(name)


def _zip_name(info):
    """Safe name of a zip entry (a folder's without its slash), or CannotStart."""
    name, directory = info.orig_filename, info.is_dir()
    bare = name[:-1] if directory else name
    if not safe_name(bare):
        raise CannotStart("bundle_unsafe", "a member has a name that is not allowed")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if directory else stat.S_IFREG):
        raise CannotStart("bundle_unsafe", "a link or special file", bare)
    if info.flag_bits & 0x2041:
        raise CannotStart("bundle_unsafe", "an encrypted member", bare)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CannotStart("bundle_unreadable", "a member is neither stored nor deflated", bare)
    if directory and info.file_size:
        raise CannotStart("bundle_unsafe", "a folder with content", bare)
    return bare


def open_container(path):
    """Folder or Zip with `names` (a set of files) and `open(name)`."""
    try:
        return Folder(path) if os.path.isdir(path) else Zip(path)
    except (ValueError, *READ_ERRORS) as error:
        detail = f"cannot be opened: {type(error).__name__}"
        raise CannotStart("bundle_unreadable", detail) from None


def read_small(container, name, limit):
    """Bytes of a member of at most `limit` bytes, or Unreadable."""
    try:
        with container.open(name) as stream:
            data = stream.read(limit + 1)
    except READ_ERRORS:
        raise Unreadable("cannot be read") from None
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit} bytes")
    return data


def digest(container, name, expected_bytes):
    """(hex SHA-256, bytes) of a member; stops soon after `expected_bytes`, for zip bombs."""
    total, sha = 0, hashlib.sha256()
    try:
        with container.open(name) as stream:
            while total <= expected_bytes:
                chunk = stream.read(CHUNK)
                if not chunk:
                    break
                total += len(chunk)
                sha.update(chunk)
    except READ_ERRORS:
        raise Unreadable("cannot be read") from None
    return sha.hexdigest(), total


def lines(container, name, limit, sha256):
    """Yield (line number, bytes without LF or None) of a JSON lines member; constant memory.

    None stands for a line without LF or longer than `limit`. At the end the bytes read must have
    the hash that was checked before, since a folder can change between two reads.
    """
    sha, number = hashlib.sha256(), 0
    try:
        with container.open(name) as stream:
            while data := stream.readline(limit):
                number += 1
                sha.update(data)
                whole = data.endswith(b"\n")
                yield number, data[:-1] if whole else None
                while not whole and (data := stream.readline(limit)):
                    sha.update(data)
                    whole = data.endswith(b"\n")
    except READ_ERRORS:
        raise Unreadable("cannot be read") from None
    if sha.hexdigest() != sha256:
        raise Unreadable("changed while it was read")
