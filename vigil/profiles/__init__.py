"""Exactly mergeable summaries of columns: any split of the rows, in any order, adds up to the same."""

from vigil.profiles.measure import profile
from vigil.profiles.record import ColumnProfile, Numbers, Profile, merge
from vigil.profiles.summarise import summary

__all__ = ["ColumnProfile", "Numbers", "Profile", "merge", "profile", "summary"]
