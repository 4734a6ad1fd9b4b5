"""HLS encryption, RFC 8216 section 5.2: AES-128 in CBC mode with PKCS #7 padding."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

BLOCK_BYTES = 16


class Decryption:
    """Decrypts one resource, piece by piece; the last block is kept back until the end is known."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        self._kept = b""

    def clear(self, data: bytes) -> bytes:
        """Return what `data` adds to the clear bytes."""
        clear = self._kept + self._decryptor.update(data)
        whole = max(0, (len(clear) - 1) // BLOCK_BYTES * BLOCK_BYTES)
        self._kept = clear[whole:]
        return clear[:whole]

    def rest(self, *, is_whole: bool) -> bytes:
        """Return the last bytes, without the padding where nothing broke off."""
        if not is_whole:
            return self._kept
        unpadder = PKCS7(8 * BLOCK_BYTES).unpadder()
        try:
            return unpadder.update(self._kept) + unpadder.finalize()
        except ValueError:  # some packagers encrypt without padding; a wrong key shows as no video
            return self._kept
