"""Strict JSON, RFC 8785 (JCS), base64, UUIDs and timestamps (SPEC.md, section 2)."""

import base64
import binascii
import json
import re
from json.encoder import encode_basestring

MAX_CANONICAL = 65_535
MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1
MAX_SEQ = 2**63

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{6}Z"
)
PRINTABLE = re.compile(r"[ -~]*")
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Malformed(ValueError):
    """The text breaks a rule; the message never quotes values."""


def parse_json(data, ascii_keys=False, allow_nul=True):
    """Value of JSON bytes; Malformed on anything that two readers could read differently.

    Refused: bytes that are not UTF-8, a BOM, duplicate keys, `__proto__`, numbers with a fraction
    or exponent, NaN and Infinity, integers beyond 2^53-1, lone surrogates, more than 16 levels.
    """
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            raise Malformed("starts with a byte order mark")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
    except Malformed:
        raise
    except UnicodeDecodeError:
        raise Malformed("is not UTF-8") from None
    except RecursionError:
        raise Malformed("is nested too deep") from None
    except ValueError:
        raise Malformed("is not JSON") from None
    _walk(value, 0, ascii_keys, allow_nul)
    return value


def _object(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("has a duplicate key")
    if "__proto__" in value:
        raise Malformed("has the key __proto__")
    return value


def _no_float(_token):
    raise Malformed("has a number that is not an integer")


def _integer(token):
    if len(token) > 17 or abs(int(token)) > MAX_INTEGER:
        raise Malformed("has an integer beyond 2^53-1")
    return int(token)


def _walk(value, depth, ascii_keys, allow_nul):
    if isinstance(value, str):
        return _check_string(value, allow_nul)
    if isinstance(value, (dict, list)):
        if depth == MAX_DEPTH:
            raise Malformed("is nested too deep")
        if isinstance(value, dict):
            for key in value:
                _check_string(key, allow_nul)
                if ascii_keys and not PRINTABLE.fullmatch(key):
                    raise Malformed("has a key that is not printable ASCII")
            value = value.values()
        for item in value:
            _walk(item, depth + 1, ascii_keys, allow_nul)


def _check_string(text, allow_nul):
    if not allow_nul and "\0" in text:
        raise Malformed("has U+0000 in a string")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("has a lone surrogate") from None


def jcs(value):
    """RFC 8785 text of a parsed value; keys in the order of their UTF-16 code units."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(encode_basestring(k) + ":" + jcs(value[k]) for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def has_null(value):
    """Whether `null` stands anywhere in the value; an envelope leaves things out instead."""
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    return any(map(has_null, value)) if isinstance(value, list) else value is None


def from_base64(text, length=None):
    """Bytes of canonical padded base64 (RFC 4648, section 4); Malformed otherwise."""
    if not isinstance(text, str):
        raise Malformed("is not a string of base64")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Malformed("is not canonical base64")
    if length is not None and len(data) != length:
        raise Malformed(f"is not {length} bytes")
    return data


def is_string(value, pattern):
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def decimal(text):
    """Integer of a decimal string without leading zeros below 2^63; Malformed otherwise."""
    if not is_string(text, DECIMAL) or int(text) >= MAX_SEQ:
        raise Malformed("is not a decimal string below 2^63")
    return int(text)


def is_timestamp(text):
    """UTC with exactly six digits; a real date of the years 0001 to 9999; no second 60.

    Every such text has the same width, so instants compare as strings.
    """
    match = TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return False
    year, month, day, hour, minute, second = map(int, match.groups())
    if year < 1 or not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 59:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= DAYS[month - 1] + leap


def closed(value, required, optional=()):
    """Malformed unless the value is an object with these keys and none beyond those named."""
    if not isinstance(value, dict):
        raise Malformed("is not an object")
    if not set(required) <= set(value) <= {*required, *optional}:
        raise Malformed("lacks a member or has one beyond those named")
    return value
