"""Pinball loss of the 0.1 quantile: for answers such that nine tenths of the truth lie above them."""

from vigil.stats.metrics._pinball import Pinball

METRIC = Pinball(0.1)
