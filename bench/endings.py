"""How each kind of file that people really have ends: read, judged by a contract, and in which words.

    python -m bench.endings

The files are those of the test that holds docs/files.md to what happens; each is written, read and checked
anew against the contract of a clean first file. Fails when a kind ends otherwise than the page says, or in
anything but words.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.contracts.test_intake import documented
from tests.intake.kinds import KINDS, agreed, outcome, written


def main() -> int:
    """Let every kind of file come in, and print how it ends."""
    argparse.ArgumentParser(description="How each kind of file ends, and in which words.").parse_args()
    ends: Counter[str] = Counter()
    told, unlike = documented(), []
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as name:
        contract = agreed(Path(name))
        for kind in KINDS:
            path = written(Path(name), kind)
            ending, words = outcome(path, contract)
            path.unlink()
            ends[ending] += 1
            unlike += [kind] * ((ending, words) != told.get(kind))
            print(f"{kind:16} {ending:12} {words}".rstrip())
    print(f"{len(KINDS)} kinds of file: " + ", ".join(f"{count} {ending}" for ending, count in ends.items()))
    print(f"otherwise than docs/files.md says: {', '.join(unlike) or 'none'}")
    return int(bool(unlike))


if __name__ == "__main__":
    sys.exit(main())
