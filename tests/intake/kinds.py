"""Files that people really have, one of each kind, and how a file ends."""

import gzip
import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from vigil.contract import check, infer
from vigil.errors import FileRefused
from vigil.intake import read
from vigil.records import Column, Contract

FIRST = b"firm,size,exited\n" + b"".join(b"f%d,%d.5,%d\n" % (n % 50, n % 7, n % 3 == 0) for n in range(150))
HEAD = b"firm,size,exited\n"
GOOD = b"a,1,0\nb,2,1\n"

DATED = b"firm,size,day,exited\n"


def parquet(columns: dict[str, list[object]]) -> bytes:
    """Return a Parquet file of some columns."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


KINDS = {
    "plain": HEAD + GOOD,
    "semicolon": HEAD.replace(b",", b";") + b"a;1,5;0\nb;0,25;1\n",
    "tab": (HEAD + GOOD).replace(b",", b"\t"),
    "pipe": (HEAD + GOOD).replace(b",", b"|"),
    "crlf": (HEAD + GOOD).replace(b"\n", b"\r\n"),
    "cr": (HEAD + GOOD).replace(b"\n", b"\r"),
    "mark": b"\xef\xbb\xbf" + HEAD + GOOD,
    "utf-16": (HEAD + GOOD).decode().encode("utf-16"),
    "latin-1": HEAD + "caf\xe9,1,0\n".encode("latin-1"),
    "damaged-utf-8": HEAD + "café,1,0\n".encode() + b"\xff,1,0\n" + "é,2,0\n".encode(),
    "gzip": gzip.compress(HEAD + GOOD),
    "quoted-newline": HEAD + b'"a\nb",1,0\n' + GOOD,
    "blank-lines": b"\n" + HEAD + b"\n" + GOOD + b"\n",
    "padded": b" firm , size , exited \n a , 1 , 0 \n",
    "missing-words": HEAD + b"a,?,0\nb,Unknown,NA\nc,-,\n",
    "percent": HEAD + b"a,12%,0\n",
    "thousands": HEAD + b'a,"1,234.5",0\n',
    "index": b",firm,size,exited\n0,a,1,0\n1,b,2,1\n",
    "last-empty": b"firm,size,exited,\na,1,0,\n",
    "reordered": b"exited,size,firm\n0,1,a\n",
    "extra-column": b"firm,size,exited,colour\na,1,0,red\n",
    "no-target": b"firm,size\na,1\n",
    "one-row": HEAD + b"a,1,0\n",
    "long-cell": HEAD + b"a" * 10**6 + b",1,0\n",
    "long-row": b",".join([HEAD.strip(), *(b"c%d" % n for n in range(1997))]) + b"\na,1,0" + b",x" * 1997,
    "blank-number": HEAD + b"a,1.5,0\nb, ,1\n",
    "dates": DATED + b'a,1,2024-04-03,0\nb,1,3.4.2024 10:30,0\nc,1,"April 3, 2024",0\n',
    "day-first": DATED + b"a,1,13/04/2024,0\nb,1,03/04/2024,0\n",
    "unlike-dates": DATED + b"a,1,2024-04-03,0\nb,1,03/04/2024,0\n",
    "both-orders": DATED + b"a,1,13/04/2024,0\nb,1,04/13/2024,0\nc,1,03/04/2024,0\n",
    "parquet": parquet({"firm": ["a", "b"], "size": [0.5, None], "exited": [0, 1]}),
    "parquet-types": parquet({"firm": ["a", "b"], "size": [1, 2], "exited": [True, False]}),
    "unnamed-column": b",firm,size,exited\nx,a,1,0\ny,b,2,1\n",
    "ragged": HEAD + GOOD + b"c,3\n",
    "cut-off": HEAD + GOOD + b'"c',
    "not-a-number": HEAD + GOOD + b"c,many,0\n",
    "infinite": HEAD + GOOD + b"c,inf,0\n",
    "below": HEAD + GOOD + b"c,-1,0\n",
    "unknown-class": HEAD + GOOD + b"c,1,perhaps\n",
    "other-truths": HEAD + GOOD + b"c,1,Yes\n",
    "cut-line": HEAD + GOOD + b"c,3",
    "huge": HEAD + GOOD + b"c,1e309,0\n",
    "no-key": HEAD + GOOD + b",1,0\n",
    "no-values": HEAD + GOOD + b",,\n",
    "empty": b"",
    "header-only": HEAD,
    "nul": HEAD + b"a,\0\0,0\n",
    "open-quote": HEAD + b'"a,1,0\n' + GOOD,
    "repeated-name": b"firm,size,size\na,1,0\n",
    "renamed-column": b"firm,Size_,exited\na,1,0\n",
    "cut-gzip": gzip.compress(FIRST)[:-30],
    "excel": b"PK\x03\x04",
}


def agreed(folder: Path) -> Contract:
    """Return the contract that a clean first file leads to."""
    path = folder / "first.csv"
    path.write_bytes(FIRST)
    return infer(read(path), target="exited", key=["firm"])[0]


def written(folder: Path, kind: str) -> Path:
    """Write the file of a kind, with the ending that it has to have."""
    ending = "parquet" if kind.startswith("parquet") else "csv.gz" if "gzip" in kind else "csv"
    path = folder / f"may.{ending}"
    path.write_bytes(KINDS[kind])
    return path


def outcome(path: Path, contract: Contract) -> tuple[str, str]:
    """Return how a file ends, and what is said of it."""
    if path.read_bytes().startswith(DATED):
        contract = replace(contract, columns=(*contract.columns, Column("day", "date")))
    try:
        raw = read(path)
        found = check(contract, raw)
    except FileRefused as error:
        return "refused", error.what
    rules = {f"{fault.column}: {fault.rule}".removeprefix(": ") for fault in found.faults}
    if rules:
        return "quarantined", "; ".join(sorted(rules))
    return "accepted", " ".join(found.notes)
