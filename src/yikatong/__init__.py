"""Yikatong (一卡通): one card, one code, every public service; every fen accounted for."""

__version__ = "0.1.0"
