"""The order of the checks of one bundle (SPEC.md, sections 7 and 8)."""

from canonical import Malformed
from container import Unreadable, open_container
from content import check_content
from context import Context
from erasures import check_erasures, load_erasures
from keys import accepted, check_genesis_record, check_keys, load_keys
from manifest import check_members, check_signature, load_manifest
from note import BadSignature, parse_checkpoint, verify_note
from previous import GIVEN, NOTE, check_given, check_leaves, check_proof
from previous import load_pair, load_previous
from proofs import Proofs, check_root, load_range
from records import Records, check_records
from report import Report

CHECKPOINT = "checkpoint.note"
# Failures that already say that a count cannot be right.
EXPLAINED = {
    "records": "empty record_malformed record_count record_order"
    " seq_gap seq_duplicate seq_beyond_tree",
    "content": "content_malformed content_missing content_duplicate content_unknown"
    " erasure_not_executed",
    "erasures": "erasure_malformed erasure_mismatch erasure_unproven",
    "keys": "keys_malformed key_unannounced keys_mismatch",
    "proofs": "proof_missing proof_orphan",
}


def verify_bundle(path, keys, given, report=None):
    """Report on the bundle at `path`; `given` is the bytes of --previous, or None.

    Raises CannotStart when container or manifest do not allow a verification.
    """
    report = report or Report()
    container = open_container(path)
    manifest = load_manifest(container)
    usable = check_members(container, manifest, report)
    ctx = Context(report, container, manifest, usable, keys)
    _checkpoint(ctx)
    if "manifest_mismatch" in report.found:
        # Of which log and size the other members are cannot be said, so nothing is held against them.
        check_signature(container, manifest, keys, None, report)
        report.not_checked.append("records and what belongs to them: manifest and checkpoint differ")
        return report
    pair = load_pair(ctx)
    earlier = load_previous(ctx, given, GIVEN) if given is not None else None
    erasure_lines, claims = load_erasures(ctx)
    keys_listed = load_keys(ctx)
    sizes = {loaded[0].size for loaded in (pair, earlier) if loaded}
    state = Records(Proofs(ctx), set(claims), sizes)
    if _range_fits(ctx):
        right = load_range(ctx, state)
        check_records(ctx, state)
        proven = check_root(ctx, state, right)
    else:
        usable.discard("records.jsonl")
        proven = False
    _records_follow(ctx, state, proven)
    counts = check_content(ctx, state, check_erasures(ctx, state, claims))
    listed = check_keys(ctx, state, keys_listed)
    good = accepted(ctx, state, keys_listed, listed, ctx.signers, ctx.size, CHECKPOINT)
    check_signature(container, manifest, keys, (good or ctx.signers) or None, report)
    _previous(ctx, state, pair, earlier, (keys_listed, listed))
    lines = (state.lines, counts.lines, erasure_lines, keys_listed.count, state.proofs.count)
    _counts(ctx, lines)
    _say(ctx, state, counts)
    return report


def _checkpoint(ctx):
    """Set the trusted checkpoint, or report why there is none."""
    if CHECKPOINT not in ctx.usable:
        return
    try:
        checkpoint = parse_checkpoint(ctx.small(CHECKPOINT))
        signers, unknown = verify_note(checkpoint.note, ctx.keys, checkpoint.line)
    except (Malformed, Unreadable) as error:
        ctx.report.fail("checkpoint_malformed", f"the note {error}", member=CHECKPOINT)
        return
    except BadSignature as error:
        ctx.report.fail("checkpoint_signature", str(error), member=CHECKPOINT)
        return
    manifest = ctx.manifest
    if (manifest.line, manifest.tree_size) != (checkpoint.line, checkpoint.size):
        detail = "origin, org, inc or tree_size differ from the checkpoint"
        ctx.report.fail("manifest_mismatch", detail, member="manifest.json")
        return
    ctx.checkpoint, ctx.signers = checkpoint, signers
    names = ", ".join(f"{key.name}+{key.id.hex()}" for key in ctx.signers)
    ctx.report.holds.append(f"checkpoint of size {checkpoint.size} signed by {names}")
    if unknown:
        ctx.report.notes.append(f"checkpoint: {unknown} signature lines of unknown keys ignored")


def _range_fits(ctx):
    if ctx.manifest.kind != "range":
        return True
    (first, end), (begin, until) = ctx.manifest.range, ctx.manifest.period
    if begin > until:
        ctx.report.fail("period", "the period ends before it begins", member="manifest.json")
    if first <= end <= ctx.size:
        return True
    ctx.report.fail("range_proof", "the range is not within the tree", member="manifest.json")
    return False


