"""The types that a stored model may hold: a constant list, never one that a file suggests.

Beyond these, skops accepts numbers, strings, plain containers, numpy arrays and scikit-learn's public
estimators. None of ours runs code that a file can choose. A tree's node arrays are not checked by
scikit-learn, so that a forged one could read stray memory: the checksums are compared first.
"""

TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.tree._tree.Tree",
    "vigil.models.preparing.Ramps",
    "vigil.models.preparing.Steps",
)
