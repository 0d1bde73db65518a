"""Tampered exports, each sealed again by the real key where that is what it takes.

Every entry of CASES is (name, kind, change of a Draft, expected code). The bundle must fail with
exactly this code: a consequence of the same defect is not reported a second time.
"""

import argparse
import base64
import os
import tempfile
import unittest
import zipfile

import make_bundle as mk
import verify
from make_bundle import Draft, Signer, b64, jcs, sample_log, sha, uuid7
from test_bundles import KEY, LOG, NEXT, OTHER, check, codes, draft, earlier

ERASE = {"legal_basis": "b", "approved_by": uuid7(1)}
DEEP = b'{"a":' * 17 + b"1" + b"}" * 17


def line(kind, index, **values):
    return lambda d: getattr(d, kind)[index].update(values)


def remove(kind, index):
    return lambda d: getattr(d, kind).pop(index)


def again(kind, index):
    return lambda d: getattr(d, kind).insert(index, dict(getattr(d, kind)[index]))


def rewrite(index, **values):
    return lambda d: d.rewrite(index, lambda envelope: envelope.update(values))


def without(index, key):
    return lambda d: d.rewrite(index, lambda envelope: envelope.pop(key))


def raw(name, data):
    return lambda d: d.raw.update({name: data})


def drop(name):
    return lambda d: d.dropped.add(name)


def override(**values):
    return lambda d: d.overrides.update(values)


def canonical(index, data):
    """Other canonical bytes; a callable gets the old ones."""

    def change(d):
        old = base64.b64decode(d.records[index]["canonical"])
        d.records[index]["canonical"] = b64(data(old) if callable(data) else data)

    return change


def wrong_hash(d):
    d.listed["SPEC.md"] = {"sha256": "0" * 64, "bytes": 16}


def swap(d):
    d.records[6], d.records[7] = d.records[7], d.records[6]


def truncate(d):
    del d.records[-2:]


def beyond(d):
    extra = dict(d.log.envelopes[-1], seq=str(d.size), id=uuid7(99))
    d.records.append({**d.records[-1], "seq": str(d.size), "canonical": b64(jcs(extra).encode())})


def bad_proof(seq):
    def change(d):
        d.proofs[seq]["hashes"][0] = b64(bytes(32))

    return change


def move_proof(d):
    d.proofs[2] = d.proofs.pop(7)
    d.proofs[2]["seq"] = "2"


def add_proof(d):
    d.proofs[2] = {**d.proofs[7], "seq": "2"}


def remove_outside(seq):
    """Take a record outside the range away, with proof and what belongs to it."""

    def change(d):
        d.records = [r for r in d.records if r["seq"] != str(seq)]
        d.content = [c for c in d.content if c["seq"] != str(seq)]
        d.proofs.pop(seq, None)

    return change


def left_hash(d):
    d.range["left"][0] = b64(bytes(32))


def fewer_right(d):
    d.range["right"].pop()


def wider_period(d):
    d.period["from"] = mk.instant(4)


def narrower_period(d):
    d.period["from"] = mk.instant(6)


def reversed_period(d):
    d.period = {"from": d.period["to"], "to": d.period["from"]}


def erased_still_there(d):
    salt, value = d.log.content[3, "prompt"]
    entry = {"seq": "3", "field": "prompt", "salt": b64(salt), "value": value}
    d.content.append(entry)


def unproven_erasure(d):
    d.erasures.append({"seq": "8", "type": "subject.erased", "seqs": ["6"], **ERASE})
    d.content = [c for c in d.content if c["seq"] != "6"]
    remove_outside(8)(d)


def resign_manifest(signer):
    return lambda d: setattr(d, "manifest_signers", [signer])


def other_previous(d):
    d.previous_text = d.previous_text.replace(mk.INC, mk.ORG)


def newer_previous(d):
    d.previous_text = d.previous_text.replace("\n7\n", "\n700\n")


