"""The score where it is not the average: by level and range of a column, the worst places, and fairness."""

from vigil.slices.fairness import fairness
from vigil.slices.groups import Grouping, grouping
from vigil.slices.scores import Answered, added, by_group, shown
from vigil.slices.worst import worst

__all__ = ["Answered", "Grouping", "added", "by_group", "fairness", "grouping", "shown", "worst"]