def _records_follow(ctx, state, proven):
    """What must be there besides, once all records are read."""
    if "records.jsonl" not in ctx.usable or state.lines == 0:
        return
    state.proofs.report_orphans(ctx, state)
    check_genesis_record(ctx, state)
    _boundaries(ctx, state, proven)
    if proven and ctx.manifest.kind == "full":
        ctx.report.holds.append(f"all {ctx.size} records give the root of the checkpoint")
    elif proven:
        first, end = ctx.manifest.range
        ctx.report.holds.append(f"the records [{first}, {end}) are those of the signed tree")
    if state.proofs.proven:
        ctx.report.holds.append(f"{len(state.proofs.proven)} records by inclusion proofs")


def _boundaries(ctx, state, proven):
    """Report missing or contradicting boundary records; say what is known of the period."""
    if ctx.manifest.kind != "range":
        return
    (first, end), (begin, until) = ctx.manifest.range, ctx.manifest.period
    wanted = [(first - 1, lambda at: at < begin)] if first else []
    wanted += [(end, lambda at: at >= until)] if end < ctx.size else []
    complete = proven and all(seq in state.proofs.proven for seq, _ in wanted)
    for seq, outside in wanted:
        if state.excused(seq):
            continue
        if seq not in state.edges:
            if state.unread == 0:
                detail = "the boundary record is not in the bundle"
                ctx.report.fail("period_boundary", detail, seq=seq)
        elif not outside(state.edges[seq]):
            complete = False
            detail = "the boundary record is within the period"
            ctx.report.fail("period_boundary", detail, seq=seq)
    if end < ctx.size and complete:
        ctx.report.holds.append(f"the range is all of the period [{begin}, {until})")
    elif first == end and end == ctx.size:
        detail = "an empty period without a record after it proves nothing"
        ctx.report.fail("period_boundary", detail, seq=end)
    elif end == ctx.size:
        ctx.report.not_checked.append("the end of the period: the tree has no record after it")


def _previous(ctx, state, pair, earlier, keys):
    held = []
    if pair and ctx.manifest.kind == "full" and "consistency.proof" not in ctx.usable:
        check_leaves(ctx, state, pair[0], NOTE)
    elif check_proof(ctx, pair):
        held.append(pair[0])
    if earlier and check_given(ctx, state, earlier, pair) and ctx.manifest.kind == "full":
        held.append(earlier[0])
    for loaded, member in ((pair, NOTE), (earlier, GIVEN)):
        if loaded:
            accepted(ctx, state, *keys, loaded[1], loaded[0].size, member)
    for size in sorted({checkpoint.size for checkpoint in held}):
        ctx.report.holds.append(f"the tree extends the earlier checkpoint of size {size}")


def _counts(ctx, lines):
    for (name, codes), found in zip(EXPLAINED.items(), lines):
        member = f"{name}.jsonl"
        readable = name == "proofs" or member in ctx.usable
        explained = any(code in ctx.report.found for code in codes.split())
        listed = sum(path.startswith("proofs/") for path in ctx.manifest.members)
        explained = explained or (name == "proofs" and found != listed)
        if readable and not explained and found != ctx.manifest.counts[name]:
            detail = f"counts.{name} of the manifest is not what the bundle has"
            ctx.report.fail("counts", detail, member="manifest.json")


def _say(ctx, state, counts):
    """The limits of this verification, which are printed whatever its result is."""
    report, kind = ctx.report, ctx.manifest.kind
    not_checked = report.not_checked
    not_checked.append("MACs: they need the organisation's key")
    not_checked.append(f"anything after the checkpoint of size {ctx.size}")
    not_checked.append("a split view: no witness was asked")
    not_checked.append("attrs against the schemas, except of genesis and erasures")
    not_checked.append("approvals of erasures: they are named, not followed")
    if kind == "excerpt":
        not_checked.append("completeness: an excerpt proves that its records are in the tree")
    if kind == "range":
        not_checked.append("records outside the range, except those with a proof")
    if ctx.checkpoint is None:
        not_checked.append("the tree: there is no authentic checkpoint to compare with")
    for name in sorted({"records.jsonl", "content.jsonl"} - ctx.usable):
        not_checked.append(f"{name} and what depends on it")
    not_checked.append(f"{counts.withheld} fields withheld by the exporter's statement")
    report.notes.append(f"{counts.erased} fields erased by proven records")
    if counts.valid:
        report.holds.append(f"{counts.valid} fields match their commitments")
    if state.open and kind != "excerpt":
        report.notes.append(f"{len(state.open)} chats have a start and no end in this bundle")
