"""Shape of an envelope, and of the attrs that the verifier relies on (SPEC.md, sections 2-4)."""

import re

from canonical import (
    MAX_CANONICAL,
    UUID,
    UUID_V7,
    Malformed,
    closed,
    decimal,
    from_base64,
    has_null,
    is_string,
    is_timestamp,
    jcs,
    parse_json,
)

TYPES = frozenset(
    """
    chain.genesis chain.heartbeat key.announced chat.started chat.completed chat.blocked
    chat.aborted oversight.decided incident.opened incident.changed incident.reported
    incident.closed document.ingested document.deleted settings.changed policy.changed
    organization.paused organization.resumed user.created user.changed user.removed
    apikey.created apikey.rotated apikey.revoked auth.failed content.read dossier.exported
    verification.run subject.erased content.expired
    """.split()
)
ERASURES = ("subject.erased", "content.expired")
FIELDS = ("prompt", "response", "passages", "originals", "rationale")
REQUIRED = "v org inc seq id type occurred_at recorded_at actor attrs kid".split()
ACTOR_KINDS = ("user", "api_key", "operator", "service", "system")
VIAS = ("jwt", "api_key", "oidc", "internal")
TRACE = re.compile(r"[0-9a-f]{32}")
TOKEN = re.compile(r"[!-~]{1,128}")
SPAN = re.compile(r"(0|[1-9][0-9]{0,18})(?:-(0|[1-9][0-9]{0,18}))?")


class Broken(ValueError):
    """A record that cannot be used further; `code` is its failure."""

    def __init__(self, code, detail):
        super().__init__(detail)
        self.code = code


def parse_canonical(data):
    """(envelope, whether the bytes are the RFC 8785 form of it), or Broken."""
    if len(data) > MAX_CANONICAL:
        raise Broken("canonical_too_large", "the record is larger than 65535 bytes")
    try:
        value = parse_json(data, ascii_keys=True, allow_nul=False)
    except Malformed as error:
        raise Broken("canonical_malformed", f"the canonical text {error}") from None
    return value, jcs(value).encode() == data


def check_envelope(value):
    """Broken unless the value has the closed shape of SPEC.md section 2."""
    try:
        closed(value, REQUIRED, ("ref", "trace", "commitments"))
        if has_null(value):
            raise Malformed("has a null")
        decimal(value["seq"])
        _check_scalars(value)
        _check_actor(value["actor"])
        _check_optional(value)
    except Malformed as error:
        raise Broken("envelope_schema", f"the envelope {error}") from None


def _check_scalars(value):
    one = value["v"] == 1 and not isinstance(value["v"], bool)
    uuids = all(is_string(value[key], UUID) for key in ("org", "inc"))
    times = is_timestamp(value["occurred_at"]) and is_timestamp(value["recorded_at"])
    ids = is_string(value["id"], UUID_V7) and is_string(value["kid"], TOKEN)
    if not (one and uuids and times and ids and isinstance(value["attrs"], dict)):
        raise Malformed("has a member of the wrong form")
    if not isinstance(value["type"], str) or value["type"] not in TYPES:
        raise Malformed("has a type that is not in the closed list")


def _check_actor(actor):
    closed(actor, ("kind",), ("pid", "role", "via"))
    texts = all(isinstance(v, str) and v for v in actor.values())
    if not texts or actor["kind"] not in ACTOR_KINDS or actor.get("via", VIAS[0]) not in VIAS:
        raise Malformed("has an actor of the wrong form")


def _check_optional(value):
    if "ref" in value and not is_string(value["ref"], UUID_V7):
        raise Malformed("has a ref that is not a UUIDv7")
    if "trace" in value and not is_string(value["trace"], TRACE):
        raise Malformed("has a trace of the wrong form")
    if "commitments" in value:
        closed(value["commitments"], (), FIELDS)
        if not value["commitments"]:
            raise Malformed("has empty commitments")
        for commitment in value["commitments"].values():
            from_base64(commitment, 32)


def check_genesis(attrs):
    """Malformed unless these are attrs of chain.genesis."""
    closed(attrs, ("origin", "algorithms", "policy_versions"), ("vkey", "predecessor"))
    if not isinstance(attrs["algorithms"], dict) or not isinstance(attrs["policy_versions"], dict):
        raise Malformed("lacks algorithms or policy versions")
    if "predecessor" in attrs:
        before = closed(attrs["predecessor"], ("inc", "size", "root", "kept"))
        if not is_string(before["inc"], UUID):
            raise Malformed("has a predecessor without incarnation")
        decimal(before["size"])
        decimal(before["kept"])
        from_base64(before["root"], 32)


def parse_erasure(attrs):
    """[(first, last)] of the sequences an erasure lists, both inclusive; Malformed otherwise."""
    closed(attrs, ("seqs", "legal_basis", "approved_by"), ("fields", "inc"))
    texts = isinstance(attrs["legal_basis"], str) and is_string(attrs["approved_by"], UUID)
    if not texts or not is_string(attrs.get("inc", attrs["approved_by"]), UUID):
        raise Malformed("lacks a legal basis or an approval")
    fields = attrs.get("fields", ["prompt"])
    if not isinstance(fields, list) or any(f not in FIELDS for f in fields):
        raise Malformed("has fields that cannot be committed")
    if len(set(fields)) != len(fields):
        raise Malformed("has a field twice")
    if not isinstance(attrs["seqs"], list) or not attrs["seqs"]:
        raise Malformed("lists no sequence")
    return [_span(text) for text in attrs["seqs"]]


def _span(text):
    match = SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Malformed("lists something that is not a sequence or a range of them")
    first = decimal(match[1])
    last = first if match[2] is None else decimal(match[2])
    if last < first:
        raise Malformed("lists a range that ends before it begins")
    return first, last
