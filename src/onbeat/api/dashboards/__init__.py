"""Dashboards as Kestra writes them: YAML that says which charts there are, over executions, log lines and measurements.

document reads the YAML, questions makes of a chart what the store is asked, charts makes its rows, usual is the one that is always there,
routes are the paths.
"""
