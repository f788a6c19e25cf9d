"""A first look at a project's data: what is in it, what is odd, and what would give the answer away."""

from vigil.exploring.page import page
from vigil.exploring.paper import paper
from vigil.exploring.study import study

__all__ = ["page", "paper", "study"]
