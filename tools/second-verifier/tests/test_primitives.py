"""Known answers and edge cases: JSON, JCS, times, trees, Ed25519, notes, containers."""

import json
import os
import stat
import tempfile
import unittest
import zipfile

import make_bundle as mk
from make_bundle import Signer, b64, sha

import container
import ed25519
import note
from canonical import Malformed, closed, decimal, from_base64, is_timestamp, jcs, parse_json
from envelope import parse_erasure
from merkle import CompactRange, aligned, consistent, inclusion_root, leaf_hash
from report import CODES, CannotStart
from seen import Seen

CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# RFC 8032, section 7.1: public key, message, signature.
RFC8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]
# Canonical and other encodings of the points whose order divides 8.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


class StrictJson(unittest.TestCase):
    def test_refused(self):
        cases = [
            b'{"a":1,"a":1}',
            b'{"a":{"b":1,"b":2}}',
            b'{"\\u0061":1,"a":2}',
            b"1.0",
            b"1e3",
            b"-0.0",
            b"NaN",
            b"Infinity",
            b"-Infinity",
            b"9007199254740992",
            b"-9007199254740992",
            b"1" * 5000,
            b"01",
            b'"\\ud800"',
            b'"\\udc00\\ud800"',
            b'{"\\ud800":1}',
            b'"\xed\xa0\x80"',
            b'"\xc0\xaf"',
            b'"\xff"',
            b"\xef\xbb\xbf{}",
            b'{"__proto__":1}',
            b"[" * 17 + b"]" * 17,
            b"[" * 100_000,
            b'"\x01"',
            b"{} {}",
            b"{'a':1}",
            b"[1,]",
            b"",
        ]
        for data in cases:
            with self.subTest(data[:40]), self.assertRaises(Malformed):
                parse_json(data)

    def test_accepted(self):
        self.assertEqual(parse_json(b"[" * 16 + b"]" * 16)[0][0][0][0], json.loads("[" * 12 + "]" * 12))
        self.assertEqual(parse_json(b'"\\ud83d\\ude00"'), "\U0001f600")
        self.assertEqual(parse_json(b"-9007199254740991"), -(2**53) + 1)

    def test_rules_of_a_record_only(self):
        self.assertEqual(parse_json(b'"\\u0000"'), "\0")
        with self.assertRaises(Malformed):
            parse_json(b'"\\u0000"', allow_nul=False)
        with self.assertRaises(Malformed):
            parse_json('{"\u00e9":1}'.encode(), ascii_keys=True)

    def test_minus_zero_is_not_the_canonical_form(self):
        self.assertNotEqual(jcs(parse_json(b"[-0]")).encode(), b"[-0]")

    def test_closed(self):
        for value in ([], {"a": 1, "c": 1}, {}):
            with self.assertRaises(Malformed):
                closed(value, ("a",), ("b",))

    def test_base64(self):
        self.assertEqual(from_base64("AAE="), b"\0\1")
        for text in ("AAE", "AAF=", "AA E=", "AAE=\n", "-_==", "AAE==", 5, "\u00e9"):
            with self.subTest(text), self.assertRaises(Malformed):
                from_base64(text)

    def test_decimal(self):
        self.assertEqual(decimal("9223372036854775807"), 2**63 - 1)
        for text in ("", "00", "01", "-1", "+1", "1.0", " 1", "1\n", "\u0661", "9223372036854775808", 1):
            with self.subTest(text), self.assertRaises(Malformed):
                decimal(text)


class Jcs(unittest.TestCase):
    def test_rfc8785_sorting(self):
        """Section 3.2.3: by UTF-16 code units, which differs from code points."""
        value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7}
        order = ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
        self.assertEqual(list(json.loads(jcs(value))), order)

    def test_escapes(self):
        text = "\b\t\n\f\r\"\\/\x01\x1f\x7f\u2028\u20ac\U0001f600"
        expected = '"\\b\\t\\n\\f\\r\\"\\\\/\\u0001\\u001f\x7f\u2028\u20ac\U0001f600"'
        self.assertEqual(jcs(text), expected)

    def test_values(self):
        value = {"b": [True, False, None, 0, -1, 1], "a": {}, "A": []}
        self.assertEqual(jcs(value), '{"A":[],"a":{},"b":[true,false,null,0,-1,1]}')


