"""Earlier checkpoints: previous.note, consistency.proof, --previous (SPEC.md, sections 7 and 8)."""

from canonical import Malformed, from_base64
from container import Unreadable
from merkle import consistent
from note import BadSignature, parse_checkpoint, verify_note

NOTE, PROOF, GIVEN = "previous.note", "consistency.proof", "--previous"


def load_previous(ctx, data, member):
    """(checkpoint, signers) of an earlier checkpoint fit to compare, or None after reporting."""
    report = ctx.report
    try:
        previous = parse_checkpoint(data)
    except Malformed as error:
        report.fail("previous_malformed", f"the note {error}", member=member)
        return None
    if previous.line != ctx.line:
        detail = "a checkpoint of another origin or incarnation"
        report.fail("previous_origin", detail, member=member)
        return None
    try:
        signers, unknown = verify_note(previous.note, ctx.keys, previous.line)
    except BadSignature as error:
        report.fail("checkpoint_signature", str(error), member=member)
        return None
    if previous.size > ctx.size:
        report.fail("previous_newer", "a checkpoint larger than the bundle's", member=member)
        return None
    if unknown:
        report.notes.append(f"{member}: {unknown} signature lines of unknown keys ignored")
    return previous, signers


def load_pair(ctx):
    """(previous of the bundle or None, whether its proof is there) from previous.note."""
    listed = {name for name in (NOTE, PROOF) if name in ctx.manifest.members}
    listed |= {name for name in (NOTE, PROOF) if name in ctx.container.names}
    if listed == {NOTE}:
        detail = "previous.note without consistency.proof"
        ctx.report.fail("consistency_missing", detail, member=PROOF)
    elif listed == {PROOF}:
        detail = "consistency.proof without previous.note"
        ctx.report.fail("consistency_missing", detail, member=NOTE)
    if NOTE not in ctx.usable:
        return None
    try:
        return load_previous(ctx, ctx.small(NOTE), NOTE)
    except Unreadable as error:
        ctx.report.fail("previous_malformed", f"the note {error}", member=NOTE)
        return None


def check_proof(ctx, loaded):
    """consistency.proof between previous.note and the checkpoint; whether it holds."""
    if PROOF not in ctx.usable:
        return False
    try:
        hashes = _hashes(ctx.small(PROOF))
    except (Malformed, Unreadable) as error:
        ctx.report.fail("consistency_malformed", f"the proof {error}", member=PROOF)
        return False
    if loaded is None or ctx.checkpoint is None:
        return False
    previous, now = loaded[0], ctx.checkpoint
    if consistent(previous.size, now.size, previous.root, now.root, hashes):
        return True
    detail = "the tree is not an extension of the earlier one by this proof"
    ctx.report.fail("consistency", detail, member=PROOF)
    return False


def _hashes(data):
    if data and not data.endswith(b"\n"):
        raise Malformed("has a last line that does not end")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("is not base64") from None
    return [from_base64(line, 32) for line in text.split("\n")[:-1]]


def check_given(ctx, state, given, pair):
    """--previous: from the leaves of a full bundle, else through previous.note and its proof."""
    previous = given[0]
    if ctx.manifest.kind == "full":
        return check_leaves(ctx, state, previous, GIVEN)
    present = NOTE in ctx.container.names or NOTE in ctx.manifest.members
    if not present:
        detail = "the bundle has no proof from the earlier checkpoint"
        ctx.report.fail("consistency_missing", detail, member=NOTE)
    elif pair is not None and pair[0].note.text != previous.note.text:
        detail = "previous.note is another checkpoint than the one given"
        ctx.report.fail("previous_differs", detail, member=NOTE)
    else:
        return pair is not None
    return False


def check_leaves(ctx, state, previous, member):
    """Whether the first leaves of a full bundle have the root of the earlier checkpoint."""
    if previous.size not in state.roots or state.trouble or ctx.checkpoint is None:
        return False
    if "root_mismatch" in ctx.report.found:
        return False
    if state.roots[previous.size] == previous.root:
        return True
    detail = "the first records do not have the root of the earlier checkpoint"
    ctx.report.fail("consistency", detail, member=member)
    return False
