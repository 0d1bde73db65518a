"""What every check shares: the bundle, the trusted checkpoint, the report."""

from dataclasses import dataclass, field

from canonical import Malformed, closed, parse_json
from container import Unreadable, lines, read_small
from manifest import Manifest
from note import Checkpoint
from report import Report

MAX_LINE = 64 << 20
MAX_SMALL = 1 << 20


@dataclass
class Context:
    report: Report
    container: object
    manifest: Manifest
    usable: set  # members with the listed hash
    keys: list  # given keys
    checkpoint: Checkpoint = None  # None: absent or not authentic, so no root to compare with
    signers: list = field(default_factory=list)

    @property
    def size(self):
        return self.checkpoint.size if self.checkpoint else self.manifest.tree_size

    @property
    def line(self):
        return self.checkpoint.line if self.checkpoint else self.manifest.line

    def small(self, name):
        """Bytes of a member that is read as a whole; Unreadable beyond 1 MiB."""
        return read_small(self.container, name, MAX_SMALL)

    def json_lines(self, name, code, required, optional=()):
        """Yield (line number, object or None) of a member.

        A bad line is reported as `code`; None stands for a second pass, when it already was.
        """
        if name not in self.usable:
            return
        try:
            sha = self.manifest.members[name]["sha256"]
            for number, data in lines(self.container, name, MAX_LINE, sha):
                yield number, self._object(name, code, number, data, required, optional)
        except Unreadable as error:
            self.usable.discard(name)
            self.report.fail("member_unreadable", f"the member {error}", member=name)

    def _object(self, name, code, number, data, required, optional):
        try:
            if data is None:
                raise Malformed("has no LF or is too long")
            return closed(parse_json(data), required, optional)
        except Malformed as error:
            if code is not None:
                self.report.fail(code, f"the line {error}", member=name, line=number)
            return None
