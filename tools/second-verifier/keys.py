"""keys.jsonl, genesis and key.announced: which keys may have signed (SPEC.md, sections 4 and 8)."""

from dataclasses import dataclass, field

from canonical import Malformed, closed, decimal, is_string, jcs
from envelope import TOKEN, check_genesis
from note import parse_vkey

NAME = "keys.jsonl"


@dataclass
class Keys:
    count: int = 0
    claims: list = field(default_factory=list)  # (seq, use, vkey or kid, line number)
    doubtful: bool = False  # a failure of keys.jsonl was reported


def load_keys(ctx):
    keys, seen = Keys(), set()
    for number, line in ctx.json_lines(NAME, "keys_malformed", ("use", "seq"), ("vkey", "kid")):
        keys.count = number
        try:
            claim = None if line is None else _claim(line)
            if claim in seen:
                raise Malformed("is there twice")
        except Malformed as error:
            ctx.report.fail("keys_malformed", f"the line {error}", member=NAME, line=number)
            claim = None
        if claim is None:
            keys.doubtful = True
        else:
            seen.add(claim)
            keys.claims.append((*claim, number))
    return keys


def _claim(line):
    name = {'"checkpoint"': "vkey", '"mac"': "kid"}.get(jcs(line["use"]))
    if name is None:
        raise Malformed("has an unknown use")
    closed(line, ("use", "seq", name))
    if name == "vkey":
        parse_vkey(line["vkey"])
    elif not is_string(line["kid"], TOKEN):
        raise Malformed("has no valid kid")
    return decimal(line["seq"]), line["use"], line[name]


def check_genesis_record(ctx, state):
    """The record 0 must be there, sound, and of this deployment."""
    envelope = state.kept.get(0)
    if envelope is None or envelope["type"] != "chain.genesis":
        if not state.excused(0) and state.unread == 0:
            detail = "the bundle has no record of the genesis"
            ctx.report.fail("genesis", detail, seq=0)
        return
    if 0 in state.broken:
        return
    origin = ctx.line.rsplit("/", 2)[0]
    try:
        check_genesis(envelope["attrs"])
        if envelope["attrs"]["origin"] != origin:
            raise Malformed("names another origin")
        if "vkey" in envelope["attrs"]:
            parse_vkey(envelope["attrs"]["vkey"])
    except Malformed as error:
        ctx.report.fail("genesis", f"the genesis {error}", seq=0)
        state.broken.add(0)


def announced(envelope):
    """[(use, vkey or kid)] that a genesis or key.announced record announces."""
    attrs = envelope["attrs"]
    if envelope["type"] == "chain.genesis":
        return [("mac", envelope["kid"]), ("checkpoint", attrs.get("vkey"))]
    use = attrs.get("use")
    return [(use, attrs.get("kid" if use == "mac" else "vkey"))]


def check_keys(ctx, state, keys):
    """{vkey: seq} of listed checkpoint keys with their proven announcement."""
    listed = {}
    if "records.jsonl" not in ctx.usable:
        return listed
    for seq, use, value, number in keys.claims:
        envelope = state.kept.get(seq)
        kind = envelope["type"] if envelope else None
        right = kind in ("chain.genesis", "key.announced") and (use, value) in announced(envelope)
        if right and use == "checkpoint":
            listed[value] = min(seq, listed.get(value, seq))
        if right or state.excused(seq):
            keys.doubtful = keys.doubtful or not right
            continue
        keys.doubtful = True
        detail = "no genesis or key.announced record of the bundle says so"
        ctx.report.fail("keys_mismatch", detail, seq=seq, member=NAME, line=number)
    return listed


def retirements(state):
    """{vkey or key id text: seq} of keys that key.announced records retire."""
    found = {}
    for seq, envelope in sorted(state.kept.items()):
        if envelope["type"] == "key.announced" and seq not in state.broken:
            name = envelope["attrs"].get("retires")
            if isinstance(name, str):
                found.setdefault(name, seq)
    return found


def accepted(ctx, state, keys, listed, signers, size, member):
    """Those of the keys that signed a checkpoint of `size` which were allowed to.

    A key needs an announcement below `size`, and no `retires` below it. Any one such key is enough;
    otherwise key_retired or key_unannounced, unless a failure of keys.jsonl explains it.
    """
    retired = retirements(state)
    good = []
    for key in signers:
        gone = retired.get(key.vkey, size) < size
        if not gone and listed.get(key.vkey, size) < size:
            good.append(key)
    if good or not signers:
        return good
    if any(retired.get(key.vkey, size) < size for key in signers):
        detail = "only keys retired by an earlier record have signed"
        ctx.report.fail("key_retired", detail, member=member)
    elif not keys.doubtful and {NAME, "records.jsonl"} <= ctx.usable:
        detail = "keys.jsonl does not list the signing key with an earlier announcement"
        ctx.report.fail("key_unannounced", detail, member=member)
    return good
