"""The statistics: the alarms, the gate, intervals, power and change points; numpy and scipy only."""
