"""content.jsonl against the commitments of the records (SPEC.md, sections 3 and 8).

A merge join: both members are read once more, side by side. Where content.jsonl does not ascend by
seq (SPEC.md does not ask for it), its lines are sorted in memory first.
"""

import hashlib
from dataclasses import dataclass

from canonical import Malformed, closed, decimal, from_base64
from envelope import FIELDS
from records import walk

NAME = "content.jsonl"
PREFIX = b"lexcustis/commit/v1\0"


@dataclass
class Counts:
    lines: int = 0
    valid: int = 0
    erased: int = 0
    withheld: int = 0
    unusable: bool = False  # a line without a readable seq may be any missing one
    ascending: bool = True


def commitment(salt, value):
    return hashlib.sha256(PREFIX + salt + value.encode()).digest()


def _line(number, line):
    """(seq, field, salt or None, value or None, line number), or Malformed."""
    withheld = "withheld" in line
    keys = ("withheld",) if withheld else ("salt", "value")
    closed(line, ("seq", "field", *keys))
    seq, salt = decimal(line["seq"]), None if withheld else from_base64(line["salt"], 32)
    if line["field"] not in FIELDS:
        raise Malformed("names no field that can be committed")
    text = line["withheld" if withheld else "value"]
    if not isinstance(text, str) or (withheld and not text):
        raise Malformed("has a value that is not a string")
    return seq, line["field"], salt, None if withheld else text, number


def _lines(ctx, counts, report):
    code = "content_malformed" if report else None
    optional = ("salt", "value", "withheld")
    last = -1
    for number, line in ctx.json_lines(NAME, code, ("seq", "field"), optional):
        counts.lines = number
        try:
            entry = _line(number, line) if line is not None else None
        except Malformed as error:
            if report:
                detail = f"the line {error}"
                ctx.report.fail(code, detail, member=NAME, line=number)
            entry = None
        if entry is None:
            counts.unusable = True
            continue
        counts.ascending = counts.ascending and entry[0] >= last
        last = entry[0]
        yield entry


class Peek:
    """An iterator whose next item can be looked at; None at the end."""

    def __init__(self, items):
        self._items = iter(items)
        self.next = next(self._items, None)

    def take(self):
        item, self.next = self.next, next(self._items, None)
        return item


class Sweep:
    """Erasures that list the sequence at hand, while sequences ascend."""

    def __init__(self, erasures):
        spans = ((first, last, e) for e in erasures for first, last in e.spans)
        self._waiting = Peek(sorted(spans, key=lambda item: item[0]))
        self._active = []

    def at(self, seq):
        while self._waiting.next and self._waiting.next[0] <= seq:
            self._active.append(self._waiting.take())
        self._active = [item for item in self._active if item[1] >= seq]
        return [item[2] for item in self._active]


def check_content(ctx, state, erasures):
    """Counts after giving every committed field its outcome; failures go to the report."""
    counts = Counts()
    for _ in _lines(ctx, counts, True):
        pass
    if NAME not in ctx.usable or "records.jsonl" not in ctx.usable or state.lines == 0:
        return counts
    entries = _lines(ctx, Counts(), False)
    if not counts.ascending:
        entries = sorted(entries, key=lambda entry: entry[0])
    content, sweep, unlisted = Peek(entries), Sweep(erasures), set()
    if content.next or state.committed:
        for seq, envelope in walk(ctx, state):
            while content.next and content.next[0] < seq:
                _unknown(ctx, state, content.take())
            mine = {}
            while content.next and content.next[0] == seq:
                _collect(ctx, mine, content.take(), envelope.get("commitments", {}))
            for field, expected in sorted(envelope.get("commitments", {}).items()):
                erased = [e for e in sweep.at(seq) if e.lists(field)]
                _outcome(ctx, counts, seq, field, expected, mine.get(field), erased)
                unlisted.update(e.seq for e in erased if e.proven and not e.line and seq < e.seq)
    while content.next:
        _unknown(ctx, state, content.take())
    _unlisted(ctx, sorted(unlisted), erasures)
    return counts


def _unknown(ctx, state, entry):
    if not state.excused(entry[0]) and state.unread == 0:
        detail = "no record of the bundle has this content"
        ctx.report.fail("content_unknown", detail, **_where(entry))


def _where(entry):
    return {"seq": entry[0], "field": entry[1], "member": NAME, "line": entry[4]}


def _collect(ctx, mine, entry, commitments):
    if entry[1] not in commitments:
        detail = "the record has no commitment to this field"
        ctx.report.fail("content_unknown", detail, **_where(entry))
    elif entry[1] in mine:
        ctx.report.fail("content_duplicate", "the field has a second line", **_where(entry))
    else:
        mine[entry[1]] = entry


def _outcome(ctx, counts, seq, field, expected, entry, erased):
    proven = any(e.proven and seq < e.seq for e in erased)
    if entry is None:
        counts.erased += proven
        doubtful = "erasure_malformed" in ctx.report.found or "erasures.jsonl" not in ctx.usable
        excused = erased or counts.unusable or doubtful
        if not excused:
            detail = "neither there nor withheld, and no erasure authorises that"
            ctx.report.fail("content_missing", detail, seq=seq, field=field)
    elif proven:
        detail = "an erased field is still there"
        ctx.report.fail("erasure_not_executed", detail, **_where(entry))
    elif entry[3] is None:
        counts.withheld += 1
    elif commitment(entry[2], entry[3]) == from_base64(expected):
        counts.valid += 1
    else:
        detail = "salt and value do not give the commitment of the record"
        ctx.report.fail("commitment", detail, **_where(entry))


def _unlisted(ctx, sequences, erasures):
    """A proven erasure of content in the bundle that erasures.jsonl leaves out."""
    if "erasure_malformed" in ctx.report.found:
        return  # It may be that line.
    claimed = {e.seq for e in erasures if e.line}
    for seq in sequences:
        if "erasures.jsonl" in ctx.usable and seq not in claimed:
            detail = "a proven erasure is not listed"
            ctx.report.fail("erasure_mismatch", detail, seq=seq, member="erasures.jsonl")
