"""Ed25519 verification, RFC 8032 section 5.1.7, without cofactor (SPEC.md, section 4).

`verify_pure` is complete. `verify` uses the `cryptography` package for the equation when it can be
imported, and this file's rules for the encodings either way, because libraries differ in them.
"""

import hashlib

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    """Sum of two points in extended coordinates (X, Y, Z, T)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    c = 2 * a[3] * b[3] * D % P
    d = 2 * a[2] * b[2] % P
    x, y, z, t = f - e, d - c, d + c, f + e
    return (x * y % P, z * t % P, y * z % P, x * t % P)


def multiply(scalar, point):
    total = IDENTITY
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decode(data):
    """Point of 32 bytes, or None when they are not the canonical encoding of a curve point."""
    if len(data) != 32:
        return None
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def usable_point(data):
    """Point of a canonical encoding that is not of small order, else None."""
    point = decode(data)
    return None if point is None or same(multiply(8, point), IDENTITY) else point


def _parts(public, signature):
    """(A, R, S) after every check of encodings, or None."""
    if len(signature) != 64:
        return None
    s = int.from_bytes(signature[32:], "little")
    key, commitment = usable_point(public), usable_point(signature[:32])
    return None if s >= L or key is None or commitment is None else (key, commitment, s)


def verify_pure(public, message, signature):
    """Whether [S]B = R + [k]A, with all rules of SPEC.md section 4."""
    parts = _parts(public, signature)
    if parts is None:
        return False
    key, commitment, s = parts
    k = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(k, "little") % L
    return same(multiply(s, BASE), add(commitment, multiply(k, key)))


def verify(public, message, signature):
    if Ed25519PublicKey is None:
        return verify_pure(public, message, signature)
    if _parts(public, signature) is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False
