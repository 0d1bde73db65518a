"""First pass over records.jsonl: every record on its own, and in its place (SPEC.md, 2 and 8)."""

from dataclasses import dataclass, field

from canonical import MAX_SEQ, Malformed, decimal, from_base64
from envelope import ERASURES, Broken, check_envelope, parse_canonical
from merkle import CompactRange, leaf_hash
from proofs import Proofs
from seen import Seen

KEPT = ("chain.genesis", "key.announced", *ERASURES)
ENDS = ("chat.completed", "chat.blocked", "chat.aborted")
MAX_OPEN = 200_000
NAME = "records.jsonl"


@dataclass
class Gap:
    """Missing sequences [begin, end); `explained` when unreadable lines may be these records."""

    begin: int
    end: int
    explained: bool
    where: dict = None  # of the record after the gap; None at the end
    late: int = 0  # how many of them came later, out of order


@dataclass
class Records:
    """State of the pass; sizes do not grow with the number of sound records."""

    proofs: Proofs
    wanted: set  # sequences whose type other members refer to
    sizes: set  # sizes of earlier checkpoints whose roots are wanted
    lines: int = 0
    last: int = None
    next: int = 0  # in a full bundle or a range: the sequence that must come next
    unread: int = 0  # lines that could not be read and so may be any missing record
    clock: str = ""
    kept: dict = field(default_factory=dict)  # seq -> envelope that others rely on
    types: dict = field(default_factory=dict)  # wanted seq -> type
    broken: set = field(default_factory=set)
    gaps: list = field(default_factory=list)  # Gap, of missing sequences
    roots: dict = field(default_factory=dict)  # wanted size -> root
    edges: dict = field(default_factory=dict)  # boundary seq -> recorded_at
    tree: CompactRange = field(default_factory=CompactRange)
    whole: bool = True  # every leaf of the tree went into it, in order
    trouble: bool = False  # a failure was reported that explains another root
    committed: bool = False
    seen: Seen = field(default_factory=Seen)
    open: set = field(default_factory=set)

    def excused(self, seq):
        """Whether a failure already reported explains that this record is not usable."""
        return seq in self.broken or any(g.begin <= seq < g.end for g in self.gaps)


def span(ctx):
    """[first, end) of the sequences that must all be there; empty in an excerpt."""
    kind = ctx.manifest.kind
    return (0, ctx.size) if kind == "full" else ctx.manifest.range if kind == "range" else (0, 0)


def check_records(ctx, state):
    """Run the pass; `state.lines` is 0 when nothing could be read."""
    first, end = span(ctx)
    state.next = first
    keys = ("seq", "canonical", "mac")
    for number, line in ctx.json_lines(NAME, "record_malformed", keys):
        state.lines = number
        data = None if line is None else _decode(ctx, number, line)
        if data is None:
            state.unread += 1
            state.trouble = True
        else:
            _record(ctx, state, number, *data)
    if NAME not in ctx.usable:
        return
    if state.lines == 0:
        ctx.report.fail("empty", "the bundle has no record", member=NAME)
        state.gaps.append(Gap(0, MAX_SEQ, True))
        return
    if state.next < end:
        _gap(state, state.next, end, None)
    _report_gaps(ctx, state)
    if state.seen.suspects:
        _duplicate_ids(ctx, state)


def _decode(ctx, number, line):
    try:
        from_base64(line["mac"], 32)
        return decimal(line["seq"]), from_base64(line["canonical"])
    except Malformed as error:
        detail = f"a member of the line {error}"
        ctx.report.fail("record_malformed", detail, member=NAME, line=number)
        return None


def _record(ctx, state, number, seq, data):
    before = len(state.broken)
    envelope = _parse(ctx, state, seq, number, data)
    if envelope is not None:
        seq = _place(ctx, state, number, seq, decimal(envelope["seq"]))
    in_place = _order(ctx, state, number, seq)
    state.trouble = state.trouble or len(state.broken) > before or not in_place
    if not in_place:
        return
    leaf = leaf_hash(data)
    first, end = span(ctx)
    if first <= seq < end:
        state.tree.append(leaf)
        if state.tree.size in state.sizes:
            state.roots[state.tree.size] = state.tree.root()
    state.proofs.check(ctx, state, seq, leaf, needed=not first <= seq < end)
    if envelope is not None and seq not in state.broken:
        _meaning(ctx, state, seq, envelope)


def _parse(ctx, state, seq, number, data):
    """Envelope of sound shape, or None after reporting."""
    where = {"seq": seq, "member": NAME, "line": number}
    try:
        value, same = parse_canonical(data)
        check_envelope(value)
        if not same:
            raise Broken("canonical_form", "the bytes are not the RFC 8785 form")
    except Broken as error:
        state.broken.add(seq)
        ctx.report.fail(error.code, str(error), **where)
        return None
    _, org, inc = ctx.line.rsplit("/", 2)
    if value["org"] != org:
        ctx.report.fail("wrong_org", "the record is another organisation's", **where)
        state.broken.add(seq)
    elif value["inc"] != inc:
        ctx.report.fail("wrong_incarnation", "the record is of another incarnation", **where)
        state.broken.add(seq)
    return value


