"""manifest.json, its signature, and the members it lists (SPEC.md, section 8)."""

import base64
import hashlib
import re
from dataclasses import dataclass

from canonical import UUID, Malformed, closed, decimal, is_string, is_timestamp, parse_json
from container import Unreadable, digest, read_small, safe_name
from note import MAX_NOTE, BadSignature, parse_note, verify_note
from report import CannotStart

MAX_MANIFEST = 256 << 20
ALWAYS = (
    "checkpoint.note",
    "content.jsonl",
    "erasures.jsonl",
    "keys.jsonl",
    "records.jsonl",
    "SPEC.md",
)
COUNTS = ("records", "content", "erasures", "keys", "proofs")
NAMED = {*ALWAYS, "range.json", "previous.note", "consistency.proof"}
SHA256 = re.compile(r"[0-9a-f]{64}")
ORIGIN = re.compile(r"[!-*,-~]+")


@dataclass(frozen=True)
class Manifest:
    kind: str
    origin: str
    org: str
    inc: str
    tree_size: int
    counts: dict
    members: dict  # path -> {sha256, bytes}
    data: bytes  # as stored
    range: tuple  # (first, end) or None
    period: tuple  # (from, to) or None

    @property
    def line(self):
        return f"{self.origin}/{self.org}/{self.inc}"


def load_manifest(container):
    """Manifest of the container, or CannotStart."""
    if "manifest.json" not in container.names:
        raise CannotStart("manifest_missing", "the bundle has no manifest.json", "manifest.json")
    try:
        data = read_small(container, "manifest.json", MAX_MANIFEST)
        return _parse(data, parse_json(data))
    except (Malformed, Unreadable) as error:
        detail = f"manifest.json {error}"
        raise CannotStart("manifest_malformed", detail, "manifest.json") from None


def _parse(data, value):
    if not isinstance(value, dict) or value.get("format") != "lexcustis-audit-export":
        raise Malformed("is not of this format")
    version = value.get("version")
    if not _natural(version):
        raise Malformed("has no version")
    if version != 1:
        raise CannotStart("manifest_version", "manifest of another version", "manifest.json")
    ranged = value.get("kind") == "range"
    keys = "format version kind origin org inc created_at tree_size counts members".split()
    closed(value, keys + ["range", "period"] * ranged)
    if value["kind"] not in ("full", "range", "excerpt"):
        raise Malformed("has an unknown kind")
    if not is_string(value["origin"], ORIGIN):
        raise Malformed("has no valid origin")
    if not is_string(value["org"], UUID) or not is_string(value["inc"], UUID):
        raise Malformed("has an org or inc that is not a UUID")
    if not is_timestamp(value["created_at"]):
        raise Malformed("has no valid created_at")
    if not all(map(_natural, closed(value["counts"], COUNTS).values())):
        raise Malformed("has a count that is not a number")
    return Manifest(
        value["kind"],
        value["origin"],
        value["org"],
        value["inc"],
        decimal(value["tree_size"]),
        value["counts"],
        _members(value["members"]),
        data,
        _range(value["range"]) if ranged else None,
        _period(value["period"]) if ranged else None,
    )


def _natural(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _members(value):
    if not isinstance(value, dict):
        raise Malformed("has no members")
    for path, entry in value.items():
        closed(entry, ("sha256", "bytes"))
        if not safe_name(path) or path in ("manifest.json", "manifest.sig"):
            raise Malformed("lists a member that it may not list")
        if not is_string(entry["sha256"], SHA256) or not _natural(entry["bytes"]):
            raise Malformed("has a member without hash and size")
    return value


def _range(value):
    closed(value, ("first", "end"))
    return decimal(value["first"]), decimal(value["end"])


def _period(value):
    closed(value, ("from", "to"))
    if not is_timestamp(value["from"]) or not is_timestamp(value["to"]):
        raise Malformed("has a period that is not two timestamps")
    return value["from"], value["to"]


def check_members(container, manifest, report):
    """Names of the members that are there with the size and hash the manifest lists."""
    usable, further = set(), 0
    for name in sorted(container.names - set(manifest.members)):
        if name not in ("manifest.json", "manifest.sig"):
            report.fail("member_unlisted", "the manifest does not list this file", member=name)
    for name in ALWAYS:
        if name not in manifest.members and name not in container.names:
            report.fail("member_missing", "the manifest must list this file", member=name)
    for name, entry in sorted(manifest.members.items()):
        if name not in container.names:
            report.fail("member_missing", "listed, but not there", member=name)
        elif _has_hash(container, name, entry, report):
            usable.add(name)
            further += name not in NAMED and not name.startswith(("proofs/", "schemas/"))
    if further:
        report.not_checked.append(f"{further} further members: hashed, their content not checked")
    text = f"{len(usable)} of {len(manifest.members)} members as the manifest lists them"
    report.holds.append(text)
    return usable


def _has_hash(container, name, entry, report):
    try:
        actual = digest(container, name, entry["bytes"])
    except Unreadable as error:
        report.fail("member_unreadable", f"the member {error}", member=name)
        return False
    if actual == (entry["sha256"], entry["bytes"]):
        return True
    report.fail("member_hash", "size or SHA-256 differs from the manifest", member=name)
    return False


def check_signature(container, manifest, keys, signers, report):
    """manifest.sig by a key that also signed the checkpoint; `signers` None: by any given key.

    Without an authentic checkpoint, a missing signature by a given key has the same cause and is
    not reported twice. Line 2 is the origin line, of the manifest or of the key: where these two
    differ, that is `manifest_mismatch` and not a second failure here.
    """
    where = {"member": "manifest.sig"}
    if "manifest.sig" not in container.names:
        report.fail("manifest_signature_missing", "the bundle has no manifest.sig", **where)
        return
    sha = base64.b64encode(hashlib.sha256(manifest.data).digest()).decode()
    try:
        note = parse_note(read_small(container, "manifest.sig", MAX_NOTE))
        known = keys if signers is None else signers
        known = [k for k in known if (k.name, k.id) in {line[:2] for line in note.signatures}]
        if signers is None and not known:
            report.not_checked.append("the signature of the manifest: by no given key")
            return
        name = known[0].name if known else manifest.line
        texts = [f"lexcustis/manifest/v1\n{line}\n{sha}\n" for line in (name, manifest.line)]
        if note.text not in texts:
            raise BadSignature("it does not sign this manifest")
        _, unknown = verify_note(note, known, name)
    except (Unreadable, Malformed, BadSignature) as error:
        report.fail("manifest_signature", f"manifest.sig: {error}", **where)
        return
    report.holds.append("the manifest is signed by the checkpoint key")
    if unknown:
        report.notes.append(f"manifest.sig: {unknown} signature lines of unknown keys ignored")
