"""What a verification found (SPEC.md, section 7)."""

from dataclasses import dataclass, field

CODES = frozenset(
    """
    empty counts record_count record_malformed record_order canonical_form canonical_malformed
    canonical_too_large envelope_schema wrong_org wrong_incarnation seq_gap seq_duplicate
    seq_mismatch seq_beyond_tree id_duplicate clock_backwards genesis root_mismatch inclusion
    proof_missing proof_malformed proof_orphan range_proof period period_boundary consistency
    consistency_missing consistency_malformed previous_malformed previous_newer previous_differs
    previous_origin checkpoint_malformed checkpoint_signature commitment content_missing
    content_unknown content_malformed content_duplicate erasure_order erasure_unproven
    erasure_mismatch erasure_malformed erasure_not_executed key_unannounced key_retired
    keys_malformed keys_mismatch key_malformed manifest_missing manifest_malformed manifest_version
    manifest_mismatch manifest_signature manifest_signature_missing member_missing member_unlisted
    member_unreadable member_malformed member_hash bundle_unreadable bundle_unsafe internal
    """.split()
)
LISTED_PER_CODE = 1000


class CannotStart(Exception):
    """Exit 2: arguments, container or manifest do not allow a verification."""

    def __init__(self, code, detail, member=None):
        super().__init__(detail)
        self.code, self.detail, self.member = code, detail, member


@dataclass
class Report:
    failures: list = field(default_factory=list)
    holds: list = field(default_factory=list)
    not_checked: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    started: bool = True
    found: dict = field(default_factory=dict)  # code -> how often

    def fail(self, code, detail, **where):
        """Record one failure; `where` is any of seq, field, member, line."""
        if code not in CODES:
            raise ValueError(f"{code} is not in the closed list")
        self.found[code] = self.found.get(code, 0) + 1
        if self.found[code] <= LISTED_PER_CODE:
            if "seq" in where:
                where["seq"] = str(where["seq"])
            self.failures.append({"code": code, "detail": detail, **where})

    def exit(self):
        return 2 if not self.started else 1 if self.failures else 0

    def as_json(self):
        for code, count in self.found.items():
            if count > LISTED_PER_CODE:
                text = f"{count} failures {code}; the first {LISTED_PER_CODE} are listed"
                self.notes.append(text)
        return {
            "result": ("valid", "invalid", "error")[self.exit()],
            "exit": self.exit(),
            "failures": self.failures,
            "holds": self.holds,
            "not_checked": self.not_checked,
            "notes": self.notes,
        }

    def as_text(self):
        """The same for people; one failure a line."""
        shape = self.as_json()
        lines = [shape["result"].upper()]
        for failure in shape["failures"]:
            keys = [key for key in ("seq", "field", "member", "line") if key in failure]
            where = ", ".join(f"{key} {failure[key]}" for key in keys)
            where = f" ({where})" if where else ""
            lines.append(f"  {failure['code']}: {failure['detail']}{where}")
        for title in ("holds", "not_checked", "notes"):
            lines += [title.replace("_", " ") + ":", *(f"  - {text}" for text in shape[title])]
        return "\n".join(lines)
