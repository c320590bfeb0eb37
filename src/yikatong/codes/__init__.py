"""Codes: the card code, the chip and the attested presentation; certificates, status lists, the terminal's challenge.

Owns      codes.certificate, codes.chip_certificate, codes.serial, codes.status_block, codes.status_list,
          codes.status_step
Promises  whatever is presented at a terminal becomes one `Presented` or one named reason, always in the same order;
          a certificate's alias and status index are never given twice; a status list's version only grows
Asks      trust for keys, envelopes and the alias; cards for the holder of a device
Never     says yes or no where a thing was to be verified; reads a personal field; trusts what a region did not sign
"""