class Timestamps(unittest.TestCase):
    def test_good(self):
        for day in ("0001-01-01", "2024-02-29", "2000-02-29", "9999-12-31", "2026-04-30"):
            self.assertTrue(is_timestamp(f"{day}T23:59:59.999999Z"), day)

    def test_bad(self):
        for day in ("0000-01-01", "2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00"):
            self.assertFalse(is_timestamp(f"{day}T00:00:00.000000Z"), day)
        for time in (
            "23:59:60.000000Z",
            "24:00:00.000000Z",
            "00:60:00.000000Z",
            "00:00:00.000Z",
            "00:00:00.0000000Z",
            "00:00:00Z",
            "00:00:00.000000+00:00",
            "00:00:00.000000z",
            "00:00:00.000000Z\n",
        ):
            self.assertFalse(is_timestamp("2026-01-01T" + time), time)


class Trees(unittest.TestCase):
    def setUp(self):
        self.leaves = [leaf_hash(data) for data in CT_LEAVES]

    def test_empty(self):
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        self.assertEqual(CompactRange().root().hex(), empty)

    def test_certificate_transparency_vectors(self):
        tree = CompactRange()
        for leaf, root in zip(self.leaves, CT_ROOTS):
            tree.append(leaf)
            self.assertEqual(tree.root().hex(), root)

    def test_proofs_of_all_sizes(self):
        leaves = [sha(bytes([n])) for n in range(35)]
        for size in range(1, 36):
            root = mk.mth(leaves[:size])
            for index in range(size):
                path = mk.path(index, leaves[:size])
                self.assertEqual(inclusion_root(index, size, leaves[index], path), root)
                self.assertIsNone(inclusion_root(index, size, leaves[index], path + [root]))
                if path:
                    short = inclusion_root(index, size, leaves[index], path[:-1])
                    self.assertNotEqual(short, root)
            for first in range(1, size + 1):
                old, proof = mk.mth(leaves[:first]), mk.consistency(first, leaves[:size])
                self.assertTrue(consistent(first, size, old, root, proof))
                self.assertFalse(consistent(first, size, sha(b"x"), root, proof))
                self.assertFalse(consistent(first, size, old, sha(b"x"), proof))
                self.assertFalse(consistent(first, size, old, root, proof + [root]))
                self.assertFalse(proof and consistent(first, size, old, root, proof[:-1]))
        self.assertIsNone(inclusion_root(3, 3, leaves[0], []))

    def test_aligned_subtrees(self):
        leaves = [sha(bytes([n])) for n in range(40)]
        for first in range(40):
            for end in range(first, 41):
                tree = CompactRange()
                for begin, stop in ((0, first), (first, end), (end, 40)):
                    sizes, hashes = aligned(begin, stop), mk.subtrees(begin, stop, leaves)
                    self.assertEqual(len(sizes), len(hashes))
                    for size, digest in zip(sizes, hashes):
                        tree.append(digest, size)
                self.assertEqual(tree.root(), mk.mth(leaves))


class Ed25519(unittest.TestCase):
    verifiers = (ed25519.verify, ed25519.verify_pure)

    def test_rfc8032(self):
        for verify in self.verifiers:
            for public, message, signature in RFC8032:
                public, message = bytes.fromhex(public), bytes.fromhex(message)
                signature = bytes.fromhex(signature)
                self.assertTrue(verify(public, message, signature))
                self.assertFalse(verify(public, message + b"x", signature))
                self.assertFalse(verify(public, message, signature[:-1]))
                s = int.from_bytes(signature[32:], "little") + ed25519.L
                self.assertFalse(verify(public, message, signature[:32] + s.to_bytes(32, "little")))

    def test_both_agree(self):
        signer = Signer("agree")
        for n in range(24):
            signature = bytearray(signer.sign(b"message"))
            if n:
                signature[(n * 37) % 64] ^= 1 << n % 8
            results = {v(signer.public, b"message", bytes(signature)) for v in self.verifiers}
            self.assertEqual(results, {n == 0})

    def test_small_order_and_not_canonical_points(self):
        good = Signer("good")
        for text in SMALL_ORDER:
            point = bytes.fromhex(text)
            self.assertIsNone(ed25519.usable_point(point))
            forged = point + bytes(32)  # S = 0 satisfies the equation for some of these keys
            for verify in self.verifiers:
                self.assertFalse(verify(point, b"m", forged))
                self.assertFalse(verify(good.public, b"m", point + good.sign(b"m")[32:]))
            key_id = sha(b"k\n\x01" + point)[:4].hex()
            with self.assertRaises(Malformed):
                note.parse_vkey(f"k+{key_id}+{b64(bytes([1]) + point)}")

    def test_no_cofactor(self):
        """A signature whose R is off by a point of order 8 passes only a verifier with cofactor."""
        signer, torsion = Signer("torsion"), ed25519.decode(bytes.fromhex(SMALL_ORDER[4]))
        r = 12345
        point = ed25519.encode(ed25519.add(ed25519.multiply(r, ed25519.BASE), torsion))
        k = int.from_bytes(ed25519.hashlib.sha512(point + signer.public + b"m").digest(), "little")
        s = (r + k * signer.scalar) % ed25519.L
        for verify in self.verifiers:
            self.assertFalse(verify(signer.public, b"m", point + s.to_bytes(32, "little")))