def _place(ctx, state, number, line_seq, seq):
    """The sequence to go on with when line and envelope differ: the one that fits here."""
    if line_seq == seq:
        return seq
    detail = "seq of the line differs from the envelope's"
    ctx.report.fail("seq_mismatch", detail, seq=line_seq, member=NAME, line=number)
    state.broken.update((line_seq, seq))
    fitting = [n for n in (seq, line_seq) if n in state.proofs.names]
    fitting += [n for n in (seq, line_seq) if n == state.next]
    return (fitting + [line_seq])[0]


def _order(ctx, state, number, seq):
    """Whether the record can be used in its place; reports duplicates and order, notes gaps."""
    where = {"seq": seq, "member": NAME, "line": number}
    if seq >= ctx.size:
        ctx.report.fail("seq_beyond_tree", "the checkpoint does not cover the record", **where)
        state.broken.add(seq)
        return False
    if state.last is not None and seq <= state.last:
        _not_ascending(ctx, state, seq, where)
        return False
    state.last = seq
    first, end = span(ctx)
    if first <= seq and first < end:
        if state.next < min(seq, end):
            _gap(state, state.next, min(seq, end), where)
        state.next = max(state.next, min(seq + 1, end))
    return True


def _not_ascending(ctx, state, seq, where):
    gap = next((g for g in state.gaps if g.begin <= seq < g.end), None)
    if gap is not None:
        gap.late += 1
    if seq == state.last:
        ctx.report.fail("seq_duplicate", "the sequence repeats", **where)
    else:
        state.proofs.names.pop(seq, None)
        state.broken.add(seq)
        ctx.report.fail("record_order", "the sequence is below that of an earlier line", **where)


def _gap(state, begin, end, where):
    """Note missing records; lines that could not be read may be these."""
    state.gaps.append(Gap(begin, end, end - begin <= state.unread, where))
    state.unread = max(0, state.unread - (end - begin))
    state.whole = False
    state.trouble = True


def _report_gaps(ctx, state):
    for gap in state.gaps:
        missing = gap.end - gap.begin - gap.late
        if gap.explained or missing <= 0:
            continue
        if gap.where is None:
            detail = f"{missing} records are missing at the end"
            ctx.report.fail("record_count", detail, member=NAME)
        else:
            detail = f"{missing} records are missing before this one"
            ctx.report.fail("seq_gap", detail, **gap.where)


def _meaning(ctx, state, seq, envelope):
    """Clock, period, and what later checks need of a record in its place."""
    report, kind, recorded = ctx.report, envelope["type"], envelope["recorded_at"]
    if recorded < state.clock:
        report.fail("clock_backwards", "recorded_at is before that of an earlier record", seq=seq)
        state.trouble = True
    state.clock = max(state.clock, recorded)
    _period(ctx, state, seq, recorded)
    if (seq == 0) != (kind == "chain.genesis"):
        report.fail("genesis", "chain.genesis must be the record 0 and no other", seq=seq)
        state.trouble = True
        state.broken.add(seq)
    if kind in KEPT:
        state.kept[seq] = envelope
    if seq in state.wanted:
        state.types[seq] = kind
    state.committed = state.committed or "commitments" in envelope
    state.seen.add(envelope["id"])
    if kind == "chat.started" and len(state.open) < MAX_OPEN:
        state.open.add(envelope["id"])
    elif kind in ENDS:
        state.open.discard(envelope.get("ref"))


def _period(ctx, state, seq, recorded):
    if ctx.manifest.kind != "range":
        return
    (first, end), (begin, until) = ctx.manifest.range, ctx.manifest.period
    if first <= seq < end and not begin <= recorded < until:
        ctx.report.fail("period", "a record of the range is outside the period", seq=seq)
    if seq in (first - 1, end):
        state.edges[seq] = recorded


def walk(ctx, state):
    """Yield (seq, envelope) of the sound records again, for a second pass."""
    last = -1
    for _, line in ctx.json_lines(NAME, None, ("seq", "canonical", "mac")):
        try:
            seq = -1 if line is None else decimal(line["seq"])
            if not last < seq < ctx.size:
                continue
            last = seq
            if seq not in state.broken:
                yield seq, parse_canonical(from_base64(line["canonical"]))[0]
        except (Malformed, Broken):
            continue  # Reported in the first pass.


def _duplicate_ids(ctx, state):
    counted = set()
    for seq, envelope in walk(ctx, state):
        key = envelope["id"]
        if key in counted:
            ctx.report.fail("id_duplicate", "an earlier record has the same id", seq=seq)
            state.trouble = True
        if key in state.seen.suspects:
            counted.add(key)
