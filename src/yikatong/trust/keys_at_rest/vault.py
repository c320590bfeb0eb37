"""What rooms that keep personal fields use: data keys by owner, the mark of an ID number, passwords."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.ids import Ids
from yikatong.trust.model import Algorithm, KeyHolder, KeyKind, Reason, SealCipher, WantedKey
from yikatong.trust.rfc9106_argon2.passwords import SALT_BYTES, hash_password, verify_password
from yikatong.trust.sp800_38d_gcm.seal import new_data_key, new_data_keys, seal, seal_rows, unseal, unseal_rows

_DATA_KEY_OF = b"data key of "
MASTER, ID_NUMBER_MARK, PEPPER = "master", "id-number-mark", "pepper"


def wanted_keys(
    region: str, *, algorithm: Algorithm = Algorithm.ES256, cipher: SealCipher = SealCipher.AES_256_GCM
) -> tuple[WantedKey, ...]:
    """The keys an installation of one region begins with: root, region key, alias key, master key, mark key, pepper."""
    return (
        WantedKey(name="root", kind=KeyKind.SIGNING, algorithm=algorithm),
        *keys_of_region(region, algorithm=algorithm),
        WantedKey(name=MASTER, kind=KeyKind.WRAPPING, cipher=cipher),
        WantedKey(name=ID_NUMBER_MARK, kind=KeyKind.MARKING, cipher=cipher),
        WantedKey(name=PEPPER, kind=KeyKind.MARKING, cipher=cipher),
    )


def region_key_name(region: str) -> str:
    """The name of the key that signs a region's certificates and status lists."""
    return f"region-{region}"


def alias_key_name(region: str) -> str:
    """The name of the secrets that seal a region's aliases."""
    return f"alias-{region}"


def split_key_name(name: str) -> tuple[str, str | None]:
    """A key's purpose and the region it is of, if it is of one: `region-990100` is of 990100, `tap-locator` of none."""
    purpose, _, region = name.rpartition("-")
    if purpose in ("region", "alias") and len(region) == 6 and region.isdigit():
        return purpose, region
    return name, None


def keys_of_region(region: str, *, algorithm: Algorithm = Algorithm.ES256) -> tuple[WantedKey, ...]:
    """The keys of one more region: `region-<code>` signs its certificates, `alias-<code>` seals its aliases."""
    return (
        WantedKey(name=region_key_name(region), kind=KeyKind.SIGNING, algorithm=algorithm),
        WantedKey(name=alias_key_name(region), kind=KeyKind.SECRET),
    )


class OpenDataKey:
    """One owner's data key, open in memory; destroying every copy of `wrapped` destroys what it sealed."""

    def __init__(self, data_key: bytes, *, wrapped: bytes, owner: UUID, ids: Ids) -> None:
        """Hold an opened key."""
        self._data_key = data_key
        self._wrapped = wrapped
        self._owner = owner
        self._ids = ids

    @property
    def wrapped(self) -> bytes:
        """The key, wrapped by the master key: the form in which it is stored."""
        return self._wrapped

    def seal(self, plain: bytes, *, field: str) -> bytes:
        """Seal a field; what is sealed opens only under the same name and owner."""
        return seal(self._data_key, plain, self._context(field), ids=self._ids)

    def open(self, sealed: bytes, *, field: str) -> bytes:
        """Open a sealed field; refuses with SEAL_DOES_NOT_OPEN when it was not sealed so."""
        return unseal(self._data_key, sealed, self._context(field))

    def _context(self, field: str) -> bytes:
        return self._owner.bytes + field.encode()


class KeyHolderVault:
    """Data keys, marks and passwords by the keys of a KeyHolder."""

    def __init__(self, holder: KeyHolder, ids: Ids, cipher: SealCipher = SealCipher.AES_256_GCM) -> None:
        """Use a holder's master key, mark key and pepper; `cipher` is for new data keys."""
        self._holder = holder
        self._ids = ids
        self._cipher = cipher

    def new_data_key(self, *, owner: UUID) -> OpenDataKey:
        """Make a data key for an owner."""
        data_key = new_data_key(self._ids, self._cipher)
        return self._opened(data_key, wrapped=self._holder.wrap(data_key, _owned_by(owner)), owner=owner)

    def seal_each(
        self, people: Sequence[tuple[UUID, Sequence[bytes]]], *, fields: Sequence[str]
    ) -> list[tuple[bytes, list[bytes]]]:
        """Seal the same fields of many owners, each under a new data key: the wrapped key, and the seals in order."""
        keys = new_data_keys(len(people), self._ids, self._cipher)
        named = [(key, owner.bytes, texts) for key, (owner, texts) in zip(keys, people, strict=True)]
        sealed = seal_rows(named, [field.encode() for field in fields], ids=self._ids)
        wrapped = self._holder.wrap_many([(key, _DATA_KEY_OF + owner) for key, owner, _ in named])
        return list(zip(wrapped, sealed, strict=True))

    def open_data_key(self, wrapped: bytes, *, owner: UUID) -> OpenDataKey:
        """Unwrap an owner's data key; refuses with SEAL_DOES_NOT_OPEN another's."""
        return self._opened(self._holder.unwrap(wrapped, _owned_by(owner)), wrapped=wrapped, owner=owner)

    def open_each(
        self, people: Sequence[tuple[UUID, bytes, Sequence[bytes]]], *, fields: Sequence[str]
    ) -> list[list[bytes]]:
        """Open the same fields of many owners, each with a wrapped key and the seals in the order of `fields`.

        Refuses with SEAL_DOES_NOT_OPEN all of them when one does not open.
        """
        keys = self._holder.unwrap_many([(wrapped, _owned_by(owner)) for owner, wrapped, _ in people])
        rows = [(key, owner.bytes, seals) for key, (owner, _, seals) in zip(keys, people, strict=True)]
        return unseal_rows(rows, [field.encode() for field in fields])

    def _opened(self, data_key: bytes, *, wrapped: bytes, owner: UUID) -> OpenDataKey:
        return OpenDataKey(data_key, wrapped=wrapped, owner=owner, ids=self._ids)

    def mark_id_number(self, id_number: str) -> bytes:
        """The mark of an ID number: 32 bytes, the same each time, meaningless without the key."""
        return self._holder.mark(ID_NUMBER_MARK, id_number.encode())

    def mark_id_numbers(self, id_numbers: Sequence[str]) -> list[bytes]:
        """The marks of several ID numbers, in their order."""
        return self._holder.mark_many(ID_NUMBER_MARK, [id_number.encode() for id_number in id_numbers])

    async def hash_password(self, password: str) -> str:
        """Hash a password with pepper and a fresh salt, in another thread."""
        salt = self._ids.random_bytes(SALT_BYTES)
        return await asyncio.to_thread(hash_password, self._peppered(password), salt)

    async def verify_password(self, password: str, *, password_hash: str) -> None:
        """Return when it is the password that was hashed; refuse with PASSWORD_DOES_NOT_MATCH otherwise."""
        await asyncio.to_thread(verify_password, self._peppered(password), password_hash)

    async def is_password(self, password: str, *, password_hash: str) -> bool:
        """Whether it is the password that was hashed, for callers that count attempts either way."""
        try:
            await self.verify_password(password, password_hash=password_hash)
        except Refused as refused:
            if refused.reason is not Reason.PASSWORD_DOES_NOT_MATCH:
                raise
            return False
        return True

    def _peppered(self, password: str) -> bytes:
        return self._holder.mark(PEPPER, password.encode())


def _owned_by(owner: UUID) -> bytes:
    return _DATA_KEY_OF + owner.bytes
