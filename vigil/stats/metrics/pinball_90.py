"""Pinball loss of the 0.9 quantile: for answers such that nine tenths of the truth lie below them."""

from vigil.stats.metrics._pinball import Pinball

METRIC = Pinball(0.9)
