"""History lived again under other policies: files cut, scratch projects run, what came of it."""

# First of all: skops, which stores models, asks every module that came before it for each of its functions.
import scipy.special  # noqa: F401
