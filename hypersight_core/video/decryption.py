"""HLS encryption, RFC 8216 section 5.2: AES-128 in CBC mode with PKCS #7 padding."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

BLOCK_BYTES = 16


def decrypted(data: bytes, key: bytes, iv: bytes, *, is_whole: bool) -> bytes:
    """Return the clear bytes; of data that broke off, those of the whole blocks."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    clear = decryptor.update(data[: len(data) // BLOCK_BYTES * BLOCK_BYTES])
    if not is_whole:
        return clear
    unpadder = PKCS7(8 * BLOCK_BYTES).unpadder()
    try:
        return unpadder.update(clear) + unpadder.finalize()
    except ValueError:  # some packagers encrypt without padding; a wrong key shows when no video comes out
        return clear
