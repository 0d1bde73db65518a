"""C2SP signed notes, vkeys and checkpoints (SPEC.md, section 4)."""

import hashlib
import re
from dataclasses import dataclass

import ed25519
from canonical import UUID, Malformed, decimal, from_base64

MAX_NOTE = 1 << 20
MAX_SIGNATURES = 100
CONTROL = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f]")
KEY_ID = re.compile(r"[0-9a-f]{8}")


class BadSignature(ValueError):
    """No signature by a given key, or a bad one."""


@dataclass(frozen=True)
class Key:
    name: str
    id: bytes
    public: bytes
    vkey: str


@dataclass(frozen=True)
class Note:
    text: str
    signatures: tuple  # of (name, key id, signature)


@dataclass(frozen=True)
class Checkpoint:
    line: str  # the origin line
    origin: str
    org: str
    inc: str
    size: int
    root: bytes
    note: Note


def _valid_name(name):
    return name != "" and "+" not in name and not re.search(r"\s", name)


def parse_vkey(text):
    """Key of `<name>+<key id>+<base64(0x01 ‖ public key)>`; Malformed when any part is off."""
    parts = text.split("+", 2) if isinstance(text, str) else []
    if len(parts) != 3 or not _valid_name(parts[0]) or not KEY_ID.fullmatch(parts[1]):
        raise Malformed("is not a vkey")
    name, public = parts[0], from_base64(parts[2], 33)
    if public[0] != 1:
        raise Malformed("is not an Ed25519 vkey")
    if CONTROL.search(name):
        raise Malformed("has a control character in its name")
    digest = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    if digest.hex() != parts[1]:
        raise Malformed("has a key id that is not its key's")
    if ed25519.usable_point(public[1:]) is None:
        raise Malformed("has a key that is not canonical or of small order")
    return Key(name, digest, public[1:], text)


def parse_note(data):
    """Text and signature lines; Malformed when the bytes are not a signed note."""
    if len(data) > MAX_NOTE:
        raise Malformed("is larger than 1 MiB")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("is not UTF-8") from None
    if CONTROL.search(whole):
        raise Malformed("has a control character")
    head, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise Malformed("has no signature lines, or its last line does not end")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Malformed("has more than 100 signature lines")
    return Note(head + "\n", tuple(map(_signature_line, lines)))


def _signature_line(line):
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not _valid_name(parts[1]):
        raise Malformed("has a line that is not a signature line")
    data = from_base64(parts[2])
    if len(data) < 5:
        raise Malformed("has a signature line without a signature")
    return parts[1], data[:4], data[4:]


def verify_note(note, keys, name):
    """(given keys of that name that signed, count of lines by unknown keys), or BadSignature.

    A bad signature by a known key fails the note, whatever else is right.
    """
    signers, unknown = {}, 0
    for line_name, key_id, signature in note.signatures:
        known = [k for k in keys if k.name == name == line_name and k.id == key_id]
        good = [k for k in known if ed25519.verify(k.public, note.text.encode(), signature)]
        if known and not good:
            raise BadSignature("a signature by a given key is bad")
        unknown += not known
        signers.update((key.vkey, key) for key in good)
    if not signers:
        raise BadSignature("no given key with the name of the origin line has signed it")
    return list(signers.values()), unknown


def parse_checkpoint(data):
    """Checkpoint of a signed note without extension lines; Malformed otherwise."""
    note = parse_note(data)
    lines = note.text.split("\n")
    if len(lines) != 4:
        raise Malformed("has not exactly three lines of text")
    parts = lines[0].rsplit("/", 2)
    if len(parts) != 3 or not parts[0] or not _valid_name(lines[0]):
        raise Malformed("has no origin line <origin>/<org>/<inc>")
    if not UUID.fullmatch(parts[1]) or not UUID.fullmatch(parts[2]):
        raise Malformed("has an origin line whose ends are not UUIDs")
    size = decimal(lines[1])
    if size == 0:
        raise Malformed("has the size 0")
    return Checkpoint(lines[0], *parts, size, from_base64(lines[2], 32), note)
