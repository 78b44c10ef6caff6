"""Passes: functions from graph to graph, run one after the other and checked in between."""
