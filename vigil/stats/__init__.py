"""The statistics: the alarm, the gate, intervals, power and change points; numpy only.

Still to come, each as a file of its own beside these: the alarm without a level (its share of the
false-alarm budget is reserved in ``alarm.budget``), standardising to the holdout's class mix, and
rows that come in clusters.
"""
