"""The model card of a release: what it is for, of what, how good, and where not to trust it.

After Mitchell et al. 2019, "Model Cards for Model Reporting", doi:10.1145/3287560.3287596.
"""

from vigil.cards.gathering import gathered
from vigil.cards.writing import body, markdown, page

__all__ = ["body", "gathered", "markdown", "page"]