class Notes(unittest.TestCase):
    def setUp(self):
        self.a, self.b, self.c = Signer("a"), Signer("b"), Signer("c")
        self.keys = [note.parse_vkey(signer.vkey) for signer in (self.a, self.b)]
        self.text = f"{self.a.name}\n3\n{b64(sha(b'root'))}\n"

    def verify(self, data, keys=None):
        parsed = note.parse_checkpoint(data)
        found, unknown = note.verify_note(parsed.note, keys or self.keys, parsed.line)
        return [key.vkey for key in found], unknown

    def test_several_signatures(self):
        data = mk.note(self.text, self.c, self.a, self.b)
        self.assertEqual(self.verify(data), ([self.a.vkey, self.b.vkey], 1))
        many = mk.note(self.text, *([self.c] * 17), self.b)
        self.assertEqual(self.verify(many), ([self.b.vkey], 17))

    def test_same_key_under_another_name_is_unknown(self):
        witness = Signer("a", "witness.example/w")
        self.assertEqual(self.verify(mk.note(self.text, witness, self.a)), ([self.a.vkey], 1))
        keys = [note.parse_vkey(witness.vkey)]
        with self.assertRaises(note.BadSignature):
            self.verify(mk.note(self.text, witness, self.a), keys)

    def test_bad_signatures(self):
        bad = self.b.line(self.text + "x").encode()
        short = f"\u2014 {self.b.name} {b64(self.b.id + bytes(63))}\n".encode()
        for data in (mk.note(self.text, self.a) + bad, mk.note(self.text, self.a) + short, mk.note(self.text, self.c)):
            with self.assertRaises(note.BadSignature):
                self.verify(data)

    def test_malformed(self):
        good = mk.note(self.text, self.a)
        self.assertEqual(note.parse_checkpoint(good).size, 3)
        dash = "\u2014".encode()
        cases = [
            self.text.encode(),
            good[:-1],
            good + b"\n",
            good + b"x\n",
            good.replace(b"\n", b"\r\n"),
            good.replace(dash, b"-"),
            good.replace(dash + b" ", dash + b"  "),
            b"\xff" + good,
            good.replace(b"\n3\n", b"\n0\n"),
            good.replace(b"\n3\n", b"\n03\n"),
            good.replace(b"\n3\n", b"\n9223372036854775808\n"),
            mk.note(self.text + "extension\n", self.a),
            mk.note(self.text.replace("=", ""), self.a),
            mk.note(self.text.replace(mk.INC, mk.INC.upper()), self.a),
            mk.note(self.text.replace("log.example", "log example"), self.a),
            mk.note(self.text, *([self.c] * 101)),
            mk.note(self.text) + f"{dash.decode()} {self.a.name} AAAA\n".encode(),
        ]
        for number, data in enumerate(cases):
            with self.subTest(number), self.assertRaises(Malformed):
                note.parse_checkpoint(data)

    def test_vkeys(self):
        vkey = self.a.vkey
        name, key_id, key = vkey.split("+", 2)
        cases = ["", vkey + "\n", f"{name}+{key_id.upper()}x+{key}", f"{name}+00000000+{key}", f" {vkey}"]
        cases += [f"x{vkey}", f"{name}+{key_id}", f"{name}+{key_id}+" + b64(bytes([2]) + self.a.public)]
        for text in cases:
            with self.subTest(text), self.assertRaises(Malformed):
                note.parse_vkey(text)


