"""Finding repeated ids among any number of records in constant memory."""

import hashlib
import secrets

BITS = 27  # 16 MiB


class Seen:
    """A Bloom filter under a random key: it never misses a repeated id, and `suspects` are few.

    A suspect may be a coincidence; the caller counts suspects exactly in a second pass.
    """

    def __init__(self):
        self._bits = bytearray(1 << (BITS - 3))
        self._key = secrets.token_bytes(16)
        self.suspects = set()

    def add(self, text):
        digest = hashlib.blake2b(text.encode(), digest_size=16, key=self._key).digest()
        known = True
        for start in range(0, 16, 4):
            place = int.from_bytes(digest[start : start + 4], "big") & ((1 << BITS) - 1)
            byte, bit = place >> 3, 1 << (place & 7)
            known = known and self._bits[byte] & bit
            self._bits[byte] |= bit
        if known:
            self.suspects.add(text)
