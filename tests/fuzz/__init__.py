"""Random damage to model files and random misuse of the public functions, with budgets.

``python -m fuzz --help`` from ``tests`` says how to run it; docs/development.md what it looks for.
"""
