"""Makes logs and exports of them as SPEC.md describes, for the tests; shares no check with them.

Tree and proofs are computed by the recursive definitions of RFC 6962, not by merkle.py.
"""

import base64
import copy
import hashlib
import hmac
import json
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import ed25519  # noqa: E402
from canonical import jcs  # noqa: E402

ORIGIN = "log.example/audit"
ORG = "0b9f6f0a-55d1-4d5e-9d63-0d4a3c9d7a10"
INC = "6a1d1b86-7d0f-4f0b-8a55-0b1d8f3f4c21"


def b64(data):
    return base64.b64encode(data).decode()


def sha(data):
    return hashlib.sha256(data).digest()


class Signer:
    """Ed25519 of RFC 8032, section 5.1.6."""

    def __init__(self, seed, name=f"{ORIGIN}/{ORG}/{INC}"):
        digest = hashlib.sha512(sha(seed.encode())).digest()
        scalar = int.from_bytes(digest[:32], "little")
        self.scalar = scalar & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = ed25519.encode(ed25519.multiply(self.scalar, ed25519.BASE))
        self.name = name
        self.id = sha(name.encode() + b"\n\x01" + self.public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(bytes([1]) + self.public)}"

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % ed25519.L
        point = ed25519.encode(ed25519.multiply(r, ed25519.BASE))
        k = int.from_bytes(hashlib.sha512(point + self.public + message).digest(), "little")
        return point + ((r + k * self.scalar) % ed25519.L).to_bytes(32, "little")

    def line(self, text):
        return f"\u2014 {self.name} {b64(self.id + self.sign(text.encode()))}\n"


def note(text, *signers):
    return (text + "\n" + "".join(s.line(text) for s in signers)).encode()


