"""Fold a fitted pipeline into plain arrays by asking it, not by reading its parts.

Each prepared column depends on one column of the data, and each data column has few distinguishable
cells: its levels, or its knots or steps, and missing. The preparation is run once on each of them,
the rest held missing, and what comes out is all there is to know about that column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vigil.models.preparing import Plan, frame
from vigil.serving.additive import Additive, Knots, Table
from vigil.serving.leaves import Leaves, Masks
from vigil.serving.readers import Levels, Steps

#: Rows that are prepared at a time: of many levels, each takes as many columns.
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Folded:
    """A model as plain arrays, and the link from its raw outputs to probabilities."""

    shape: Additive | Leaves
    link: str


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree by node: ``feature`` (-1 for a leaf) at most ``threshold`` goes left.

    Children come after their parent; node 0 is the root. ``value`` has shape (nodes, V). A node in
    ``groups`` has no threshold: it says of each code whether that goes left.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    groups: Mapping[int, np.ndarray] = field(default_factory=dict)

    def goes_left(self, node: int, cells: np.ndarray) -> np.ndarray:
        """Say of each prepared cell (n,) whether a node sends it left."""
        missing = np.isnan(cells)
        if node in self.groups:
            found = self.groups[node][np.where(missing, 0, cells).astype(np.intp)]
        else:
            found = cells <= self.threshold[node]
        return np.where(missing, self.missing_left[node], found)


def additive(prepare: Any, plan: Plan, weights: np.ndarray, intercept: np.ndarray) -> Additive:
    """Fold ``intercept + weights · prepared``; weights (G, prepared columns), intercept (G,).

    What a cell adds is the answer with that cell less the answer with every cell missing.
    """
    at_rest = prepare.transform(frame(_missing(plan, 1), plan))
    knots = _fitted(prepare, "knots_")
    asked = [knots[name] if name in knots else _every_level(plan, name) for name in plan.names]
    columns: list[Knots | Table] = []
    for name, prepared in zip(plan.names, _probed(prepare, plan, asked), strict=True):
        shares = (prepared - at_rest) @ weights.T
        if name in knots:
            columns.append(Knots(name, knots[name], shares))
        else:
            columns.append(Table(Levels.of(name, plan.levels[name]), shares))
    return Additive.of(intercept + (at_rest @ weights.T)[0], columns)


def leaves(
    prepare: Any, plan: Plan, trees: Sequence[Tree], intercept: np.ndarray, precision: Any = np.float64
) -> Leaves:
    """Fold trees into masks. ``precision`` is what the library compares prepared cells in."""
    grown = [_Masked.of(tree) for tree in trees]
    bits = _Bits.for_leaves(max(len(one.order) for one in grown))
    edges = _fitted(prepare, "edges_")
    asked = [_every_step(edges[n]) if n in edges else _every_level(plan, n) for n in plan.names]
    probed = [prepared.astype(precision) for prepared in _probed(prepare, plan, asked)]
    owner = _owners(probed)
    columns = []
    for i, name in enumerate(plan.names):
        used = np.flatnonzero(owner == i)
        rows, distinct = _distinct(probed[i][:, used], used, trees)
        masks = [one.masks(distinct, used, bits) for one in grown]
        reader = Steps(name, edges[name]) if name in edges else Levels.of(name, plan.levels[name])
        columns.append(Masks(reader, rows, np.stack(masks, axis=2).reshape(len(distinct), -1)))
    return Leaves.of(intercept, _values(grown), columns)


@dataclass(frozen=True, slots=True)
class _Bits:
    """How leaves are laid out in words: ``count`` words of one type for each tree."""

    type: np.dtype[Any]
    count: int

    @classmethod
    def for_leaves(cls, leaves: int) -> _Bits:
        """Return the smallest layout that holds so many leaves."""
        if leaves <= 32:
            return cls(np.dtype(np.uint32), 1)
        return cls(np.dtype(np.uint64), -(-leaves // 64))

    def pack(self, bits: int) -> np.ndarray:
        """Return bits as words, the lowest first."""
        width = self.type.itemsize * 8
        lowest = (1 << width) - 1
        return np.array([(bits >> (width * i)) & lowest for i in range(self.count)], dtype=self.type)


@dataclass(frozen=True, slots=True)
class _Masked:
    """A tree with the leaves under each node as bits; ``order`` are the leaf nodes by bit."""

    tree: Tree
    under: list[int]
    order: np.ndarray

    @classmethod
    def of(cls, tree: Tree) -> _Masked:
        """Give each leaf a bit and collect the bits upwards."""
        order = np.flatnonzero(tree.feature < 0)
        under = [0] * len(tree.feature)
        for bit, node in enumerate(order.tolist()):
            under[node] = 1 << bit
        for node in range(len(under) - 1, -1, -1):
            if tree.feature[node] >= 0:
                under[node] = under[tree.left[node]] | under[tree.right[node]]
        return cls(tree, under, order)

    def masks(self, cells: np.ndarray, used: np.ndarray, bits: _Bits) -> np.ndarray:
        """Return the leaves that each row of cells leaves possible, (rows, words).

        ``cells`` (rows, len(used)) are the prepared columns ``used``; splits on others are open.
        """
        out = np.tile(bits.pack(self.under[0]), (len(cells), 1))
        for node in np.flatnonzero(np.isin(self.tree.feature, used)):
            column = cells[:, np.searchsorted(used, self.tree.feature[node])]
            left = self.tree.goes_left(int(node), column)
            lost_left = ~bits.pack(self.under[self.tree.left[node]])
            lost_right = ~bits.pack(self.under[self.tree.right[node]])
            out &= np.where(left[:, None], lost_right, lost_left)
        return out


def _values(grown: Sequence[_Masked]) -> np.ndarray:
    """Return the leaves' values by tree and bit, (trees, most leaves, V)."""
    most = max(len(one.order) for one in grown)
    values = np.zeros((len(grown), most, grown[0].tree.value.shape[1]))
    for place, one in zip(values, grown, strict=True):
        place[: len(one.order)] = one.tree.value[one.order]
    return values


