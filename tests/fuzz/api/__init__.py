"""The API against its own document: each kind of caller, in every phase that schemathesis knows."""
