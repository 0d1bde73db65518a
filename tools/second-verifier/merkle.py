"""RFC 6962 trees: leaves, compact ranges, inclusion and consistency proofs."""

import hashlib

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def aligned(begin, end):
    """Sizes of the maximal aligned subtrees that cover [begin, end), left to right."""
    sizes = []
    while begin < end:
        size = begin & -begin if begin else 1 << (end - begin).bit_length()
        while begin + size > end:
            size >>= 1
        sizes.append(size)
        begin += size
    return sizes


class CompactRange:
    """Root of a growing tree from O(log n) hashes."""

    def __init__(self):
        self.size = 0
        self._stack = []

    def append(self, digest, size=1):
        """Add a leaf hash, or the hash of an aligned subtree; `size` is a power of two."""
        self.size += size
        while self._stack and self._stack[-1][0] == size:
            digest = node_hash(self._stack.pop()[1], digest)
            size *= 2
        self._stack.append((size, digest))

    def root(self):
        if not self._stack:
            return EMPTY_ROOT
        digest = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            digest = node_hash(left, digest)
        return digest


def inclusion_root(index, size, leaf, hashes):
    """Root that an inclusion proof leads to (RFC 9162, 2.1.3.2); None when its length is wrong."""
    if not 0 <= index < size:
        return None
    node, last, digest = index, size - 1, leaf
    for sibling in hashes:
        if last == 0:
            return None
        if node & 1 or node == last:
            digest = node_hash(sibling, digest)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        node, last = node >> 1, last >> 1
    return digest if last == 0 else None


def consistent(first, second, first_root, second_root, hashes):
    """Whether a consistency proof shows that the first tree is a prefix (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not hashes and first_root == second_root
    if not 0 < first < second or not hashes:
        return False
    path = list(hashes)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
