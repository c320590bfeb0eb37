"""The commands of `yikatong` by subject, and what they say; `app.cli` puts them together."""