class Containers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "bundle.zip")

    def tearDown(self):
        self.folder.cleanup()

    def assert_code(self, code, path=None):
        with self.assertRaises(CannotStart) as caught:
            container.open_container(path or self.path)
        self.assertEqual(caught.exception.code, code)

    def zip(self, *entries, change=None):
        with zipfile.ZipFile(self.path, "w") as archive:
            for entry in entries:
                archive.writestr(entry, b"x")
        if change:
            with open(self.path, "rb") as file:
                data = change(file.read())
            with open(self.path, "wb") as file:
                file.write(data)

    def test_names(self):
        names = ("../x", "a/../x", "/x", "a//x", "./x", "a b", "a\\x", "C:x", "\u00e9", "..", "a/./b")
        for name in names:
            with self.subTest(name):
                self.zip(name)
                self.assert_code("bundle_unsafe")

    def test_name_with_nul(self):
        self.zip("aXb", change=lambda data: data.replace(b"aXb", b"a\0b"))
        self.assert_code("bundle_unsafe")

    def test_duplicates(self):
        self.zip("aa", "ab", change=lambda data: data.replace(b"ab", b"aa"))
        self.assert_code("bundle_unsafe")

    def test_links_and_folders(self):
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        self.zip(link)
        self.assert_code("bundle_unsafe")
        self.zip(zipfile.ZipInfo("a"), "b/c")
        self.assertEqual(container.open_container(self.path).names, {"a", "b/c"})

    def test_encrypted(self):
        def encrypt(data):
            at = data.rindex(b"PK\x01\x02") + 8
            return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]

        self.zip("a", change=encrypt)
        self.assert_code("bundle_unsafe")

    def test_other_compression(self):
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_BZIP2) as archive:
            archive.writestr("a", b"x")
        self.assert_code("bundle_unreadable")

    def test_unreadable(self):
        self.assert_code("bundle_unreadable")
        for data in (b"", b"PK", b"PK\x03\x04" + bytes(40), b"MZ" * 40):
            with open(self.path, "wb") as file:
                file.write(data)
            self.assert_code("bundle_unreadable")

    def test_changed_data_of_a_zip(self):
        self.zip("aaaa", change=lambda data: data.replace(b"aaaax", b"aaaay", 1))
        with self.assertRaises(container.Unreadable):
            container.digest(container.open_container(self.path), "aaaa", 1)

    def test_bomb_is_not_inflated(self):
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", bytes(50 << 20))
        _, total = container.digest(container.open_container(self.path), "a", 10)
        self.assertLessEqual(total, container.CHUNK)

    def test_folder(self):
        root = os.path.join(self.folder.name, "bundle")
        os.makedirs(os.path.join(root, "proofs"))
        os.symlink("/etc/hostname", os.path.join(root, "proofs", "link"))
        self.assert_code("bundle_unsafe", root)
        os.remove(os.path.join(root, "proofs", "link"))
        os.symlink("/", os.path.join(root, "folder"))
        self.assert_code("bundle_unsafe", root)
        os.remove(os.path.join(root, "folder"))
        os.mkfifo(os.path.join(root, "pipe"))
        self.assert_code("bundle_unsafe", root)
        os.remove(os.path.join(root, "pipe"))
        with open(os.path.join(root, "a b"), "wb"):
            self.assert_code("bundle_unsafe", root)

    def test_lines(self):
        for data, expected in (
            (b"a\nb\n", [(1, b"a"), (2, b"b")]),
            (b"a\nb", [(1, b"a"), (2, None)]),
            (b"a\n" + b"x" * 50 + b"\nb\n", [(1, b"a"), (2, None), (3, b"b")]),
            (b"\n", [(1, b"")]),
            (b"", []),
        ):
            mk.write_zip(self.path, {"m": data})
            opened = container.open_container(self.path)
            self.assertEqual(list(container.lines(opened, "m", 20, sha(data).hex())), expected)
            with self.assertRaises(container.Unreadable):
                list(container.lines(opened, "m", 20, "0" * 64))


class Others(unittest.TestCase):
    def test_erasure_spans(self):
        attrs = {"legal_basis": "b", "approved_by": mk.ORG}
        self.assertEqual(parse_erasure({"seqs": ["3", "7-19"], **attrs}), [(3, 3), (7, 19)])
        for seqs in (["-3"], ["3-"], ["3 -4"], [3], "3", ["9223372036854775808"]):
            with self.assertRaises(Malformed):
                parse_erasure({"seqs": seqs, **attrs})
        for fields in (["notes"], ["prompt", "prompt"], "prompt", [[]]):
            with self.assertRaises(Malformed):
                parse_erasure({"seqs": ["3"], "fields": fields, **attrs})

    def test_seen_finds_every_repetition(self):
        seen = Seen()
        for n in range(5000):
            seen.add(str(n))
        self.assertEqual(seen.suspects, set())
        seen.add("4321")
        self.assertEqual(seen.suspects, {"4321"})

    def test_codes_are_those_of_the_specification(self):
        here = os.path.dirname(os.path.abspath(__file__))
        path = os.path.join(here, "..", "..", "..", "packages", "evidence", "SPEC.md")
        with open(path, encoding="utf-8") as file:
            text = file.read().split("Failure codes (closed): `")[1]
        self.assertEqual(CODES, frozenset(text.split("`")[0].split()))


if __name__ == "__main__":
    unittest.main()
