"""Valid bundles of every kind verify; each tampered one fails with exactly its code."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest

import make_bundle as mk
from make_bundle import Draft, Log, Signer, b64, sample_log, sha, uuid7

import verify

KEY, NEXT, OTHER = Signer("first"), Signer("second"), Signer("third")
LOG = sample_log(KEY, NEXT)
SPANS = {"full": None, "range": (5, 9), "excerpt": (6, 8)}
HERE = os.path.dirname(os.path.abspath(__file__))


def draft(kind="full", log=LOG, span=None, signers=(KEY,), **more):
    return Draft(log, kind, signers, span or SPANS[kind], **more)


def check(files, keys=(KEY,), previous=None):
    """JSON report of the folder with these files."""
    with tempfile.TemporaryDirectory() as folder:
        mk.write_folder(os.path.join(folder, "bundle"), files)
        given = None
        if previous is not None:
            given = os.path.join(folder, "given.note")
            with open(given, "wb") as file:
                file.write(previous)
        vkeys = [getattr(key, "vkey", key) for key in keys]
        bundle = os.path.join(folder, "bundle")
        return verify.run(argparse.Namespace(bundle=bundle, key=vkeys, previous=given)).as_json()


def codes(result):
    return sorted({failure["code"] for failure in result["failures"]})


def earlier(log, size, *signers):
    leaves = [sha(b"\0" + data) for data in log.canonical()]
    text = f"{KEY.name}\n{size}\n{b64(mk.mth(leaves[:size]))}\n"
    return mk.note(text, *signers)


class ValidBundles(unittest.TestCase):
    def assert_valid(self, result):
        self.assertEqual((result["failures"], result["exit"]), ([], 0))

    def test_kinds(self):
        for kind in SPANS:
            with self.subTest(kind):
                self.assert_valid(check(draft(kind).members()))

    def test_every_tree_size_and_range(self):
        for size in (1, 2, 3, 5, 8, 9):
            log = Log(KEY)
            for _ in range(size - 1):
                log.append("chain.heartbeat")
            self.assert_valid(check(Draft(log, "full", [KEY]).members()))
            for first in range(size):
                for end in range(first, size):
                    files = Draft(log, "range", [KEY], (first, end)).members()
                    self.assert_valid(check(files))

    def test_withheld_is_said(self):
        result = check(draft(withheld={(6, "prompt")}).members())
        self.assert_valid(result)
        self.assertIn("1 fields withheld by the exporter's statement", result["not_checked"])

    def test_content_in_any_order(self):
        bundle = draft()
        bundle.content.reverse()
        self.assert_valid(check(bundle.members()))

    def test_rotation_with_both_signatures(self):
        for keys in ((KEY,), (NEXT,), (KEY, NEXT)):
            self.assert_valid(check(draft(signers=(KEY, NEXT)).members(), keys))

    def test_retired_key_beside_a_good_one(self):
        log = sample_log(KEY, NEXT)
        log.append("key.announced", {"use": "mac", "kid": "mac-3", "retires": KEY.vkey})
        log.append("chain.heartbeat")
        self.assert_valid(check(draft(log=log, signers=(KEY, NEXT)).members(), (KEY, NEXT)))

    def test_previous(self):
        for kind in SPANS:
            for size in (1, 4, 7, len(LOG.envelopes)):
                files = draft(kind, previous=size).members()
                self.assert_valid(check(files))
                result = check(files, previous=earlier(LOG, size, KEY))
                self.assert_valid(result)
                text = f"the tree extends the earlier checkpoint of size {size}"
                self.assertIn(text, result["holds"])

    def test_previous_from_leaves(self):
        result = check(draft().members(), previous=earlier(LOG, 6, KEY))
        self.assert_valid(result)
        self.assertIn("the tree extends the earlier checkpoint of size 6", result["holds"])

    def test_open_chat_is_a_note(self):
        log = Log(KEY)
        log.append("chat.started")
        log.append("chat.started")
        log.append("chat.aborted", ref=uuid7(1))
        result = check(Draft(log, "full", [KEY]).members())
        self.assert_valid(result)
        self.assertIn("1 chats have a start and no end in this bundle", result["notes"])

    def test_further_member_is_said(self):
        bundle = draft()
        bundle.raw["report.pdf"] = b"%PDF"
        result = check(bundle.members())
        self.assert_valid(result)
        self.assertTrue(any("further members" in text for text in result["not_checked"]))

    def test_erasure_of_an_earlier_incarnation_erases_nothing_here(self):
        log = Log(KEY)
        log.append("chat.completed", content={"prompt": "x"})
        attrs = {"seqs": ["1"], "legal_basis": "b", "approved_by": uuid7(1), "inc": mk.ORG}
        log.append("subject.erased", attrs)
        bundle = Draft(log, "full", [KEY])
        self.assertEqual(codes(check(bundle.members())), ["content_missing"])
        salt, value = log.content[1, "prompt"]
        bundle.content = [{"seq": "1", "field": "prompt", "salt": b64(salt), "value": value}]
        self.assert_valid(check(bundle.members()))

    def test_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bundle.zip")
            mk.write_zip(path, draft().members())
            command = [sys.executable, os.path.join(HERE, "..", "verify.py")]
            good = subprocess.run(
                [*command, path, "--key", KEY.vkey, "--json"], capture_output=True, text=True
            )
            self.assertEqual(good.returncode, 0)
            self.assertEqual(json.loads(good.stdout)["result"], "valid")
            for key, expected in ((OTHER.vkey, 1), ("nonsense", 2)):
                run = subprocess.run([*command, path, "--key", key], capture_output=True, text=True)
                self.assertEqual(run.returncode, expected)
                self.assertIn("not checked", run.stdout)
            bare = subprocess.run([*command, path], capture_output=True, text=True)
            self.assertEqual(bare.returncode, 2)


class SingleBytes(unittest.TestCase):
    def test_any_changed_byte_of_any_member_never_verifies(self):
        """Every byte of the small members, and a spread of bytes of the large ones."""
        log = Log(KEY)
        log.append("chat.completed", content={"prompt": "p"})
        files = Draft(log, "full", [KEY], previous=1).members()
        for name, data in files.items():
            for at in range(0, len(data), max(1, len(data) // 40)):
                changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
                result = check({**files, name: changed})
                with self.subTest(name=name, at=at):
                    self.assertNotEqual(result["exit"], 0)
                    self.assertNotIn("internal", codes(result))


if __name__ == "__main__":
    unittest.main()
