"""The types that a stored model may hold: a constant list, never one that a file suggests.

Beyond these, skops accepts numbers, strings, plain containers, numpy arrays and scikit-learn's public
estimators. None of ours runs code that a file can choose. A tree's node arrays are not checked by
scikit-learn, so that a forged one could read stray memory: the checksums are compared first.
Boosting that divides levels into groups keeps ``partial(check_array)``: a partial of any other
function has that function's name beside it, which is not on the list.
"""

TRUSTED = (
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
    "vigil.models.preparing.Ramps",
    "vigil.models.preparing.Steps",
)
