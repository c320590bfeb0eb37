"""What wallets send in crowds: answered by the connection itself, and done in batches."""
