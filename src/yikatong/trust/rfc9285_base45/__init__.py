"""RFC 9285: Base45."""