def mth(leaves):
    """Root by the definition of RFC 6962, section 2.1; `leaves` are leaf hashes."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha(b"\1" + mth(leaves[:k]) + mth(leaves[k:]))


def split(n):
    return 1 << (n - 1).bit_length() - 1


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def consistency(m, leaves, complete=True):
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return consistency(m, leaves[:k], complete) + [mth(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [mth(leaves[:k])]


def subtrees(begin, end, leaves):
    """Hashes of the maximal aligned subtrees covering [begin, end)."""
    out = []
    while begin < end:
        size = 1
        while begin % (size * 2) == 0 and begin + size * 2 <= end:
            size *= 2
        out.append(mth(leaves[begin : begin + size]))
        begin += size
    return out


def uuid7(n):
    text = f"0199{n:08x}7abc8{n:015x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


def instant(n):
    return f"2026-11-23T10:{n // 60 % 60:02d}:{n % 60:02d}.{123456 + n:06d}Z"


class Log:
    def __init__(self, signer, vkey=None):
        self.envelopes, self.content, self.macs = [], {}, []
        attrs = {
            "origin": ORIGIN,
            "vkey": vkey or signer.vkey,
            "algorithms": {"tree": "rfc6962-sha256"},
            "policy_versions": {"default": "1"},
        }
        self.append("chain.genesis", attrs)

    def append(self, kind, attrs=None, content=None, **more):
        seq = len(self.envelopes)
        envelope = {
            "v": 1,
            "org": ORG,
            "inc": INC,
            "seq": str(seq),
            "id": uuid7(seq),
            "type": kind,
            "occurred_at": instant(seq),
            "recorded_at": instant(seq),
            "actor": {"kind": "service"},
            "attrs": attrs or {},
            "kid": "mac-1",
            **more,
        }
        if content:
            commitments = {}
            for field, value in content.items():
                salt = sha(f"{seq} {field}".encode())
                self.content[seq, field] = (salt, value)
                joined = b"lexcustis/commit/v1\0" + salt + value.encode()
                commitments[field] = b64(sha(joined))
            envelope["commitments"] = commitments
        self.envelopes.append(envelope)
        mac = hmac.new(b"key", str(seq).encode(), "sha256").digest()
        self.macs.append(mac)
        return seq

    def canonical(self):
        return [e if isinstance(e, bytes) else jcs(e).encode() for e in self.envelopes]


def sample_log(signer, second=None, chats=9):
    """Genesis, chats with content, an erasure of record 3 and of one field of 5, a rotation."""
    log = Log(signer)
    for n in range(chats):
        content = {"prompt": f"Frage {n} \u20ac\U0001f600", "response": "Antwort\u0000\n"}
        log.append("chat.completed", {"outcome": "completed"}, content)
    base = {"legal_basis": "Art. 17 GDPR", "approved_by": uuid7(900)}
    log.append("subject.erased", {"seqs": ["3"], **base})
    log.append("content.expired", {"seqs": ["4-5"], "fields": ["response"], **base})
    if second:
        log.append("key.announced", {"use": "checkpoint", "vkey": second.vkey})
        log.append("key.announced", {"use": "mac", "kid": "mac-2"})
    log.append("chain.heartbeat")
    log.append("dossier.exported", {"kind": "full"})
    return log


class Draft:
    """Every part of an export as values that a test can change before `members` seals it."""

    def __init__(self, log, kind, signers, span=None, previous=None, withheld=()):
        self.log, self.kind, self.signers = log, kind, list(signers)
        self.canonical = log.canonical()
        self.leaves = [sha(b"\0" + data) for data in self.canonical]
        self.size, self.origin = len(self.leaves), f"{ORIGIN}/{ORG}/{INC}"
        self.root = mth(self.leaves)
        self.span = span or (0, self.size)
        self.overrides, self.raw, self.dropped = {}, {}, set()
        self.counts, self.listed = {}, {}
        self.manifest_signers = list(signers)
        self._records()
        self._content(withheld)
        self._keys()
        self.previous = previous
        self.proof = None
        if previous:
            self.previous_text = f"{self.origin}\n{previous}\n{b64(mth(self.leaves[:previous]))}\n"
            self.proof = consistency(previous, self.leaves)

    def _kind_of(self, seq):
        envelope = self.log.envelopes[seq]
        return envelope["type"] if isinstance(envelope, dict) else ""

    def _records(self):
        first, end = self.span
        special = ("chain.genesis", "key.announced", "subject.erased", "content.expired")
        outside = {s for s in range(self.size) if self._kind_of(s) in special}
        outside |= {s for s in (first - 1, end) if 0 <= s < self.size}
        inside = set() if self.kind == "excerpt" else set(range(first, end))
        chosen = set(range(first, end)) | outside
        self.proofs = {
            s: {
                "seq": str(s),
                "size": str(self.size),
                "hashes": [b64(h) for h in path(s, self.leaves)],
            }
            for s in sorted(chosen - inside)
        }
        self.records = [
            {"seq": str(s), "canonical": b64(self.canonical[s]), "mac": b64(self.log.macs[s])}
            for s in sorted(chosen)
        ]
        if self.kind == "range":
            stamp = instant(first), instant(end)
            self.period = {"from": stamp[0], "to": stamp[1]}
            self.range = {
                "first": str(first),
                "end": str(end),
                "size": str(self.size),
                "left": [b64(h) for h in subtrees(0, first, self.leaves)],
                "right": [b64(h) for h in subtrees(end, self.size, self.leaves)],
            }

    def _content(self, withheld):
        gone, self.erasures, self.content = set(), [], []
        for seq in range(self.size):
            envelope = self.log.envelopes[seq]
            if self._kind_of(seq) in ("subject.erased", "content.expired"):
                attrs = envelope["attrs"]
                self.erasures.append({"seq": str(seq), "type": envelope["type"], **attrs})
                for text in attrs["seqs"]:
                    low, _, high = text.partition("-")
                    for s in range(int(low), int(high or low) + 1):
                        fields = attrs.get("fields", ["prompt", "response"])
                        gone |= {(s, field) for field in fields}
        present = {int(line["seq"]) for line in self.records}
        for (seq, field), (salt, value) in sorted(self.log.content.items()):
            if seq not in present or (seq, field) in gone:
                continue
            line = {"seq": str(seq), "field": field}
            if (seq, field) in withheld:
                self.content.append({**line, "withheld": "privileged"})
            else:
                self.content.append({**line, "salt": b64(salt), "value": value})

    def _keys(self):
        self.keys = []
        for seq in range(self.size):
            if self._kind_of(seq) not in ("chain.genesis", "key.announced"):
                continue
            attrs = self.log.envelopes[seq]["attrs"]
            for name, use in (("vkey", "checkpoint"), ("kid", "mac")):
                if name in attrs:
                    self.keys.append({"use": use, name: attrs[name], "seq": str(seq)})
        self.keys.append({"use": "mac", "kid": "mac-1", "seq": "0"})

    def envelope(self, index):
        return json.loads(base64.b64decode(self.records[index]["canonical"]))

    def rewrite(self, index, change):
        """Replace a record by a changed one, in canonical form, without touching the tree."""
        envelope = self.envelope(index)
        change(envelope)
        self.records[index]["canonical"] = b64(jcs(envelope).encode())

    def checkpoint(self):
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    def members(self):
        """{name: bytes} of the whole bundle, sealed."""
        files = {
            "checkpoint.note": note(self.checkpoint(), *self.signers),
            "records.jsonl": lines(self.records),
            "content.jsonl": lines(self.content),
            "erasures.jsonl": lines(self.erasures),
            "keys.jsonl": lines(self.keys),
            "SPEC.md": b"# The audit log\n",
            "schemas/chain.heartbeat.json": b"{}\n",
        }
        for seq, proof in self.proofs.items():
            files[f"proofs/{seq}.json"] = json.dumps(proof).encode()
        if self.kind == "range":
            files["range.json"] = json.dumps(self.range).encode()
        if self.previous:
            files["previous.note"] = note(self.previous_text, self.signers[0])
            files["consistency.proof"] = "".join(b64(h) + "\n" for h in self.proof).encode()
        files.update(self.raw)
        for name in self.dropped:
            files.pop(name, None)
        return self._seal(files)

    def _seal(self, files):
        counts = {
            "records": files.get("records.jsonl", b"").count(b"\n"),
            "content": files.get("content.jsonl", b"").count(b"\n"),
            "erasures": files.get("erasures.jsonl", b"").count(b"\n"),
            "keys": files.get("keys.jsonl", b"").count(b"\n"),
            "proofs": sum(name.startswith("proofs/") for name in files),
        }
        listing = {n: {"sha256": sha(d).hex(), "bytes": len(d)} for n, d in files.items()}
        manifest = {
            "format": "lexcustis-audit-export",
            "version": 1,
            "kind": self.kind,
            "origin": ORIGIN,
            "org": ORG,
            "inc": INC,
            "created_at": "2026-11-23T12:00:00.000001Z",
            "tree_size": str(self.size),
            "counts": {**counts, **self.counts},
            "members": {**listing, **self.listed},
        }
        if self.kind == "range":
            manifest["range"] = {"first": self.range["first"], "end": self.range["end"]}
            manifest["period"] = self.period
        manifest.update(self.overrides)
        data = json.dumps(manifest).encode()
        line = f"{self.origin}\n"
        text = f"lexcustis/manifest/v1\n{line}{b64(sha(data))}\n"
        signature = note(text, *self.manifest_signers)
        return {**files, "manifest.json": data, "manifest.sig": signature}


def lines(values):
    return b"".join(v if isinstance(v, bytes) else json.dumps(v).encode() + b"\n" for v in values)


def write_folder(target, files):
    for name, data in files.items():
        place = os.path.join(target, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)


def write_zip(target, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def copied(draft):
    return copy.deepcopy(draft)