def _owners(probed: Sequence[np.ndarray]) -> np.ndarray:
    """Return, for each prepared column, the data column that moves it (0 if none does)."""
    moves = [((cells != cells[0]) & ~(np.isnan(cells) & np.isnan(cells[0]))).any(axis=0) for cells in probed]
    return np.asarray(np.argmax(moves, axis=0))


def _distinct(cells: np.ndarray, used: np.ndarray, trees: Sequence[Tree]) -> tuple[np.ndarray, np.ndarray]:
    """Group cells that no split tells apart: each cell's group, and one cell of each group."""
    groups = np.zeros((len(cells), len(used) + 1), dtype=np.intp)
    features = np.concatenate([tree.feature for tree in trees])
    thresholds = np.concatenate([tree.threshold for tree in trees])
    grouped = {int(tree.feature[node]) for tree in trees for node in tree.groups}
    for i, feature in enumerate(used):
        column = cells[:, i]
        # Where levels are divided into groups, every code may be told from every other.
        told = column if int(feature) in grouped else thresholds[features == feature]
        place = np.searchsorted(np.unique(told), column, side="left")
        groups[:, i] = np.where(np.isnan(column), -1, place)
    _, first, inverse = np.unique(groups, axis=0, return_index=True, return_inverse=True)
    return inverse.reshape(-1), cells[first]


def _fitted(prepare: Any, attribute: str) -> dict[str, np.ndarray]:
    """Return what the preparation of numbers learnt, by column."""
    for name, part, columns in prepare.transformers_:
        if name == "numbers":
            return dict(zip(columns, getattr(part, attribute), strict=True))
    return {}


def _every_step(edges: np.ndarray) -> np.ndarray:
    """Return one number of each step, then a missing one."""
    last = np.nextafter(edges[-1], np.inf) if len(edges) else 0.0
    return np.array([*edges, last, np.nan])


def _every_level(plan: Plan, name: str) -> np.ndarray:
    """Return each level, then a missing one, then one that training did not see."""
    unseen = "unseen"
    while unseen in plan.levels[name]:
        unseen += "?"
    return np.array([*plan.levels[name], None, unseen], dtype=object)


def _probed(prepare: Any, plan: Plan, asked: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the prepared rows of each column's cells, all others missing; several columns at a time."""
    start = 0
    while start < len(asked):
        ends = np.cumsum([len(cells) for cells in asked[start:]])
        together = max(1, int(np.searchsorted(ends, _AT_ONCE, side="right")))
        ends = ends[:together]
        rows = _missing(plan, int(ends[-1]))
        for name, cells, end in zip(plan.names[start:], asked[start:], ends, strict=False):
            rows[name][end - len(cells) : end] = cells
        yield from np.split(prepare.transform(frame(rows, plan)), ends[:-1])
        start += together


def _missing(plan: Plan, rows: int) -> dict[str, np.ndarray]:
    """Return columns in which every cell is missing."""
    numbers = {name: np.full(rows, np.nan) for name in plan.numbers}
    return numbers | {name: np.full(rows, None, dtype=object) for name in plan.levels}
