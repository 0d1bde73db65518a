#!/usr/bin/env python3
"""Second verifier of exports of the audit log, written from packages/evidence/SPEC.md alone.

Exit 0: valid. 1: invalid. 2: the verification could not start.
"""

import argparse
import json
import sys

from bundle import verify_bundle
from canonical import Malformed
from note import MAX_NOTE, parse_checkpoint, parse_vkey
from report import CannotStart, Report


def arguments(argv):
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify an audit export.")
    parser.add_argument("bundle", help="folder or zip")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", required=True)
    parser.add_argument("--previous", metavar="NOTE", help="an earlier checkpoint")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def run(options):
    """Report of a verification; never raises."""
    report = Report()
    try:
        keys = [_key(text) for text in options.key]
        given = _read(options.previous) if options.previous else None
        verify_bundle(options.bundle, keys, given, report)
    except CannotStart as error:
        report.started = False
        where = {"member": error.member} if error.member else {}
        report.fail(error.code, error.detail, **where)
    except Exception as error:  # A defect of this program must not look like a result.
        report.started = False
        report.fail("internal", f"the verifier failed with {type(error).__name__}")
    return report


def _key(text):
    try:
        return parse_vkey(text)
    except Malformed as error:
        raise CannotStart("key_malformed", f"a key {error}") from None


def _read(path):
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_NOTE + 1)
        parse_checkpoint(data)
    except OSError:
        raise CannotStart("previous_malformed", "--previous cannot be read") from None
    except Malformed as error:
        raise CannotStart("previous_malformed", f"--previous {error}") from None
    return data


def main(argv):
    options = arguments(argv)
    report = run(options)
    print(json.dumps(report.as_json(), indent=2) if options.json else report.as_text())
    return report.exit()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
