"""Compiled answering: a trained model as plain arrays, read and used with numpy alone."""

from vigil.serving.compiled import Compiled
from vigil.serving.prediction import Prediction

__all__ = ["Compiled", "Prediction"]
