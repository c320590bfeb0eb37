"""Catalogue: the application item list, the providers that serve it, their terminals, and recognition.

Owns      catalogue.item_number, catalogue.item, catalogue.provider, catalogue.place, catalogue.terminal,
          catalogue.recognition
Promises  on any day an item of a region has one entry at most; a terminal learns no more than item and purpose allow;
          every change raises the version that workers read before each batch
Asks      a region that is hosted, a division that is known, a credit code that is well formed
Never     holds a person's data, a secret key, or a bank account number
"""
