"""proofs/<seq>.json and range.json against the checkpoint (SPEC.md, section 8)."""

import re

from canonical import Malformed, closed, decimal, from_base64, parse_json
from container import Unreadable
from merkle import aligned, inclusion_root

MEMBER = re.compile(r"proofs/(0|[1-9][0-9]{0,18})\.json")


class Proofs:
    """Inclusion proofs by sequence; `names` loses those whose record came."""

    def __init__(self, ctx):
        self.count = 0
        self.names = {}
        self.proven = set()  # sequences outside the range with a sound proof
        present = ctx.container.names & set(ctx.manifest.members)
        for name in sorted(n for n in present if n.startswith("proofs/")):
            self.count += 1
            match = MEMBER.fullmatch(name)
            if match:
                self.names[int(match[1])] = name
            else:
                ctx.report.fail("proof_malformed", "not named after a sequence", member=name)

    def check(self, ctx, state, seq, leaf, needed):
        """Check the proof of a record in its place; `needed` when nothing else proves it."""
        name = self.names.pop(seq, None)
        if name is None:
            reported = f"proofs/{seq}.json"  # as member_missing or member_unlisted
            known = reported in ctx.manifest.members or reported in ctx.container.names
            if needed and not known:
                ctx.report.fail("proof_missing", "the record has no inclusion proof", seq=seq)
            return
        if name not in ctx.usable:
            return
        where = {"seq": seq, "member": name}
        try:
            size, hashes = _parse(ctx.small(name), seq)
        except (Malformed, Unreadable) as error:
            ctx.report.fail("proof_malformed", f"the proof {error}", **where)
            return
        if ctx.checkpoint is None:
            return
        right = inclusion_root(seq, size, leaf, hashes) == ctx.checkpoint.root
        if right and size == ctx.size:
            self.proven.add(seq)
        elif seq not in state.broken:
            ctx.report.fail("inclusion", "the record is not in the tree by this proof", **where)
            state.trouble = True
            state.broken.add(seq)

    def report_orphans(self, ctx, state):
        """Proofs without their record, unless a reported failure explains it."""
        for seq, name in sorted(self.names.items()):
            if state.excused(seq):
                continue
            if state.unread > 0:
                state.unread -= 1
            else:
                ctx.report.fail("proof_orphan", "no record has this proof", seq=seq, member=name)
            state.broken.add(seq)


def _hashes(value):
    if not isinstance(value, list):
        raise Malformed("has no list of hashes")
    return [from_base64(text, 32) for text in value]


def _parse(data, seq):
    value = closed(parse_json(data), ("seq", "size", "hashes"))
    if decimal(value["seq"]) != seq:
        raise Malformed("has another seq than its name")
    return decimal(value["size"]), _hashes(value["hashes"])


def load_range(ctx, state):
    """Put the left subtrees of range.json into the tree; returns the right ones, or None.

    None: not a range, or range.json is not usable and that was reported.
    """
    name, report = "range.json", ctx.report
    if ctx.manifest.kind != "range":
        if name in ctx.manifest.members:
            report.fail("member_malformed", "range.json belongs to a range only", member=name)
        return None
    if name not in ctx.manifest.members and name not in ctx.container.names:
        report.fail("member_missing", "a range needs range.json", member=name)
    if name not in ctx.usable:
        return None
    try:
        value = parse_json(ctx.small(name))
        closed(value, ("first", "end", "size", "left", "right"))
        numbers = tuple(decimal(value[key]) for key in ("first", "end", "size"))
        left, right = _hashes(value["left"]), _hashes(value["right"])
    except (Malformed, Unreadable) as error:
        report.fail("member_malformed", f"range.json {error}", member=name)
        return None
    first, end = ctx.manifest.range
    sizes = aligned(0, first), aligned(end, ctx.size)
    counts = len(sizes[0]), len(sizes[1])
    if numbers != (first, end, ctx.size) or counts != (len(left), len(right)):
        detail = "range.json does not fit the range of the manifest and the tree"
        report.fail("range_proof", detail, member=name)
        return None
    for size, digest in zip(sizes[0], left):
        state.tree.append(digest, size)
    return list(zip(sizes[1], right))


def check_root(ctx, state, right):
    """Root of a full bundle or range; not compared when a failure already explains another."""
    kind = ctx.manifest.kind
    usable = ctx.checkpoint and "records.jsonl" in ctx.usable and state.lines
    if kind == "excerpt" or not usable or (kind == "range" and right is None):
        return False
    for size, digest in right or ():
        state.tree.append(digest, size)
    if state.whole and state.tree.size == ctx.size and state.tree.root() == ctx.checkpoint.root:
        return True
    if not state.trouble and kind == "full":
        ctx.report.fail("root_mismatch", "the records do not have the root of the checkpoint")
    elif not state.trouble:
        ctx.report.fail("range_proof", "the range does not lead to the root of the checkpoint")
    return False
