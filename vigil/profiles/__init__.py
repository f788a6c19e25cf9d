"""Exactly mergeable summaries of columns: any split of the rows, in any order, adds up to the same."""

from vigil.profiles.answers import of_answers
from vigil.profiles.files import of_parquet
from vigil.profiles.frequent import often
from vigil.profiles.measure import profile, with_pairs
from vigil.profiles.pairs import Cuts, Pairs, correlations
from vigil.profiles.record import ColumnProfile, Numbers, Profile, merge
from vigil.profiles.stored import FILE, dump, load
from vigil.profiles.summarise import summary

__all__ = [
    "FILE",
    "ColumnProfile",
    "Cuts",
    "Numbers",
    "Pairs",
    "Profile",
    "correlations",
    "dump",
    "load",
    "merge",
    "of_answers",
    "of_parquet",
    "often",
    "profile",
    "summary",
    "with_pairs",
]
