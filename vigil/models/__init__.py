"""Model types, fitting them honestly, and turning what was fitted into a bundle and back.

Light to import: scikit-learn and pandas come in when something is fitted.
"""

from vigil.models.answer import Answerer, open_answerer
from vigil.models.baseline import Baseline, baseline
from vigil.models.coding import code_order, encode
from vigil.models.fitting import Fitted, fit
from vigil.models.packing import pack
from vigil.models.registry import chosen, configured, names

__all__ = [
    "Answerer",
    "Baseline",
    "Fitted",
    "baseline",
    "chosen",
    "code_order",
    "configured",
    "encode",
    "fit",
    "names",
    "open_answerer",
    "pack",
]
