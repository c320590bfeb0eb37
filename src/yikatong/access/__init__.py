"""Access: who may stand at the other end of a call, what each may do, and one record of what each did and saw.

Owns      access.operator, access.role, access.granted_role, access.provider_staff, access.partner, access.credential,
          access.session, access.approval, access.record, access.concern, access.idempotency, access.attestation,
          access.attestation_day, access.minor_look
Promises  every acknowledged command and every look at a person leaves exactly one record, in the same transaction;
          what needs a second person never takes effect by one; a repeated command is answered, not done again
Asks      nothing outside
Never     keeps a token, a password or an answer in the clear; writes a personal field into a record; changes a record
"""