CASES = [
    ("no record", "full", lambda d: d.records.clear(), "empty"),
    ("count of records", "full", lambda d: d.counts.update(records=3), "counts"),
    ("count of content", "range", lambda d: d.counts.update(content=0), "counts"),
    ("count of proofs", "excerpt", lambda d: d.counts.update(proofs=0), "counts"),
    ("tail cut", "full", truncate, "record_count"),
    ("line is no JSON", "full", lambda d: d.records.insert(5, b"{\n"), "record_malformed"),
    (
        "line instead of a record",
        "full",
        lambda d: d.records.__setitem__(5, b"\n"),
        "record_malformed",
    ),
    (
        "last line without LF",
        "full",
        lambda d: d.records.__setitem__(-1, b"{}"),
        "record_malformed",
    ),
    ("line with a further member", "full", line("records", 5, extra=1), "record_malformed"),
    (
        "line with a duplicate key",
        "full",
        lambda d: d.records.__setitem__(5, mk.lines([d.records[5]]).replace(b'"mac"', b'"seq": "5", "mac"')),
        "record_malformed",
    ),
    ("short mac", "full", line("records", 5, mac="AAAA"), "record_malformed"),
    (
        "base64 not canonical",
        "full",
        lambda d: d.records[5].update(mac=d.records[5]["mac"][:-2] + "/="),
        "record_malformed",
    ),
    (
        "BOM in records",
        "full",
        lambda d: d.records.__setitem__(0, b"\xef\xbb\xbf" + mk.lines([d.records[0]])),
        "record_malformed",
    ),
    ("swapped lines", "full", swap, "record_order"),
    ("swapped lines of an excerpt", "excerpt", lambda d: d.records.reverse(), "record_order"),
    (
        "space in the canonical form",
        "full",
        canonical(5, lambda b: b.replace(b":", b": ", 1)),
        "canonical_form",
    ),
    (
        "members not sorted",
        "full",
        canonical(5, lambda b: b'{"v":1,' + b[1:].replace(b',"v":1', b"")),
        "canonical_form",
    ),
    (
        "not shortest escape",
        "full",
        canonical(5, lambda b: b.replace(b"mac-1", b"mac-\\u0031")),
        "canonical_form",
    ),
    ("canonical is no JSON", "full", canonical(5, b"{"), "canonical_malformed"),
    (
        "canonical has a float",
        "full",
        canonical(5, lambda b: b.replace(b'"v":1', b'"v":1.0')),
        "canonical_malformed",
    ),
    (
        "canonical has a duplicate key",
        "full",
        canonical(5, lambda b: b.replace(b'"v":1', b'"v":1,"v":1')),
        "canonical_malformed",
    ),
    (
        "canonical has a lone surrogate",
        "full",
        canonical(5, lambda b: b.replace(b"mac-1", b"\\ud800")),
        "canonical_malformed",
    ),
    (
        "canonical has U+0000",
        "full",
        canonical(5, lambda b: b.replace(b"mac-1", b"\\u0000")),
        "canonical_malformed",
    ),
    ("canonical too deep", "full", canonical(5, DEEP), "canonical_malformed"),
    ("canonical too large", "full", rewrite(5, attrs={"a": "x" * 65_536}), "canonical_too_large"),
    ("envelope without kid", "full", without(5, "kid"), "envelope_schema"),
    ("envelope with a null", "full", rewrite(5, attrs={"a": None}), "envelope_schema"),
    ("envelope with a further member", "full", rewrite(5, note="x"), "envelope_schema"),
    ("type not in the list", "full", rewrite(5, type="chat.deleted"), "envelope_schema"),
    ("second 60", "full", rewrite(5, recorded_at="2026-12-31T23:59:60.000000Z"), "envelope_schema"),
    (
        "29 February 2026",
        "full",
        rewrite(5, occurred_at="2026-02-29T00:00:00.000000Z"),
        "envelope_schema",
    ),
    ("milliseconds", "full", rewrite(5, occurred_at="2026-02-28T00:00:00.000Z"), "envelope_schema"),
    ("id is no UUIDv7", "full", rewrite(5, id=mk.ORG), "envelope_schema"),
    ("version as a boolean", "full", rewrite(5, v=True), "envelope_schema"),
    ("broken genesis", "full", without(0, "actor"), "envelope_schema"),
    ("broken erasure", "range", lambda d: d.rewrite(6, lambda e: e.pop("kid")), "envelope_schema"),
    ("another organisation's record", "full", rewrite(5, org=mk.INC), "wrong_org"),
    ("another incarnation's record", "full", rewrite(5, inc=mk.ORG), "wrong_incarnation"),
    ("record cut out", "full", remove("records", 6), "seq_gap"),
    ("record of a range cut out", "range", remove("records", 4), "seq_gap"),
    ("last record of a range cut out", "range", remove("records", 5), "seq_gap"),
    ("record twice", "full", again("records", 6), "seq_duplicate"),
    ("record of an excerpt twice", "excerpt", again("records", 1), "seq_duplicate"),
    ("line names another seq", "full", line("records", 6, seq="7"), "seq_mismatch"),
    (
        "line of an excerpt names another seq",
        "excerpt",
        line("records", 1, seq="4"),
        "seq_mismatch",
    ),
    ("record after the checkpoint", "full", beyond, "seq_beyond_tree"),
    ("changed record", "full", rewrite(6, attrs={"outcome": "other"}), "root_mismatch"),
    ("changed genesis", "full", rewrite(0, trace="0" * 32), "root_mismatch"),
    ("changed record of a range", "range", rewrite(4, attrs={"outcome": "other"}), "range_proof"),
    (
        "changed record of an excerpt",
        "excerpt",
        rewrite(1, attrs={"outcome": "other"}),
        "inclusion",
    ),
    ("changed boundary record", "range", rewrite(1, attrs={"outcome": "other"}), "inclusion"),
    ("changed erasure outside the range", "range", rewrite(-5, trace="0" * 32), "inclusion"),
    ("changed proof", "excerpt", bad_proof(7), "inclusion"),
    ("proof for another size", "excerpt", lambda d: d.proofs[7].update(size="14"), "inclusion"),
    (
        "longer proof",
        "excerpt",
        lambda d: d.proofs[7]["hashes"].append(b64(bytes(32))),
        "inclusion",
    ),
    (
        "wrong proof in a full bundle",
        "full",
        lambda d: d.proofs.update({5: {"seq": "5", "size": str(d.size), "hashes": []}}),
        "inclusion",
    ),
    ("proof left out", "excerpt", lambda d: d.proofs.pop(7), "proof_missing"),
    ("proof of genesis left out", "range", lambda d: d.proofs.pop(0), "proof_missing"),
    (
        "proof names another seq",
        "excerpt",
        lambda d: d.proofs[7].update(seq="6"),
        "proof_malformed",
    ),
    ("proof is no JSON", "excerpt", raw("proofs/7.json", b"[]"), "proof_malformed"),
    (
        "proof with a short hash",
        "excerpt",
        lambda d: d.proofs[7]["hashes"].__setitem__(0, "AAAA"),
        "proof_malformed",
    ),
    ("proof with a strange name", "excerpt", raw("proofs/07.json", b"{}"), "proof_malformed"),
    ("proof without record", "excerpt", add_proof, "proof_orphan"),
    ("record of an excerpt cut out", "excerpt", remove("records", 1), "proof_orphan"),
    ("left subtree", "range", left_hash, "range_proof"),
    ("right subtree left out", "range", fewer_right, "range_proof"),
    ("range.json disagrees", "range", lambda d: d.range.update(size="14"), "range_proof"),
    ("range.json is no JSON", "range", raw("range.json", b"{"), "member_malformed"),
    ("range.json in a full bundle", "full", raw("range.json", b"{}"), "member_malformed"),
    ("record outside the period", "range", narrower_period, "period"),
    ("period backwards", "range", reversed_period, "period"),
    ("period begins earlier", "range", wider_period, "period_boundary"),
    ("no lower boundary", "range", remove_outside(4), "period_boundary"),
    ("no upper boundary", "range", remove_outside(9), "period_boundary"),
    ("no genesis", "excerpt", remove_outside(0), "keys_mismatch genesis"),
    ("changed value", "full", line("content", 2, value="other"), "commitment"),
    ("changed salt", "full", line("content", 2, salt=b64(bytes(32))), "commitment"),
    ("normalised value", "full", line("content", 2, value="e\u0301"), "commitment"),
    ("content left out", "full", remove("content", 2), "content_missing"),
    ("content of a boundary record left out", "range", remove("content", 0), "content_missing"),
    ("content twice", "full", again("content", 2), "content_duplicate"),
    (
        "content of no record",
        "excerpt",
        lambda d: d.content.append({"seq": "2", "field": "prompt", "withheld": "x"}),
        "content_unknown",
    ),
    (
        "content of no commitment",
        "full",
        lambda d: d.content.append({"seq": "2", "field": "rationale", "withheld": "x"}),
        "content_unknown",
    ),
    ("content is both", "full", line("content", 2, withheld="x"), "content_malformed"),
    ("salt too short", "full", line("content", 2, salt="AAAA"), "content_malformed"),
    ("value is no string", "full", line("content", 2, value=["x"]), "content_malformed"),
    ("unknown field", "full", line("content", 2, field="notes"), "content_malformed"),
    ("erased field still there", "full", erased_still_there, "erasure_not_executed"),
    ("erasure without record", "excerpt", unproven_erasure, "erasure_unproven"),
    ("erasure lists more", "full", line("erasures", 0, seqs=["2-3"]), "erasure_mismatch"),
    (
        "erasure of another type",
        "full",
        line("erasures", 0, type="content.expired"),
        "erasure_mismatch",
    ),
    ("erasure by a record that is none", "full", line("erasures", 0, seq="6"), "erasure_mismatch"),
    ("erasure not listed", "full", remove("erasures", 0), "erasure_mismatch"),
    ("erasure lists a leading zero", "full", line("erasures", 0, seqs=["03"]), "erasure_malformed"),
    (
        "erasure lists a range backwards",
        "full",
        line("erasures", 0, seqs=["7-3"]),
        "erasure_malformed",
    ),
    ("erasure lists nothing", "full", line("erasures", 0, seqs=[]), "erasure_malformed"),
    ("erasure twice", "full", again("erasures", 0), "erasure_malformed"),
    ("key not listed", "full", remove("keys", 0), "key_unannounced"),
    ("key listed with another seq", "full", line("keys", 1, seq="13"), "keys_mismatch"),
    ("kid that nobody announced", "full", line("keys", 2, kid="mac-7"), "keys_mismatch"),
    ("key twice", "full", again("keys", 0), "keys_malformed"),
    ("key of unknown use", "full", line("keys", 2, use="tls"), "keys_malformed"),
    (
        "vkey with another id",
        "full",
        lambda d: d.keys[1].update(vkey=d.keys[1]["vkey"].replace(NEXT.id.hex(), "00000000")),
        "keys_malformed",
    ),
    (
        "checkpoint by a stranger",
        "full",
        lambda d: (setattr(d, "signers", [OTHER]), resign_manifest(OTHER)(d)),
        "checkpoint_signature",
    ),
    (
        "changed root",
        "full",
        raw("checkpoint.note", mk.note(draft().checkpoint(), KEY).replace(b64(draft().root).encode(), b64(bytes(32)).encode())),
        "checkpoint_signature",
    ),
    (
        "checkpoint with an extension",
        "full",
        raw("checkpoint.note", mk.note(draft().checkpoint() + "more\n", KEY)),
        "checkpoint_malformed",
    ),
    (
        "checkpoint of another tree",
        "full",
        lambda d: setattr(d, "root", sha(b"x")),
        "root_mismatch",
    ),
    ("manifest by a stranger", "full", resign_manifest(OTHER), "manifest_signature"),
    ("tree_size differs", "full", override(tree_size="14"), "manifest_mismatch"),
    ("org differs", "full", override(org=mk.INC), "manifest_mismatch"),
    ("origin differs", "full", override(origin="log.example/other"), "manifest_mismatch"),
    ("other version", "full", override(version=2, later=True), "manifest_version"),
    ("other format", "full", override(format="zip"), "manifest_malformed"),
    ("further member of the manifest", "full", override(note="x"), "manifest_malformed"),
    (
        "count as a boolean",
        "full",
        override(counts={**dict.fromkeys(("records", "content", "erasures", "keys"), 1), "proofs": True}),
        "manifest_malformed",
    ),
    (
        "listed path leaves the bundle",
        "full",
        lambda d: d.listed.update({"../x": {"sha256": "0" * 64, "bytes": 0}}),
        "manifest_malformed",
    ),
    ("no content.jsonl", "full", drop("content.jsonl"), "member_missing"),
    ("no keys.jsonl", "full", drop("keys.jsonl"), "member_missing"),
    ("no SPEC.md", "full", drop("SPEC.md"), "member_missing"),
    ("no range.json", "range", drop("range.json"), "member_missing"),
    ("no checkpoint", "full", drop("checkpoint.note"), "member_missing"),
    (
        "listed file is not there",
        "full",
        lambda d: d.listed.update({"x.txt": {"sha256": "0" * 64, "bytes": 0}}),
        "member_missing",
    ),
    ("hash of a member", "full", wrong_hash, "member_hash"),
]


