"""The model types, one file each, found by name.

A type's file has ``TASKS``, the tasks it can do; ``build(plan)``, an unfitted pipeline of
``prepare`` and ``model``; ``SPACE``, the settings that a config or a search may vary; ``FLAW``, how far
its probabilities are off; and ``fold(pipeline, plan)``, the fitted pipeline as plain arrays together with
the link that turns their sum into probabilities.
"""
