//! TLS: the authorities to trust, and the client's certificate, read from files and checked before the first request.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::{
    address::Tls,
    error::{Error, ErrorKind},
};

/// How large a file with certificates may be.
const LARGEST: u64 = 4 << 20;

/// Returns the settings of TLS.
///
/// ureq panics at the first request if the client's certificate does not fit its key. So both are checked here.
pub(crate) fn settings(files: &Tls) -> Result<TlsConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let settings = TlsConfig::builder()
        .root_certs(authorities(&files.authorities)?)
        .unversioned_rustls_crypto_provider(Arc::clone(&provider));
    Ok(match &files.client {
        Some((cert, key)) => settings.client_cert(Some(client(cert, key, &provider)?)),
        None => settings,
    }
    .build())
}

/// Returns what the files contain, to notice that they were renewed.
pub(crate) fn contents(files: &Tls) -> Result<Vec<Vec<u8>>, Error> {
    let client = files.client.iter().flat_map(|(cert, key)| [cert, key]);
    let paths = [&files.authorities].into_iter().chain(client);
    paths.map(|path| read(path)).collect()
}

fn authorities(path: &Path) -> Result<RootCerts, Error> {
    let certificates = certificates(path)?;
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 {
        return Err(wrong(path, "no certificate in it can be used"));
    }
    Ok(RootCerts::new_with_certs(&owned(&certificates)))
}

fn client(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<ClientCert, Error> {
    let chain = certificates(cert)?;
    let text = read(key)?;
    let secret = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|_| wrong(key, "there is no private key in it, or an encrypted one"))?;
    CertifiedKey::from_der(chain.clone(), secret, provider)
        .map_err(|error| wrong(key, &format!("it does not fit {}: {error}", cert.display())))?;
    let secret = PrivateKey::from_pem(&text).map_err(|_| wrong(key, "no private key"))?;
    Ok(ClientCert::new_with_certs(&owned(&chain), secret))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| wrong(path, &error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong(
            path,
            "there is no certificate in it, in the form PEM",
        ));
    }
    Ok(certificates)
}

fn owned(certificates: &[CertificateDer<'static>]) -> Vec<Certificate<'static>> {
    let each = certificates.iter();
    each.map(|it| Certificate::from_der(it).to_owned())
        .collect()
}

/// Reads a file that the URL names.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let length = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !length.is_file() || length.len() > LARGEST {
        return Err(wrong(path, "it is no file, or larger than 4 MiB"));
    }
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    wrong(path, &format!("it cannot be read: {error}"))
}

pub(crate) fn wrong(path: &Path, why: &str) -> Error {
    let path = crate::error::excerpt(&path.display().to_string());
    Error::new(ErrorKind::Configuration, format!("{path}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.crt");
        let mut files = Tls {
            authorities: path.clone(),
            client: None,
        };
        let reason = |files: &Tls| settings(files).unwrap_err().to_string();
        assert!(reason(&files).contains("cannot be read"));
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, why) in [
            ("", "there is no certificate"),
            ("-----BEGIN CERTIFICATE-----\n!\n", "ca.crt: "),
            (damaged, "no certificate in it can be used"),
        ] {
            fs::write(&path, text).unwrap();
            assert!(reason(&files).contains(why), "{}", reason(&files));
            assert!(reason(&files).contains("ca.crt"));
        }
        files.authorities = folder.path().to_owned();
        assert!(reason(&files).contains("no file"));
    }
}
