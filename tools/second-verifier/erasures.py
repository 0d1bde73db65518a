"""erasures.jsonl against the records that authorise it (SPEC.md, sections 3 and 8)."""

from dataclasses import dataclass

from canonical import Malformed, decimal
from envelope import ERASURES, parse_erasure

NAME = "erasures.jsonl"
REQUIRED = ("seq", "type", "seqs", "legal_basis", "approved_by")


@dataclass
class Erasure:
    seq: int  # of the record that authorises it
    attrs: dict
    type: str
    spans: list  # [(first, last)]
    line: int = 0  # 0: known from its record only
    proven: bool = False

    def lists(self, field):
        fields = self.attrs.get("fields")
        return fields is None or field in fields


def load_erasures(ctx):
    """(lines, {seq: Erasure}) that erasures.jsonl claims."""
    count, claims = 0, {}
    for number, line in ctx.json_lines(NAME, "erasure_malformed", REQUIRED, ("fields", "inc")):
        count = number
        if line is None:
            continue
        attrs = {key: value for key, value in line.items() if key not in ("seq", "type")}
        try:
            seq = decimal(line["seq"])
            if line["type"] not in ERASURES or seq in claims:
                raise Malformed("has another type, or repeats a seq")
            claims[seq] = Erasure(seq, attrs, line["type"], parse_erasure(attrs), number)
        except Malformed as error:
            detail = f"the erasure {error}"
            ctx.report.fail("erasure_malformed", detail, member=NAME, line=number)
    return count, claims


def check_erasures(ctx, state, claims):
    """Every erasure that counts for this incarnation: proven ones, and claims (reported)."""
    found = []
    for seq, envelope in state.kept.items():
        if envelope["type"] in ERASURES and seq not in state.broken:
            found += _from_record(ctx, seq, envelope, claims)
    for seq, claim in claims.items():
        if "records.jsonl" in ctx.usable:
            _claim(ctx, state, seq, claim)
        found.append(claim)
    _, _, inc = ctx.line.rsplit("/", 2)
    found = [e for e in found if e.attrs.get("inc", inc) == inc]
    for erasure in found:
        if erasure.proven and any(last >= erasure.seq for _, last in erasure.spans):
            detail = "it lists a sequence that is not before its own"
            ctx.report.fail("erasure_order", detail, seq=erasure.seq)
    return found


def _from_record(ctx, seq, envelope, claims):
    try:
        attrs = envelope["attrs"]
        erasure = Erasure(seq, attrs, envelope["type"], parse_erasure(attrs), proven=True)
    except Malformed as error:
        if seq not in claims:
            ctx.report.fail("erasure_malformed", f"the record's attrs: it {error}", seq=seq)
        return []
    claim = claims.get(seq)
    if claim and (claim.attrs, claim.type) == (erasure.attrs, erasure.type):
        claim.proven = True
        return []
    return [erasure]


def _claim(ctx, state, seq, claim):
    if claim.proven or state.excused(seq):
        return
    where = {"seq": seq, "member": NAME, "line": claim.line}
    if seq in state.types:
        detail = "the record with this seq says something else"
        ctx.report.fail("erasure_mismatch", detail, **where)
    else:
        ctx.report.fail("erasure_unproven", "no record of the bundle authorises it", **where)
