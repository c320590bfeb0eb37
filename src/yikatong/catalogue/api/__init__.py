"""HTTP of the catalogue."""

from yikatong.catalogue.api.routes import routes

__all__ = ["routes"]
