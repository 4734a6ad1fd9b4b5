"""Whom hypersight trusts over TLS."""

import subprocess
import sys

import certifi
import pytest
import trustme

_COUNTED = """
from hypersight_core.tls import http1_context, http2_context, new_context
for context in (http1_context(), http2_context(), new_context()):
    print(len(context.get_ca_certs()), "trustme" in str(context.get_ca_certs()))
"""


@pytest.mark.parametrize("is_named", [False, True])
def test_an_authority_of_ones_own_is_believed_besides_the_well_known_ones(tmp_path, monkeypatch, is_named):
    authority = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    if is_named:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    told = subprocess.run([sys.executable, "-c", _COUNTED], check=True, capture_output=True, text=True)

    well_known = certifi.contents().count("BEGIN CERTIFICATE")
    for line in told.stdout.splitlines():
        count, is_believed = line.split()
        assert int(count) >= well_known + is_named
        assert (is_believed == "True") == is_named
