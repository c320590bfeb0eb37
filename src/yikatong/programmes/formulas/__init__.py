"""Formulas: one folder a programme, one file a version, which never changes once it is published."""