class Tampered(unittest.TestCase):
    def assert_codes(self, result, expected):
        self.assertEqual(codes(result), sorted(expected.split()), result["failures"][:4])
        start = {"manifest_missing", "manifest_malformed", "manifest_version"}
        self.assertEqual(result["exit"], 2 if start & set(codes(result)) else 1)

    def test_cases(self):
        for name, kind, change, expected in CASES:
            with self.subTest(name):
                bundle = draft(kind)
                change(bundle)
                self.assert_codes(check(bundle.members()), expected)

    def test_wrong_from_the_start(self):
        """The service wrote it, the tree covers it: the root is right and the record is not."""

        def later(log, **values):
            log.envelopes[6].update(values)

        cases = [
            (lambda log: later(log, id=uuid7(2)), "id_duplicate"),
            (lambda log: later(log, recorded_at=mk.instant(1)), "clock_backwards"),
            (lambda log: later(log, type="chain.genesis"), "genesis"),
            (lambda log: log.envelopes[0].update(type="chain.heartbeat", attrs={}), "genesis"),
            (lambda log: log.envelopes[0]["attrs"].update(origin="other"), "genesis"),
            (lambda log: later(log, org=mk.INC), "wrong_org"),
            (lambda log: later(log, seq="5"), "seq_mismatch"),
            (lambda log: later(log, trace="x"), "envelope_schema"),
            (
                lambda log: log.append("subject.erased", {"seqs": ["1-99"], **ERASE}),
                "erasure_order",
            ),
            (lambda log: log.append("subject.erased", {"seqs": ["1"]}), "erasure_malformed"),
        ]
        for change, expected in cases:
            with self.subTest(expected):
                log = sample_log(KEY)
                keys = Draft(log, "full", [KEY]).keys
                change(log)
                bundle = Draft(log, "full", [KEY])
                bundle.keys = keys
                self.assert_codes(check(bundle.members()), expected)

    def test_keys(self):
        unannounced = draft(log=sample_log(KEY), signers=(OTHER,))
        self.assert_codes(check(unannounced.members(), (OTHER,)), "key_unannounced")
        log = sample_log(KEY, NEXT)
        log.append("key.announced", {"use": "mac", "kid": "mac-3", "retires": KEY.vkey})
        retired = draft(log=log)
        self.assert_codes(check(retired.members()), "key_retired")
        small = Signer("first")
        small.vkey = f"{KEY.name}+00000000+{b64(bytes([1]) + bytes(32))}"
        for key in (small, "", "a+b", KEY.vkey + "A"):
            result = check(draft().members(), (key,))
            self.assertEqual((codes(result), result["exit"]), (["key_malformed"], 2))

    def test_manifest_files(self):
        files = draft().members()
        for name, expected in (
            ("manifest.json", "manifest_missing"),
            ("manifest.sig", "manifest_signature_missing"),
        ):
            self.assert_codes(check({k: v for k, v in files.items() if k != name}), expected)
        self.assert_codes(check({**files, "manifest.sig": b"x"}), "manifest_signature")
        spaced = {**files, "manifest.json": files["manifest.json"] + b" "}
        self.assert_codes(check(spaced), "manifest_signature")
        self.assert_codes(check({**files, "x.txt": b""}), "member_unlisted")
        self.assert_codes(check({**files, "manifest.json": b"{"}), "manifest_malformed")
        self.assert_codes(check({**files, "records.jsonl": b""}), "member_hash")

    def test_unlisted_proof_is_one_failure(self):
        files = draft("excerpt").members()
        self.assert_codes(check({**files, "proofs/2.json": b"{}"}), "member_unlisted")

    def test_member_of_a_zip_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bundle.zip")
            mk.write_zip(path, draft().members(), zipfile.ZIP_STORED)
            with open(path, "rb") as file:
                data = file.read()
            with open(path, "wb") as file:
                file.write(data.replace(b"# The audit log", b"# the audit log"))
            options = argparse.Namespace(bundle=path, key=[KEY.vkey], previous=None)
            self.assert_codes(verify.run(options).as_json(), "member_unreadable")

    def test_values_of_any_type_never_break_the_verifier(self):
        """Attrs are not checked against schemas, so the verifier meets anything in them."""
        for index, name in ((0, "vkey"), (0, "origin"), (-3, "kid"), (-4, "vkey"), (-6, "seqs")):
            for value in ([], [[]], {"a": 1}, True, 0, "", "x"):
                bundle = draft()
                bundle.rewrite(index, lambda e: e["attrs"].update({name: value}))
                result = check(bundle.members())
                with self.subTest(index=index, name=name, value=value):
                    self.assertEqual(result["exit"], 1)

    def test_wrong_key_given_is_one_failure(self):
        self.assert_codes(check(draft().members(), (OTHER,)), "checkpoint_signature")

    def test_bad_signature_of_a_known_key_fails_the_note(self):
        bundle = draft(signers=(KEY, NEXT))
        text = bundle.checkpoint()
        bad = mk.note(text, KEY) + NEXT.line(text + "x").encode()
        bundle.raw["checkpoint.note"] = bad
        self.assertEqual(check(bundle.members())["exit"], 0)
        self.assert_codes(check(bundle.members(), (KEY, NEXT)), "checkpoint_signature")

    def test_previous_in_the_bundle(self):
        cases = [
            (lambda d: setattr(d, "previous_text", "x\n"), "previous_malformed"),
            (other_previous, "previous_origin"),
            (newer_previous, "previous_newer"),
            (lambda d: d.proof.__setitem__(0, bytes(32)), "consistency"),
            (lambda d: d.proof.append(bytes(32)), "consistency"),
            (raw("consistency.proof", b"AAAA\n"), "consistency_malformed"),
            (raw("consistency.proof", b64(bytes(32)).encode()), "consistency_malformed"),
            (drop("consistency.proof"), "consistency_missing"),
            (drop("previous.note"), "consistency_missing"),
            (raw("previous.note", earlier(LOG, 7, OTHER)), "checkpoint_signature"),
        ]
        for kind in ("full", "range"):
            for change, expected in cases:
                with self.subTest(expected, kind=kind):
                    bundle = draft(kind, previous=7)
                    change(bundle)
                    self.assert_codes(check(bundle.members()), expected)

    def test_previous_given(self):
        other = sample_log(KEY, NEXT)
        other.envelopes[2]["trace"] = "0" * 32
        cases = [
            ("full", 7, earlier(other, 7, KEY), "consistency"),
            ("full", None, earlier(other, 7, KEY), "consistency"),
            ("full", None, earlier(other, len(LOG.envelopes), KEY), "consistency"),
            ("range", None, earlier(LOG, 7, KEY), "consistency_missing"),
            ("range", 7, earlier(LOG, 6, KEY), "previous_differs"),
            ("excerpt", 7, earlier(other, 7, KEY), "previous_differs"),
            ("full", None, earlier(LOG, 7, OTHER), "checkpoint_signature"),
            (
                "full",
                None,
                mk.note(f"{mk.ORIGIN}/{mk.ORG}/{mk.ORG}\n1\n{b64(bytes(32))}\n", KEY),
                "previous_origin",
            ),
            ("full", None, mk.note(f"{KEY.name}\n99\n{b64(bytes(32))}\n", KEY), "previous_newer"),
        ]
        for kind, size, given, expected in cases:
            with self.subTest(expected, kind=kind):
                self.assert_codes(check(draft(kind, previous=size).members(), previous=given), expected)

    def test_previous_given_that_is_none_does_not_start(self):
        for given in (b"x", b"", b"\xff"):
            result = check(draft().members(), previous=given)
            self.assertEqual((codes(result), result["exit"]), (["previous_malformed"], 2))

    def test_checkpoint_of_another_size_is_one_failure(self):
        for kind in ("full", "range", "excerpt"):
            bundle = draft(kind)
            bundle.raw["checkpoint.note"] = earlier(LOG, bundle.size - 1, KEY)
            with self.subTest(kind=kind):
                self.assert_codes(check(bundle.members()), "manifest_mismatch")

    def test_independent_defects_are_all_reported(self):
        bundle = draft()
        bundle.content.pop(0)
        bundle.rewrite(8, lambda envelope: envelope.update(org=mk.INC))
        bundle.counts["keys"] = 9
        self.assert_codes(check(bundle.members()), "content_missing counts wrong_org")


if __name__ == "__main__":
    unittest.main()
